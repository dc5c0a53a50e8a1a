use super::*;
use diesel::prelude::*;
use diesel::sql_types::Text;

fn says(url: &Url, what: &str) -> QueryResult<String> {
    let mut db = PgConnection::establish(&url.0).map_err(|why| {
        let why: Box<dyn std::error::Error + Send + Sync> = why.to_string().into();
        diesel::result::Error::QueryBuilderError(why)
    })?;
    diesel::select(diesel::dsl::sql::<Text>(what)).get_result(&mut db)
}

fn run(url: &Url, sql: &str) {
    let mut db = PgConnection::establish(&url.0).unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut db, sql).unwrap();
}

#[test]
fn everybody_shares_one_server_and_nobody_a_database() {
    let Some(one) = Server::shared() else { return };
    let two = Server::shared().unwrap();
    assert_eq!(one.port(), two.port());
    let [this, that] = [one.database(), two.database()];
    run(&this, "CREATE TABLE a (b TEXT)");
    run(&that, "CREATE TABLE a (b TEXT)");
    assert_eq!(one.database_of("vod-order"), one.database_of("vod-order"));
    let again = one.database_of("vod-order");
    assert_eq!(says(&again, "current_database()").unwrap(), "vod_order");
}

#[test]
fn a_schema_is_its_owners_and_ends_with_it() {
    let Some(one) = Schema::new() else { return };
    let two = Schema::new().unwrap();
    run(
        &one.url(),
        "CREATE TABLE a (b TEXT); INSERT INTO a VALUES ('one')",
    );
    run(
        &two.url(),
        "CREATE TABLE a (b TEXT); INSERT INTO a VALUES ('two')",
    );
    assert_eq!(says(&one.url(), "(SELECT b FROM a)").unwrap(), "one");
    let url = one.url();
    drop(one);
    assert!(says(&url, "(SELECT b FROM a)").is_err());
    assert_eq!(says(&two.url(), "(SELECT b FROM a)").unwrap(), "two");
}

#[test]
fn what_is_committed_survives_a_stop_and_a_kill() {
    let Some(server) = Server::own() else { return };
    let url = server.database();
    run(
        &url,
        "CREATE TABLE a (b TEXT); INSERT INTO a VALUES ('kept')",
    );
    for end in [Server::stop, Server::kill] {
        end(&server);
        assert!(says(&url, "(SELECT b FROM a)").is_err());
        server.start();
        assert_eq!(says(&url, "(SELECT b FROM a)").unwrap(), "kept");
    }
    let folder = match &server.0 {
        Kind::Own { cluster, .. } => cluster.data(),
        Kind::Shared { .. } => unreachable!(),
    };
    drop(server);
    assert!(!folder.exists());
}
