//! What can be typed is told by the program itself.

use crate::rig::yemae;

#[test]
fn every_command_explains_its_flags() {
    let reach = ["--server", "--data", "--token-file"];
    let commands: [(&str, &[&str]); 16] = [
        (
            "up",
            &[
                "--data",
                "--listen",
                "--demo",
                "--processes",
                "--without",
                "--nats-server",
            ],
        ),
        ("serve", &["<NAME>"]),
        ("config", &["[NAME]", "--json", "--page", "--metrics"]),
        ("migrate", &["<NAME>", "environment"]),
        ("backup", &["<DIR>", "--data", "private keys", "outboxes"]),
        ("restore", &["<DIR>", "--data"]),
        ("token", &["--role", "--hours", "--data", "<SUBJECT>"]),
        (
            "call",
            &[
                "--as", "--role", "<METHOD>", "[JSON]", reach[0], reach[1], reach[2],
            ],
        ),
        ("demo", &["cinema", "all", reach[0], reach[1], reach[2]]),
        (
            "load",
            &[
                "--system",
                "--seconds",
                "--clients",
                "--seed",
                "--just-book",
                "--rate",
                "--in-flight",
                "--sweep",
                "--capacity",
                "--svg",
                "--siege",
                "--history",
                "--json",
                reach[0],
            ],
        ),
        (
            "audit",
            &[
                "--history",
                "--quiet",
                "--wait",
                "--without",
                "--json",
                "--data",
            ],
        ),
        ("dead-letters", &["list", "show", "redrive", "discard"]),
        ("order", &["--json", "--data", "<ID>"]),
        (
            "rebuild",
            &[
                "mypage", "--wait", "--json", "equal", "differ", reach[0], reach[1], reach[2],
            ],
        ),
        (
            "republish",
            &[
                "<CONTEXT>",
                "--after",
                "--wait",
                "--json",
                "a day",
                reach[0],
                reach[1],
                reach[2],
            ],
        ),
        ("status", &["--json", reach[0], reach[1], reach[2]]),
    ];
    let help = |arguments: &[&str]| {
        let output = yemae().args(arguments).arg("--help").output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help(&[]);
    for (command, flags) in commands {
        assert!(all.contains(&format!("\n  {command} ")), "{command}: {all}");
        let said = help(&[command]);
        for flag in flags {
            assert!(said.contains(flag), "{command} {flag}: {said}");
        }
    }
    assert!(!all.contains("guard"), "{all}");
}
