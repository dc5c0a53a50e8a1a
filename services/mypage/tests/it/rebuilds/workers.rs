//! Workers that die, stop, or find no broker.

use super::*;

async fn killed(backend: Backend) {
    let Some(rig) = Rig::on(backend).await else {
        return;
    };
    let _carried = rig.carry();
    let mut orders = rig.placed(1000);
    rig.state(&orders).await;
    rig.shows(&orders).await;
    let hash = rig.hash().await;
    rig.start().await;
    for state in [RebuildState::Reading, RebuildState::Comparing] {
        let worker = match state {
            RebuildState::Reading => rig.worker(),
            _ => rig.other_worker(),
        };
        eventually("the rebuild has come that far", || async {
            (rig.newest().await.state() >= state).then_some(())
        })
        .await;
        worker.abort();
        assert!(worker.await.is_err(), "it was killed");
        assert_eq!(rig.hash().await, hash);
        // It is nobody else's until the lease has ended.
        rig.hand.advance(Duration::from_secs(20));
    }
    orders[0].version = 2;
    rig.state(&orders[..1]).await;
    rig.shows(&orders).await;
    let worker = rig.worker();
    let done = rig.done().await;
    assert_eq!(done.hash_before, done.hash_after);
    rig.shows(&orders).await;
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_is_taken_over_from_on_sqlite() {
    killed(Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_is_taken_over_from_on_postgres() {
    killed(Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_broker_and_goes_on_where_another_stopped() {
    let Some(mut rig) = Rig::on(Sqlite).await else {
        return;
    };
    let carried = rig.carry();
    let orders = rig.placed(10);
    rig.state(&orders).await;
    rig.shows(&orders).await;
    drop(carried);
    rig.server.kill();
    rig.start().await;
    let stop = CancellationToken::new();
    let first = Site {
        stop: stop.clone(),
        ..rig.page.clone()
    };
    let first = mesh::task::detach(mypage::rebuilds(first, rig.bus.clone()));
    let claimed = "rebuild WHERE lease_until > 0";
    eventually("somebody has it", || async {
        (rig.rows(claimed).await == 1).then_some(())
    })
    .await;
    stop.cancel();
    first.await.unwrap();
    assert_eq!(rig.rows(claimed).await, 0);
    let second = rig.worker();
    rig.server.restart();
    assert_eq!(rig.done().await.seen, 10);
    second.abort();
}
