//! `yemae up | less`, and nobody pages on: what cannot be printed waits, and nothing waits for it.

use crate::play::{Load, audit};
use crate::rig::{Up, directory, wait_for, yemae};
use std::io::{BufRead, BufReader, PipeWriter, Write, pipe};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

fn start(data: &Path, stdout: &PipeWriter) -> Child {
    yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(stdout.try_clone().unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// From now on there is no room in the pipe. It ends with the reader.
fn fill(mut pipe: PipeWriter) -> JoinHandle<()> {
    std::thread::spawn(move || while pipe.write_all(&[b'.'; 4096]).is_ok() {})
}

/// Where a mesh listens, as it wrote it down.
fn listens(data: &Path) -> String {
    let lock = std::fs::read(data.join("lock")).unwrap();
    let running: serde_json::Value = serde_json::from_slice(&lock).unwrap();
    running["grpc"].as_str().unwrap().to_owned()
}

#[test]
fn real_mesh_whose_output_nobody_reads_goes_on_and_stops() {
    let (data, beside) = (directory(), directory());
    let (reader, writer) = pipe().unwrap();
    let child = start(data.path(), &writer);
    let mut reader = BufReader::new(reader);
    let mut ready = String::new();
    reader.read_line(&mut ready).unwrap();
    let (_, grpc) = ready.split_once("gRPC with reflection on ").unwrap();
    let grpc = grpc.split_whitespace().next().unwrap().to_owned();
    let up = Up::adopt(data.path(), grpc, child);
    let full = fill(writer.try_clone().unwrap());

    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 16, 12);
    load.wait_for_booked(300);
    load.kill();
    up.ok(&["status"]);
    assert!(up.stop(), "it drained");

    // So it begins, with hundreds of notifications that were not printed: not even that it is ready can be said.
    let child = start(data.path(), &writer);
    let mut up = Up::adopt(data.path(), String::new(), child);
    wait_for("the mesh to be there", || {
        up.run(&["status"]).status.success().then_some(())
    });
    up.grpc = listens(data.path());
    let load_again = beside.path().join("again.jsonl");
    let mut load = Load::start(&up, &load_again, 4, 13);
    load.wait_for_booked(20);
    load.kill();
    assert!(up.stop(), "it drained");
    drop((reader, writer));
    full.join().unwrap();

    // Nothing was lost by it.
    let up = Up::on_files(data.path(), &[]);
    audit(&up, &[history, load_again]);
    assert!(up.stop(), "it drained");
}
