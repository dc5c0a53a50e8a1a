//! The page that Prometheus reads.

use super::story;
use mesh::telemetry::{Kind, METRICS};
use std::collections::{BTreeMap, HashSet};

/// What did not happen in the story.
const NOTHING_HAPPENED: &[&str] = &["yemae.outbox.trouble"];

#[derive(Default)]
struct Page {
    kinds: BTreeMap<String, String>,
    /// Name, labels, value.
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// Reads a page as strictly as its format is written down.
fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let mut series = HashSet::new();
    let is_name = |name: &str| {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        !name.is_empty() && name.chars().all(fine) && !name.starts_with(|c: char| c.is_numeric())
    };
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name) = (words.next().unwrap(), words.next().unwrap());
            assert!(is_name(name), "{line}");
            if what == "TYPE" {
                let kind = words.next().unwrap().to_owned();
                assert!(
                    ["counter", "gauge", "histogram"].contains(&&*kind),
                    "{line}"
                );
                assert!(
                    page.kinds.insert(name.to_owned(), kind).is_none(),
                    "twice: {line}"
                );
            } else {
                assert_eq!(what, "HELP", "{line}");
            }
            continue;
        }
        assert!(
            series.insert(line.rsplit_once(' ').unwrap().0),
            "twice: {line}"
        );
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        assert!(is_name(name), "{line}");
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ").unwrap(),
            None => ("", rest.trim_start()),
        };
        let mut read = BTreeMap::new();
        // No value here has a quote or a comma in it.
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').unwrap();
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            assert!(is_name(key), "{line}");
            read.insert(key.to_owned(), value.unwrap().to_owned());
        }
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        page.samples.push((name.to_owned(), read, value));
    }
    page
}

impl Page {
    /// The one sample of this name with these labels.
    fn one(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |found: &BTreeMap<String, String>| {
            labels
                .iter()
                .all(|(key, value)| found.get(*key).map(String::as_str) == Some(value))
        };
        let found: Vec<_> = self
            .samples
            .iter()
            .filter(|(own, all, _)| own == name && has(all))
            .collect();
        assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
        found[0].2
    }
}

/// The story's own, which are short, and any that `mesh::id` makes.
fn has_id(value: &str) -> bool {
    let words = value.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let mut words = words.map(|word| word.split('-').map(str::len).collect::<Vec<_>>());
    value.contains("0197") || words.any(|lengths| lengths.ends_with(&[8, 4, 4, 4, 12]))
}

#[test]
fn an_id_is_found_wherever_it_stands() {
    let id = mesh::id::new();
    for value in [id.clone(), format!("charge:{id}:1"), format!("of {id}")] {
        assert!(has_id(&value), "{value}");
    }
    assert!(!has_id("yemae.payment.v1.PaymentService/Approve"));
}

