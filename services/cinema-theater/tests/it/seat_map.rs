//! The seat map, watched.

use crate::fixture::{Cinema, order, told};
use futures::StreamExt;
use mesh::id;
use proto::cinema::theater::v1::{
    GetSeatMapRequest, Screening, SeatMap, WatchSeatMapRequest, WatchSeatMapResponse,
};
use proto::ordering::v1::Phase;
use std::time::Duration;
use tonic::{Code, Streaming};

impl Cinema {
    async fn watch(&self, on: &Screening, after_version: i64) -> Streaming<WatchSeatMapResponse> {
        let request = WatchSeatMapRequest {
            screening_id: on.screening_id.clone(),
            after_version,
        };
        let watching = self.customer("ann").watch_seat_map(request).await;
        watching.unwrap().into_inner()
    }
}

/// The next map, if one comes within a minute of tokio's paused time.
async fn next(watching: &mut Streaming<WatchSeatMapResponse>) -> Option<SeatMap> {
    let next = tokio::time::timeout(Duration::from_secs(60), watching.next());
    next.await.ok()?.unwrap().unwrap().seat_map
}

#[tokio::test]
async fn a_map_says_whose_seats_are() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.hold("ann", &showing, "1B").await.unwrap();
    let now = cinema.world.now();
    let placed = order(&id::new(), 1, Phase::Placed, &showing, "4E", now);
    cinema.order(placed).await;
    let map = cinema.map(&showing).await;
    assert_eq!(map.seats.len(), 20);
    assert_eq!(map.free, 18);
    assert_eq!((&*map.seats[0].seat, &*map.seats[19].seat), ("1A", "4E"));
    assert_eq!(told(&map), "held 1B; reserved 4E");
}

#[tokio::test]
async fn a_version_is_one_more_with_each_change_whenever_changes_are_counted() {
    let (cinema, showing) = Cinema::showing().await;
    let mut versions = vec![cinema.map(&showing).await.version];
    for (name, seat, counted) in [
        ("ann", "1A", true),
        ("bob", "1B", false),
        ("cat", "1C", true),
    ] {
        cinema.hold(name, &showing, seat).await.unwrap();
        if counted {
            cinema.world.tick().await;
        }
        assert!(cinema.hold("dan", &showing, seat).await.is_err());
        versions.push(cinema.map(&showing).await.version);
    }
    assert_eq!(versions, [1, 2, 3, 4]);
    cinema.world.tick().await;
    assert_eq!(cinema.map(&showing).await.version, 4);
    let left = cinema.world.site("cinema-theater").store.read(|db| {
        use diesel::prelude::*;
        diesel::table! { seat_change (change_id) { change_id -> Text, } }
        Ok(seat_change::table.count().get_result::<i64>(db)?)
    });
    assert_eq!(left.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_begins_with_the_present_and_tells_changes() {
    let (cinema, showing) = Cinema::showing().await;
    let mut watching = cinema.watch(&showing, 0).await;
    let first = next(&mut watching).await.unwrap();
    assert_eq!(told(&first), "");
    cinema.hold("ann", &showing, "1A").await.unwrap();
    let second = next(&mut watching).await.unwrap();
    assert_eq!(told(&second), "held 1A");
    assert_eq!(second.version, first.version + 1);
    assert_eq!(next(&mut watching).await, None, "nothing has changed");
}

#[tokio::test(start_paused = true)]
async fn a_watch_resumes_after_what_it_has_seen() {
    let (cinema, showing) = Cinema::showing().await;
    let seen = cinema.map(&showing).await.version;
    let mut resumed = cinema.watch(&showing, seen).await;
    assert_eq!(next(&mut resumed).await, None);
    cinema.hold("ann", &showing, "1A").await.unwrap();
    assert_eq!(told(&next(&mut resumed).await.unwrap()), "held 1A");
    let mut late = cinema.watch(&showing, seen).await;
    assert_eq!(told(&next(&mut late).await.unwrap()), "held 1A");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_latest() {
    let (cinema, showing) = Cinema::showing().await;
    let mut watching = cinema.watch(&showing, 0).await;
    next(&mut watching).await.unwrap();
    for (name, seat) in [("ann", "1A"), ("bob", "1B"), ("cat", "1C")] {
        cinema.hold(name, &showing, seat).await.unwrap();
    }
    assert_eq!(told(&next(&mut watching).await.unwrap()), "held 1A,1B,1C");
}

#[tokio::test]
async fn no_map_of_nothing() {
    let (cinema, _) = Cinema::showing().await;
    let mut ann = cinema.customer("ann");
    let request = WatchSeatMapRequest {
        screening_id: id::new(),
        after_version: 0,
    };
    let refused = ann.watch_seat_map(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let request = GetSeatMapRequest {
        screening_id: id::new(),
    };
    let refused = ann.get_seat_map(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let request = WatchSeatMapRequest {
        screening_id: "1".to_owned(),
        after_version: -1,
    };
    let refused = ann.watch_seat_map(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
