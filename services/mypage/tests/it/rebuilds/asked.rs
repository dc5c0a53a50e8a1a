//! What an admin and a watcher see of a rebuild.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_begins_again_with_what_was_rebuilt() {
    let Some(rig) = Rig::on(Sqlite).await else {
        return;
    };
    let _carried = rig.carry();
    let mut orders = rig.placed(2);
    rig.state(&orders).await;
    rig.shows(&orders).await;
    let mut ann = MyPageServiceClient::new(rig.door("ann", &["customer"]));
    let mut watch = async |cursor: &str| {
        let cursor = cursor.to_owned();
        let watched = ann.watch_my_orders(WatchMyOrdersRequest { cursor });
        watched.await.unwrap().into_inner()
    };
    let mut messages = watch("").await;
    let before = [next(&mut messages).await, next(&mut messages).await];
    // An hour later nobody looks back so far any more.
    rig.hand.advance(Duration::from_secs(3600));
    orders.extend(rig.placed(1));
    rig.state(&orders[2..]).await;
    let (third, cursor) = next(&mut messages).await;
    assert_eq!(third, orders[2]);

    rig.start().await;
    let worker = rig.worker();
    rig.done().await;
    let mut resumed = watch(&cursor).await;
    for messages in [&mut messages, &mut resumed] {
        let mut again = Vec::new();
        for _ in 0..3 {
            again.push(next(messages).await.0.order_id);
        }
        again.sort();
        assert_eq!(
            again,
            [&before[0].0, &before[1].0, &third].map(|o| o.order_id.clone())
        );
    }
    orders[0].version = 2;
    rig.state(&orders[..1]).await;
    assert_eq!(next(&mut messages).await.0, orders[0]);
    worker.abort();
}

async fn next(messages: &mut Streaming<WatchMyOrdersResponse>) -> (Order, String) {
    let message = tokio::time::timeout(Duration::from_secs(30), messages.message());
    let message = message.await.unwrap().unwrap().unwrap();
    (message.order.unwrap(), message.cursor)
}

#[tokio::test]
async fn an_admin_starts_one_at_a_time() {
    let world = world();
    let admin = |caller| RebuildServiceClient::new(world.client("mypage", caller));
    let mut root = admin(Caller::user("root", &["admin"]));
    let nothing = root.get_rebuild(GetRebuildRequest::default()).await;
    assert_eq!(nothing.unwrap_err().code(), Code::NotFound);

    let started = start(&mut root, "1").await.unwrap();
    assert_eq!(start(&mut root, "1").await.unwrap(), started);
    let second = start(&mut root, "2").await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&second).unwrap(), "REBUILD_UNDER_WAY");
    assert_eq!(
        start(&mut root, "").await.unwrap_err().code(),
        Code::InvalidArgument
    );
    for (rebuild_id, code) in [
        (started.rebuild_id.clone(), Code::Ok),
        (String::new(), Code::Ok),
        (mesh::id::new(), Code::NotFound),
        ("7".to_owned(), Code::InvalidArgument),
    ] {
        let got = root.get_rebuild(GetRebuildRequest { rebuild_id }).await;
        let found = got.as_ref().map_or_else(Status::code, |_| Code::Ok);
        assert_eq!(found, code);
    }
}
