//! A database that is started again under its contexts.

use super::Postgres;
use crate::rig::{Database, eventually, item};
use diesel::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_store_is_used_again_soon_after_its_database_was_restarted() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let server = Arc::new(server);
    let database = Database::on(server.clone());
    let store = database.open("cinema-booking");
    let put = |id: &'static str| {
        store.write(id, move |tx| {
            let row = (
                item::id.eq(id),
                item::place.eq(id),
                item::n.eq(0),
                item::live.eq(true),
            );
            diesel::insert_into(item::table)
                .values(row)
                .execute(tx.db())?;
            Ok(())
        })
    };
    let read = || store.read(|db| Ok(item::table.count().get_result::<i64>(db)?));
    put("a").await.unwrap();
    // Every reader has a connection to lose.
    for _ in 0..16 {
        assert_eq!(read().await, Ok(1));
    }
    server.restart();
    let back = Instant::now();
    put("b").await.unwrap();
    eventually("all readers read", || async {
        let mut fine = true;
        for _ in 0..16 {
            fine &= read().await == Ok(2);
        }
        fine.then_some(())
    })
    .await;
    assert!(
        back.elapsed() < Duration::from_secs(5),
        "{:?}",
        back.elapsed()
    );
}
