//! `up --processes`: where each child is, and what it is called.

use crate::cli::assert_fault;
use crate::play::{context, send};
use crate::rig::{Up, directory, wait_for, yemae};
use crate::served::free;
use crate::stores;
use crate::telemetry::pages;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

/// What a child was told: "--listen=" and the like.
fn told(pid: Pid, flag: &str) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let line = String::from_utf8(line).unwrap();
    let word = line.split('\0').find_map(|word| word.strip_prefix(flag));
    word.unwrap().to_owned()
}

#[test]
fn a_child_whose_ports_are_taken_is_moved() {
    let data = directory();
    let asked = free().to_string();
    let variables = [("YEMAE_MYPAGE__METRICS_LISTEN", &*asked)];
    let up = Up::start_with(data.path(), &["--processes", "--demo"], &variables);
    // The one was told where its metrics are to be, the other was not.
    for name in ["payment", "mypage"] {
        let child = context(&up, name).unwrap();
        let (at, metrics) = (told(child, "--listen="), told(child, "--metrics="));
        assert_eq!(metrics == asked, name == "mypage");
        assert!(send(child, Signal::SIGKILL));
        let _taken = wait_for("its port to be free", || TcpListener::bind(&at).ok());
        let _taken = wait_for("its page to be gone", || TcpListener::bind(&metrics).ok());
        let other = wait_for("it to be started again", || {
            context(&up, name).filter(|pid| *pid != child)
        });
        assert_ne!(told(other, "--listen="), at);
        let moved = told(other, "--metrics=");
        assert_ne!(moved, metrics);
        wait_for("everybody to be ready", || {
            up.run(&["status"]).status.success().then_some(())
        });
        assert_eq!(pages::addresses(data.path())[name], moved);
    }
    let story = up.ok(&["demo", "cinema"]);
    assert!(story.contains("The story came true."), "{story}");
    assert!(up.stop(), "it drained");
}

#[test]
fn each_has_its_page_where_it_was_asked_for_and_a_name_of_its_own() {
    let data = directory();
    let at = free().to_string();
    let variables = [
        ("YEMAE_PAYMENT__METRICS_LISTEN", &*at),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let up = Up::start_with(data.path(), &["--processes"], &variables);
    let addresses = pages::addresses(data.path());
    assert_eq!(addresses["payment"], at);
    for (process, name) in [
        ("payment", "shop-payment"),
        ("mypage", "shop-mypage"),
        ("yemae", "shop"),
    ] {
        let page = wait_for("its page", || {
            let page = pages::get(&addresses[process], "/metrics");
            page.contains("service_name=").then_some(page)
        });
        let named = format!("service_name=\"{name}\"");
        assert!(page.contains(&named), "{process}: {page}");
    }
    assert!(up.stop(), "it drained");

    let taken = TcpListener::bind(&at).unwrap();
    let output = up_fails(data.path(), &at);
    drop(taken);
    assert_fault(
        &output,
        3,
        &[&at, "YEMAE_PAYMENT__METRICS_LISTEN", "payment"],
    );
}

fn up_fails(data: &Path, at: &str) -> Output {
    let mut up = yemae();
    up.args(["up", "--processes", "--listen", "127.0.0.1:0", "--data"]);
    up.arg(data).envs(stores::environment(data));
    up.env("YEMAE_PAYMENT__METRICS_LISTEN", at);
    up.output().unwrap()
}
