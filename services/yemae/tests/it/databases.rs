//! Where the contexts have their databases: brought up to date, never shared, and never another one unsaid.

use crate::cli::assert_fault;
use crate::rig::{Up, directory, root, wait_for, yemae};
use crate::stores::{CONTEXTS, Databases, PASSWORD};
use crate::telemetry::pages;
use diesel::connection::SimpleConnection;
use mesh::store::Url;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn migrate(url: &str) -> Command {
    let mut command = yemae();
    command.arg("migrate").args(CONTEXTS);
    command.env("YEMAE_DATABASE_URL", url);
    command
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn postgres_is_brought_up_to_date_once_whoever_else_does_so() {
    let databases = Databases::new();
    let url = databases.url();
    let begin = || migrate(&url).stdout(Stdio::piped()).spawn().unwrap();
    let both = [begin(), begin()];
    for one in both {
        let first = said(one.wait_with_output().unwrap());
        assert_eq!(
            first.matches(" postgres ").count(),
            CONTEXTS.len(),
            "{first}"
        );
    }
    let again = said(migrate(&url).output().unwrap());
    assert_eq!(
        again.matches("was up to date").count(),
        CONTEXTS.len(),
        "{again}"
    );

    let fresh = Databases::new();
    let fresh = said(migrate(&fresh.url()).output().unwrap());
    for part in ["mesh0001", "payment0001", "mypage0001", "ticket0001"] {
        assert!(fresh.contains(part), "{part}: {fresh}");
    }
}

fn run(arguments: &[&str], data: &Path, url: &str) -> Output {
    let mut command = yemae();
    command.args(arguments).arg("--data").arg(data);
    command.env("YEMAE_DATABASE_URL", url).output().unwrap()
}

const UP: [&str; 3] = ["up", "--listen", "127.0.0.1:0"];

#[test]
fn a_data_directory_keeps_to_its_databases() {
    let (databases, data) = (Databases::new(), directory());
    let url = databases.url();
    let more = [("YEMAE_DATABASE_URL", url.as_str())];
    let up = Up::on_files_but(data.path(), &["--demo"], &more);
    let status = up.ok(&["status", "--json"]);
    assert_eq!(
        status.matches("\"postgres\"").count(),
        CONTEXTS.len(),
        "{status}"
    );
    assert!(up.stop(), "it drained");
    let kept = std::fs::read_to_string(data.path().join("version.json")).unwrap();
    assert!(kept.contains("postgres://***@"), "{kept}");
    assert!(!kept.contains(PASSWORD), "{kept}");

    // Back to how it was before its last migration.
    let last = "services/payment/migrations/payment-0002_simulator/down.sql";
    let down = std::fs::read_to_string(root().join(last)).unwrap();
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = 'payment0002'";
    let payments = Url(url.replace("{context}", "payment"));
    let mut db = mesh::Db::open(&payments).unwrap();
    db.batch_execute(&format!("{down};{forget}")).unwrap();
    drop(db);
    let up = Up::on_files_but(data.path(), &[], &more);
    let said = up.said();
    assert!(said.contains("brings payment up to"), "{said}");
    assert!(said.contains("no copy is kept"), "{said}");
    assert!(up.stop(), "it drained");

    // Without the setting nobody begins on empty files, or calls nothing clean.
    let missing = ["cinema-movie", "postgres://***@", "YEMAE_DATABASE_URL"];
    for arguments in [&UP[..], &["audit"], &["order", &mesh::id::new()]] {
        assert_fault(&run(arguments, data.path(), ""), 2, &missing);
    }
    let backup = data.path().join("backup");
    let backup = ["backup", backup.to_str().unwrap()];
    assert_fault(&run(&backup, data.path(), ""), 2, &["PostgreSQL"]);

    // Nor on other ones, where there is nothing.
    let others = Databases::new();
    for arguments in [&UP[..], &["audit"]] {
        let moved = ["cinema-movie", "postgres://***@", "has its database at"];
        assert_fault(&run(arguments, data.path(), &others.url()), 2, &moved);
    }
    assert!(
        Up::on_files_but(data.path(), &[], &more).stop(),
        "it is as it was"
    );

    let files = directory();
    assert!(Up::on_files(files.path(), &[]).stop(), "it drained");
    let two = ["cinema-movie.sqlite", "unset it", "--data"];
    for arguments in [&UP[..], &["audit"]] {
        assert_fault(&run(arguments, files.path(), &url), 2, &two);
    }
}

#[test]
fn a_backup_says_what_is_not_in_it() {
    let (databases, data, beside) = (Databases::new(), directory(), directory());
    let payments = databases.url().replace("{context}", "payment");
    let more = [("YEMAE_PAYMENT__DATABASE_URL", payments.as_str())];
    let up = Up::on_files_but(data.path(), &[], &more);
    up.ok(&["demo", "cinema"]);
    up.ok(&["audit", "--quiet"]);
    let backup = beside.path().join("backup");
    let told = up.ok(&["backup", backup.to_str().unwrap()]);
    let files = format!("{} databases", CONTEXTS.len() - 1);
    assert!(told.contains(&files), "{told}");
    assert!(told.contains("NOT in it: payment"), "{told}");
    assert!(!told.contains(PASSWORD), "{told}");
    assert!(up.stop(), "it drained");

    let restored = beside.path().join("restored");
    let backup = ["restore", backup.to_str().unwrap()];
    said(run(&backup, &restored, ""));
    let missing = ["payment", "postgres://***@"];
    assert_fault(&run(&UP, &restored, ""), 2, &missing);
}

#[test]
fn a_database_is_of_one_context() {
    let (databases, data) = (Databases::new(), directory());
    let payments = databases.url().replace("{context}", "payment");
    let shared = ["cinema-movie and cinema-theater", "{context}"];
    assert_fault(&run(&UP, data.path(), &payments), 2, &shared);
    assert_fault(&migrate(&payments).output().unwrap(), 2, &shared);

    said(migrate(&databases.url()).output().unwrap());
    let mut command = yemae();
    command.args(["migrate", "mypage"]);
    command.env("YEMAE_DATABASE_URL", &payments);
    let foreign = command.output().unwrap();
    assert_fault(&foreign, 2, &["payment's", "mypage's", "postgres://***@"]);

    let nowhere = databases.url().replace("own-", "none-");
    let output = run(&UP, data.path(), &nowhere);
    assert_fault(&output, 3, &["cinema-movie", "createdb"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains(PASSWORD), "{said}");
}

/// As a supervisor or a balancer asks, which speaks no gRPC.
#[test]
fn the_page_of_up_says_whether_every_store_answers() {
    let (databases, data) = (Databases::new(), directory());
    let payments = databases.of("payment").0;
    let more = [("YEMAE_PAYMENT__DATABASE_URL", payments.as_str())];
    let up = Up::on_files_but(data.path(), &[], &more);
    let page = &pages::addresses(data.path())["yemae"];
    let answers = |status: &str| {
        wait_for(status, || {
            let said = pages::get(page, "/readyz");
            said.starts_with(&format!("HTTP/1.1 {status} "))
                .then_some(())
        });
    };
    answers("200");
    let database = payments.rsplit('/').next().unwrap();
    let mut db = mesh::Db::open(&databases.of("mypage")).unwrap();
    db.batch_execute(&format!(
        "ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS false; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    ))
    .unwrap();
    answers("503");
    db.batch_execute(&format!(
        "ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS true"
    ))
    .unwrap();
    answers("200");
    drop(db);
    assert!(up.stop(), "it drained");
}
