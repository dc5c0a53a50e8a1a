//! Who gets which ride.

use crate::rank::{Rank, why};
use diesel::prelude::*;
use mesh::Kind;
use proto::taxi::dispatch::v1::DriveStatus;

#[tokio::test]
async fn the_nearest_free_driver_gets_the_ride() {
    let rank = Rank::delivering(3);
    for (name, away, free) in [
        ("far", 3_000, true),
        ("near", 500, true),
        ("off", 10, false),
        ("middle", 1_000, true),
    ] {
        rank.report(name, away, free).await;
    }
    let first = rank.called().await;
    assert!(rank.comes("near", &first).await);
    assert_eq!(rank.stated(&first).await, ["DriverAssigned"]);
    // One driver, one ride.
    let second = rank.called().await;
    assert!(rank.comes("middle", &second).await);
    assert!(rank.comes("near", &first).await);
}

#[tokio::test]
async fn of_two_as_near_the_first_by_id_gets_it() {
    let rank = Rank::new();
    for name in ["zoe", "ada", "kim"] {
        rank.report(name, 500, true).await;
    }
    let ride = rank.called().await;
    assert!(rank.comes("ada", &ride).await);
}

#[tokio::test]
async fn what_one_declines_the_next_nearest_gets_and_he_never_again() {
    let rank = Rank::new();
    rank.report("near", 500, true).await;
    rank.report("far", 3_000, true).await;
    let ride = rank.called().await;
    rank.decline("near", &ride).await.unwrap();
    assert!(rank.comes("far", &ride).await);
    assert_eq!(rank.list("near").await, []);
    rank.decline("far", &ride).await.unwrap();
    rank.world.tick().await;
    assert_eq!(rank.drives("near").await, None);
    assert_eq!(rank.drives("far").await, None);
    let stated = ["DriverAssigned", "DriverAssigned", "DriverDeclined"];
    assert_eq!(rank.stated(&ride).await, stated);
    // It goes to who is new, and another ride to who declined.
    let other = rank.called().await;
    assert!(rank.comes("near", &other).await);
    rank.report("new", 9_000, true).await;
    rank.world.tick().await;
    assert!(rank.comes("new", &ride).await);
}

#[tokio::test]
async fn declining_again_is_ok_and_has_no_second_effect() {
    let rank = Rank::new();
    rank.report("near", 500, true).await;
    rank.report("far", 3_000, true).await;
    let ride = rank.called().await;
    rank.decline("near", &ride).await.unwrap();
    rank.pick_up("far", &ride).await.unwrap();
    rank.decline("near", &ride).await.unwrap();
    let drives = rank.drives("far").await;
    assert_eq!(drives, Some((ride.clone(), DriveStatus::PickedUp)));
    assert_eq!(why(rank.decline("far", &ride).await), "RIDE_PICKED_UP");
}

#[tokio::test]
async fn a_driver_who_becomes_free_gets_who_has_waited_longest() {
    let rank = Rank::new();
    rank.report("kang", 500, true).await;
    let first = rank.called().await;
    rank.world.advance(std::time::Duration::from_secs(1));
    let (second, third) = (rank.called().await, rank.called().await);
    rank.world.tick().await;
    assert!(rank.comes("kang", &first).await);
    rank.pick_up("kang", &first).await.unwrap();
    rank.world.tick().await;
    assert_eq!(
        rank.drives("kang").await,
        Some((first.clone(), DriveStatus::PickedUp))
    );
    rank.arrive("kang", &first).await.unwrap();
    rank.world.tick().await;
    assert!(rank.comes("kang", &second).await);
    assert_eq!(rank.stated(&third).await, ["RideReceived"]);
}

#[tokio::test]
async fn the_table_itself_gives_one_driver_one_ride() {
    let rank = Rank::new();
    rank.report("kang", 500, true).await;
    rank.called().await;
    let waits = rank.called().await;
    assert_eq!(rank.stated(&waits).await, ["RideReceived"]);
    let second = "UPDATE drive SET driver_id = 'kang', status = 2 WHERE status = 1";
    let store = &rank.world.site("taxi-dispatch").store;
    let taken = store.write(
        (),
        move |tx| Ok(diesel::sql_query(second).execute(tx.db())?),
    );
    assert_eq!(taken.await.unwrap_err().kind, Kind::Internal);
}
