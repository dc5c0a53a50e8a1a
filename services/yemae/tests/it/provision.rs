//! `yemae provision`: the one who may make the stream.

use crate::rig::{directory, terminate, yemae};
use crate::served::Broker;
use async_nats::jetstream::{self, stream::Config};
use std::process::{Child, Stdio};
use std::time::Duration;

/// `yemae provision --stay`, until it is dropped.
struct Staying(Child);

impl Drop for Staying {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How the stream is kept, once it is so.
async fn kept(js: &jetstream::Context, what: &str, is: impl Fn(&Config) -> bool) {
    let looking = async {
        loop {
            if let Ok(stream) = js.get_stream("YEMAE").await
                && is(&stream.cached_info().config)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), looking).await;
    found.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

#[tokio::test]
async fn who_stays_brings_the_stream_up_to_date_and_makes_it_again() {
    let data = directory();
    let broker = Broker::start(data.path());
    let js = jetstream::new(async_nats::connect(&broker.url).await.unwrap());
    kept(&js, "it was made without a bound", |stream| {
        stream.max_bytes == -1
    })
    .await;
    let child = yemae()
        .args(["provision", "--stay"])
        .env("NATS_URL", &broker.url)
        .env("YEMAE_STREAM_MAX_BYTES", "10000000")
        .stdout(Stdio::null())
        .spawn();
    let mut staying = Staying(child.unwrap());
    let bounded = |stream: &Config| stream.max_bytes == 10_000_000;
    kept(&js, "it has its bound", bounded).await;
    js.delete_stream("YEMAE").await.unwrap();
    kept(&js, "it is there again", bounded).await;
    terminate(staying.0.id());
    assert!(staying.0.wait().unwrap().success());
}

#[test]
fn what_the_broker_cannot_keep_is_said_by_the_name_of_the_setting() {
    for (name, value) in [
        ("YEMAE_STREAM_REPLICAS", "7"),
        ("YEMAE_STREAM_REPLICAS", "three"),
        ("YEMAE_STREAM_MAX_BYTES", "0"),
        ("YEMAE_STREAM_MAX_BYTES", "10GiB"),
    ] {
        let mut provision = yemae();
        let provision = provision.arg("provision").env(name, value);
        let ended = provision.env("NATS_URL", "nats://127.0.0.1:1").output();
        let ended = ended.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("{name} is {value}")), "{said}");
    }
}
