//! Rebuilding the page while it is served, on both databases.

mod asked;
mod workers;

use super::*;
use crate::rig::{Rig, eventually};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mesh::Site;
use mesh::store::Backend::{self, Postgres, Sqlite};
use proto::mypage::v1::rebuild_service_client::RebuildServiceClient;
use proto::mypage::v1::{
    GetRebuildRequest, ListMyOrdersRequest, Rebuild, RebuildState, StartRebuildRequest,
    WatchMyOrdersRequest, WatchMyOrdersResponse,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Streaming};

type Admin = RebuildServiceClient<mesh::client::Client>;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Rig {
    fn admin(&self) -> Admin {
        RebuildServiceClient::new(self.door("root", &["admin"]))
    }

    async fn start(&self) -> Rebuild {
        start(&mut self.admin(), &mesh::id::new()).await.unwrap()
    }

    async fn newest(&self) -> Rebuild {
        let request = GetRebuildRequest::default();
        let answer = self.admin().get_rebuild(request).await.unwrap();
        answer.into_inner().rebuild.unwrap()
    }

    async fn done(&self) -> Rebuild {
        eventually("the rebuild is done", || async {
            let newest = self.newest().await;
            (newest.state() == RebuildState::Done).then_some(newest)
        })
        .await
    }

    /// How many rows there are of "table WHERE condition".
    async fn rows(&self, of: &str) -> i64 {
        let query = format!("SELECT count(*) AS count FROM {of}");
        let counted = self.page.store.read(move |db| {
            let count: Count = diesel::sql_query(query).get_result(db)?;
            Ok(count.count)
        });
        counted.await.unwrap()
    }
}

async fn start(admin: &mut Admin, request_id: &str) -> Result<Rebuild, Status> {
    let request_id = request_id.to_owned();
    let answer = admin.start_rebuild(StartRebuildRequest { request_id });
    Ok(answer.await?.into_inner().rebuild.unwrap())
}