#[tokio::test]
async fn every_metric_is_on_the_page_and_the_page_is_well_formed() {
    let Some(heard) = story().await else { return };
    let page = parse(&heard.page);
    let happened = METRICS
        .iter()
        .filter(|metric| !NOTHING_HAPPENED.contains(&metric.name));
    for metric in happened {
        let (name, kind) = (metric.prometheus(), metric.kind);
        let told = page
            .kinds
            .get(&name)
            .unwrap_or_else(|| panic!("no {name}:\n{}", heard.page));
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Histogram(_) => "histogram",
            Kind::Gauge | Kind::Worst => "gauge",
        };
        assert_eq!(told, kind, "{name}");
        // By what the table says and nothing else.
        let allowed: Vec<_> = metric
            .attributes
            .iter()
            .map(|key| key.replace(['.'], "_"))
            .collect();
        for (own, labels, _) in &page.samples {
            if own
                .strip_prefix(&*name)
                .is_some_and(|rest| ["", "_sum", "_count", "_bucket"].contains(&rest))
            {
                let foreign = labels
                    .keys()
                    .find(|key| *key != "le" && !allowed.contains(key));
                assert_eq!(foreign, None, "{own}");
                let id = labels.values().find(|value| has_id(value));
                assert_eq!(id, None, "an id in {own}");
            }
        }
    }
    histograms_add_up(&page);

    let hold = [
        (
            "rpc_method",
            "yemae.cinema.theater.v1.TheaterService/HoldSeats",
        ),
        ("rpc_response_status_code", "OK"),
    ];
    assert_eq!(
        page.one("rpc_server_call_duration_seconds_count", &hold),
        1.0
    );
    assert_eq!(
        page.one("rpc_client_call_duration_seconds_count", &hold),
        1.0
    );
    let mypage = [("yemae_context", "mypage")];
    assert_eq!(page.one("yemae_consumer_pending", &mypage), 0.0);
    assert_eq!(page.one("yemae_consumer_retries_total", &mypage), 1.0);
    assert_eq!(page.one("yemae_dead_letters", &mypage), 0.0);
    assert_eq!(
        page.one(
            "yemae_outbox_unpublished",
            &[("yemae_context", "cinema-theater")]
        ),
        0.0
    );
    assert_eq!(
        page.one(
            "messaging_client_sent_messages_total",
            &[("yemae_context", "cinema-theater")]
        ),
        1.0
    );
    assert_eq!(
        page.one("yemae_task_failures_total", &[("yemae_task_kind", "tell")]),
        1.0
    );
    // Of the two stacks to it the one that is worse off.
    assert_eq!(
        page.one("yemae_breaker_state", &[("server_address", "payment")]),
        2.0
    );
    assert_eq!(
        page.one(
            "yemae_breaker_opened_total",
            &[("server_address", "payment")]
        ),
        1.0
    );
    assert_eq!(
        page.one(
            "yemae_rpc_client_refused_total",
            &[("yemae_reason", "CIRCUIT_OPEN")]
        ),
        3.0
    );
    assert_eq!(
        page.one(
            "yemae_rpc_server_shed_total",
            &[("yemae_reason", "OVERLOADED")]
        ),
        1.0
    );
    assert_eq!(
        page.one(
            "yemae_saga_attempt_duration_seconds_count",
            &[("yemae_reason", "SEATS_TAKEN")]
        ),
        1.0
    );
    assert_eq!(page.one("target_info", &[("service_name", "yemae")]), 1.0);
}

fn histograms_add_up(page: &Page) {
    for (name, labels, count) in &page.samples {
        let Some(base) = name.strip_suffix("_count") else {
            continue;
        };
        let bucket = format!("{base}_bucket");
        let of_it = page.samples.iter().filter(|(own, found, _)| {
            *own == bucket
                && labels
                    .iter()
                    .all(|(key, value)| found.get(key) == Some(value))
                && found.len() == labels.len() + 1
        });
        let mut buckets: Vec<(f64, f64)> = of_it
            .map(|(_, found, value)| (found["le"].parse().unwrap(), *value))
            .collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(
            buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1),
            "{name} {buckets:?}"
        );
        let last = buckets.last().unwrap();
        assert!(
            last.0.is_infinite() && last.1 == *count,
            "{name} {buckets:?}"
        );
    }
}

#[tokio::test]
async fn the_endpoint_serves_the_page_and_says_whether_the_process_lives() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let live = Arc::new(AtomicBool::new(true));
    let stop = tokio_util::sync::CancellationToken::new();
    let is_live = {
        let live = live.clone();
        move || live.load(Ordering::SeqCst)
    };
    let ready = Arc::new(AtomicBool::new(true));
    let is_ready = {
        let ready = ready.clone();
        move || ready.load(Ordering::SeqCst)
    };
    let serving = mesh::telemetry::serve(listener, is_live, is_ready, stop.clone());
    let serving = mesh::task::detach(serving);
    let ask = async |what: &str| {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
        let request = format!("{what} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let page = ask("GET /metrics").await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("version=0.0.4"),
        "{page}"
    );
    let healthy = ask("GET /healthz").await;
    assert!(
        healthy.starts_with("HTTP/1.1 200 ") && healthy.ends_with("ok\n"),
        "{healthy}"
    );
    assert!(ask("POST /metrics").await.starts_with("HTTP/1.1 405 "));
    assert!(ask("GET /").await.starts_with("HTTP/1.1 404 "));
    assert!(ask("GET /readyz").await.starts_with("HTTP/1.1 200 "));
    ready.store(false, Ordering::SeqCst);
    assert!(ask("GET /readyz").await.starts_with("HTTP/1.1 503 "));
    assert!(ask("GET /healthz").await.starts_with("HTTP/1.1 200 "));
    ready.store(true, Ordering::SeqCst);
    live.store(false, Ordering::SeqCst);
    for path in ["/healthz", "/readyz"] {
        let stopping = ask(&format!("GET {path}")).await;
        assert!(stopping.starts_with("HTTP/1.1 503 "), "{stopping}");
    }
    stop.cancel();
    serving.await.unwrap();
}
