//! Databases of other versions, and bringing them up to date.

use crate::cli::assert_fault;
use crate::rig::{Up, directory, root, yemae};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use mesh::Db;
use mesh::store::Url;
use std::path::Path;

fn open(data: &Path, context: &str) -> Db {
    let file = data.join("db").join(format!("{context}.sqlite"));
    Db::open(&Url(file.display().to_string())).unwrap()
}

fn up(data: &Path) -> std::process::Output {
    yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .output()
        .unwrap()
}

#[test]
fn an_older_binary_refuses_and_names_the_newer() {
    let beside = directory();
    let data = beside.path().join("data");
    assert!(Up::on_files(&data, &[]).stop(), "it drained");
    let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('payment9999')";
    diesel::sql_query(later)
        .execute(&mut open(&data, "payment"))
        .unwrap();
    std::fs::write(data.join("version.json"), r#"{"yemae": "9.9.9"}"#).unwrap();
    let own = env!("CARGO_PKG_VERSION");
    let says = ["payment9999", "yemae 9.9.9", own];
    assert_fault(&up(&data), 2, &says);

    // So does whoever restores a copy of it.
    let backup = beside.path().join("backup");
    let made = yemae()
        .arg("backup")
        .arg(&backup)
        .arg("--data")
        .arg(&data)
        .status();
    assert!(made.unwrap().success());
    let restored = beside.path().join("restored");
    let refused = yemae()
        .arg("restore")
        .arg(&backup)
        .arg("--data")
        .arg(&restored)
        .output();
    assert_fault(&refused.unwrap(), 2, &says);
}

#[test]
fn a_newer_binary_migrates_after_a_copy() {
    let beside = directory();
    let data = beside.path().join("data");
    assert!(Up::on_files(&data, &[]).stop(), "it drained");
    // Back to how it was before its last migration.
    let last = "services/payment/migrations/payment-0002_simulator/down.sql";
    let down = std::fs::read_to_string(root().join(last)).unwrap();
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = 'payment0002'";
    open(&data, "payment")
        .batch_execute(&format!("{down};{forget}"))
        .unwrap();
    std::fs::write(data.join("version.json"), r#"{"yemae": "0.0.9"}"#).unwrap();

    let newer = Up::on_files(&data, &[]);
    let (said, own) = (newer.said(), env!("CARGO_PKG_VERSION"));
    assert!(
        said.contains(&format!("from version 0.0.9 to {own}")),
        "{said}"
    );
    let story = newer.ok(&["demo", "cinema"]);
    assert!(story.contains("came true"), "{story}");
    assert!(newer.stop(), "it drained");
    let version = std::fs::read_to_string(data.join("version.json")).unwrap();
    assert!(version.contains(own), "{version}");

    let copies = || {
        let entries = std::fs::read_dir(&data).unwrap().flatten();
        let copies = entries.map(|entry| entry.path()).filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("before-"))
        });
        copies.collect::<Vec<_>>()
    };
    let copy = copies();
    assert_eq!(copy.len(), 1, "{copy:?}");
    let restored = beside.path().join("restored");
    let output = yemae()
        .arg("restore")
        .arg(&copy[0])
        .arg("--data")
        .arg(&restored)
        .output();
    assert!(output.unwrap().status.success());
    let old = "SELECT 1 FROM __diesel_schema_migrations WHERE version = 'payment0002'";
    let found = diesel::sql_query(old).execute(&mut open(&restored, "payment"));
    assert_eq!(found.unwrap_or_default(), 0, "the copy is of before");

    // Once is enough.
    assert!(Up::on_files(&data, &[]).stop(), "it drained");
    assert_eq!(copies(), copy);
}

#[test]
fn migrate_says_what_it_did() {
    let data = directory();
    let migrate = |names: &[&str]| {
        let mut command = yemae();
        command.arg("migrate").args(names);
        for context in ["PAYMENT", "MYPAGE"] {
            let file = data.path().join(format!("{context}.sqlite"));
            command.env(format!("YEMAE_{context}__DATABASE_URL"), file);
        }
        command.output().unwrap()
    };
    let said = |names: &[&str]| {
        let output = migrate(names);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let first = said(&["payment", "mypage"]);
    for part in [
        "payment ",
        "mypage ",
        "sqlite",
        "mesh0001",
        "payment0001",
        "mypage0001",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let second = said(&["payment", "mypage"]);
    assert_eq!(second.matches("was up to date").count(), 2, "{second}");
    assert_fault(&migrate(&["paymnet"]), 2, &["paymnet", "payment"]);
    assert_fault(
        &migrate(&["payment", "cinema-movie"]),
        2,
        &["YEMAE_CINEMA_MOVIE__DATABASE_URL"],
    );
}