async fn while_serving(backend: Backend) {
    let Some(rig) = Rig::on(backend).await else {
        return;
    };
    let _carried = rig.carry();
    let mut orders = rig.placed(600);
    rig.state(&orders).await;
    rig.shows(&orders).await;
    let (asked, workers) = (rig.start().await, [rig.worker(), rig.other_worker()]);
    assert_eq!(asked.state(), RebuildState::Asked);

    // Meanwhile orders change and are placed, and the page is read.
    let mut reads = 0;
    let mut client = MyPageServiceClient::new(rig.door("ann", &["customer"]));
    while rig.newest().await.state() != RebuildState::Done {
        let changed = reads * 7 % 600;
        orders[changed].version += 1;
        orders.extend(rig.placed(1));
        rig.state(&[orders[changed].clone(), orders[orders.len() - 1].clone()])
            .await;
        let listed = client.list_my_orders(ListMyOrdersRequest {
            page_size: 200,
            ..ListMyOrdersRequest::default()
        });
        assert_eq!(listed.await.unwrap().into_inner().orders.len(), 200);
        let found = get(&mut client, &orders[changed].order_id).await.unwrap();
        assert!(found.version <= orders[changed].version);
        reads += 1;
    }
    let done = rig.done().await;
    assert!(reads > 2, "{reads}");
    assert_eq!(done.refused, 0);
    // What changed before it was read is no more where it was when the reading began; the policy brings it.
    assert!(done.carried <= reads as i64, "{done:?}");
    assert!(
        done.total >= 600 && done.seen + done.carried + reads as i64 >= 600,
        "{reads} changed: {done:?}"
    );
    assert_eq!(done.hash_before, done.hash_after);
    rig.shows(&orders).await;
    assert_eq!(
        rig.rows("my_order WHERE generation = 2").await as usize,
        orders.len()
    );

    // Nothing of the old one stays, and the next one is as good.
    let (_, _, sweep) = mypage::context().jobs.remove(0);
    sweep(rig.page.clone()).await.unwrap();
    assert_eq!(rig.rows("my_order WHERE generation <> 2").await, 0);
    let hash = rig.hash().await;
    let again = rig.start().await;
    assert_ne!(again.rebuild_id, asked.rebuild_id);
    let done = rig.done().await;
    assert_eq!((&done.hash_before, &done.hash_after), (&hash, &hash));
    assert_eq!(rig.hash().await, hash);
    workers.iter().for_each(|worker| worker.abort());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_while_serving_on_sqlite() {
    while_serving(Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_while_serving_on_postgres() {
    while_serving(Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_late_is_waited_for() {
    let Some(rig) = Rig::on(Sqlite).await else {
        return;
    };
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    rig.publish(&stop);
    let orders = rig.placed(20);
    rig.state(&orders).await;
    let js = rig.server.jetstream().await;
    eventually("all of them are published", || async {
        let stream = js.get_stream("YEMAE").await.ok()?;
        (stream.cached_info().state.messages == 20).then_some(())
    })
    .await;
    rig.start().await;
    let worker = rig.worker();
    eventually("all of them are read, and none is shown", || async {
        let built = rig.rows("my_order WHERE generation = 2").await;
        (built == 20).then_some(())
    })
    .await;
    rig.follow(&stop);
    let done = rig.done().await;
    assert_eq!(done.hash_before, done.hash_after);
    assert_eq!((done.refused, done.carried), (0, 0));
    worker.abort();
}

/// Orders that the stream has, and one each that it has no more, has older, and has never had right.
async fn mending(backend: Backend) {
    let Some(rig) = Rig::on(backend).await else {
        return;
    };
    let carried = rig.carry();
    let orders = rig.placed(50);
    rig.state(&orders).await;
    rig.shows(&orders).await;
    let right = rig.hash().await;

    let [expired, older, wrong, missing] = [0, 1, 2, 3].map(|n: usize| &orders[n].order_id);
    let js = rig.server.jetstream().await;
    let stream = js.get_stream("YEMAE").await.unwrap();
    let of = |id: &str| format!("yemae.cinema-booking.Order.{id}");
    let purged = stream.purge().filter(of(expired)).await.unwrap();
    assert_eq!(purged.purged, 1);
    let stale = stream.get_last_raw_message_by_subject(&of(older)).await;
    let newer = [1, 48].map(|n| Order {
        version: 2,
        ..orders[n].clone()
    });
    rig.state(&newer).await;
    let present = [&newer[..], &orders[2..48], &orders[49..], &orders[..1]].concat();
    rig.shows(&present).await;
    let with_newer = rig.hash().await;
    assert_ne!(with_newer, right);
    let last = stream.get_last_raw_message_by_subject(&of(older)).await;
    assert!(stream.delete_message(last.unwrap().sequence).await.unwrap());
    drop(carried);
    let mut stale = stale.unwrap();
    stale.headers.insert("Nats-Msg-Id", "once more");
    let (nats, older) = (js.client(), of(older));
    let again = nats.publish_with_headers(older.clone(), stale.headers, stale.payload);
    again.await.unwrap();
    eventually("the stream has an older one than the page", || async {
        stream.get_last_raw_message_by_subject(&older).await.ok()
    })
    .await;
    let stranger = BookingPlaced {
        order: Some(Order {
            context: "vod-order".to_owned(),
            ..rig.placed(1).remove(0)
        }),
    };
    let id = mesh::id::new();
    let stranger = Event::new(&id, 1, &stranger);
    let stated = rig.from.write((), move |tx| tx.enqueue(stranger.clone()));
    stated.await.unwrap();
    let _carried = rig.carry();
    eventually("the stranger is published", || async {
        stream.get_last_raw_message_by_subject(&of(&id)).await.ok()
    })
    .await;
    let others = format!("(SELECT body FROM my_order WHERE order_id = '{expired}')");
    for meddling in [
        format!("UPDATE my_order SET body = {others} WHERE order_id = '{wrong}'"),
        format!("DELETE FROM my_order WHERE order_id = '{missing}'"),
    ] {
        assert_eq!(rig.sql(&meddling).await, 1);
    }
    let broken = rig.hash().await;
    assert_ne!(broken, with_newer);

    rig.start().await;
    let worker = rig.worker();
    let done = rig.done().await;
    assert_eq!(
        (done.seen, done.refused, done.carried),
        (50, 1, 2),
        "{done:?}"
    );
    assert_eq!(
        (done.hash_before, done.hash_after),
        (broken, with_newer.clone())
    );
    assert_eq!(rig.hash().await, with_newer);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_mended_and_what_expired_carried_on_sqlite() {
    mending(Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_mended_and_what_expired_carried_on_postgres() {
    mending(Postgres).await;
}
