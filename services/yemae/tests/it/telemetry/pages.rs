//! What Prometheus would read of a mesh.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What an address answers to `GET` of a path.
pub fn get(at: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Where each process of the mesh on `data` has its page.
pub fn addresses(data: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read(data.join("metrics.json")).unwrap();
    let targets: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let target = |target: &serde_json::Value| {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (
            text(&target["labels"]["process"]),
            text(&target["targets"][0]),
        )
    };
    targets.as_array().unwrap().iter().map(target).collect()
}

/// The pages of all of them together.
pub fn all(data: &Path) -> String {
    let addresses = addresses(data);
    let pages = addresses.values().map(|at| {
        let answer = get(at, "/metrics");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    });
    pages.collect()
}

/// The sum of a metric's samples that have all these labels; none when there are none.
pub fn sum(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let has = |line: &&str| {
        let own = line.strip_prefix(name);
        own.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels
                .iter()
                .all(|(key, value)| line.contains(&format!("{key}=\"{value}\"")))
    };
    let values = page
        .lines()
        .filter(has)
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap());
    values.reduce(|left, right| left + right)
}
