//! F4 to F6: the broker away, killed again and again, and its store wiped. Orders go on without it, and everything is said
//! once it is back.

use crate::play::{Load, audit, broker, in_full, send};
use crate::rig::{Up, directory, wait_for};
use nix::sys::signal::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A broker that does not start while a file lies beside it.
struct Broker {
    program: PathBuf,
    away: PathBuf,
}

impl Broker {
    fn at(place: &Path) -> Self {
        let program = place.join("nats-server");
        let away = place.join("away");
        let real = crate::rig::root().join(".tools/bin/nats-server");
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] || [ ! -e '{}' ] || exit 1\nexec '{}' \"$@\"\n",
            away.display(),
            real.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { program, away }
    }

    fn goes_away(&self, up: &Up) {
        std::fs::write(&self.away, "").unwrap();
        assert!(send(broker(up).unwrap(), Signal::SIGKILL));
    }

    fn comes_back(&self, up: &Up) {
        std::fs::remove_file(&self.away).unwrap();
        wait_for("the broker to be back", || broker(up));
    }
}

/// Unpublished events of all contexts, as `yemae status` tells it.
fn unpublished(up: &Up) -> i64 {
    let told: serde_json::Value = serde_json::from_str(&up.ok(&["status", "--json"])).unwrap();
    let contexts = told.as_array().unwrap().iter();
    contexts
        .map(|context| context["outbox_waiting"].as_i64().unwrap())
        .sum()
}

#[test]
fn real_broker_away() {
    let away = Duration::from_secs(if in_full() { 30 } else { 8 });
    let (data, beside) = (directory(), directory());
    let broker = Broker::at(beside.path());
    let program = broker.program.to_str().unwrap().to_owned();
    let up = Up::start(data.path(), &["--nats-server", &program]);
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 16, 4);
    load.wait_for_booked(20);

    broker.goes_away(&up);
    let (gone, booked) = (Instant::now(), load.booked());
    load.wait_for_booked(booked + 50);
    assert!(unpublished(&up) > 50, "the outboxes wait");
    while gone.elapsed() < away {
        load.wait_for_booked(load.booked() + 1);
    }
    let meanwhile = load.booked() - booked;
    load.kill();
    let waiting = unpublished(&up);
    assert!(waiting > 50, "the outboxes wait: {waiting}");

    let back = Instant::now();
    broker.comes_back(&up);
    wait_for("everything to be said", || {
        (unpublished(&up) == 0).then_some(())
    });
    let said = back.elapsed();
    audit(&up, &[history]);
    eprintln!(
        "{meanwhile} booked while the broker was away for {away:?}, {waiting} events waited; said {said:?} after, clean {:?} after",
        back.elapsed()
    );
    assert!(up.stop(), "it drained");
}

#[test]
fn real_broker_killed_again_and_again() {
    let kills = if in_full() { 10 } else { 5 };
    let (data, beside) = (directory(), directory());
    let up = Up::start(data.path(), &[]);
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 16, 5);
    for _ in 0..kills {
        load.wait_for_booked(load.booked() + 40);
        let victim = wait_for("a broker", || broker(&up));
        assert!(send(victim, Signal::SIGKILL));
        wait_for("the next broker", || {
            broker(&up).filter(|next| *next != victim)
        });
    }
    load.wait_for_booked(load.booked() + 40);
    let booked = load.booked();
    load.kill();
    let begun = Instant::now();
    audit(&up, &[history]);
    eprintln!(
        "{booked} booked over {kills} kills; clean {:?} after",
        begun.elapsed()
    );
    assert!(up.stop(), "it drained");
}

#[test]
fn real_broker_store_wiped() {
    let (data, beside) = (directory(), directory());
    let broker = Broker::at(beside.path());
    let program = broker.program.to_str().unwrap().to_owned();
    let up = Up::start(data.path(), &["--nats-server", &program]);
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 16, 6);
    load.wait_for_booked(100);
    broker.goes_away(&up);
    load.wait_for_booked(load.booked() + 20);
    std::fs::remove_dir_all(data.path().join("nats")).unwrap();
    let back = Instant::now();
    broker.comes_back(&up);
    load.wait_for_booked(load.booked() + 40);
    load.kill();
    audit(&up, &[history]);
    eprintln!("clean {:?} after", back.elapsed());
    assert!(up.stop(), "it drained");
}
