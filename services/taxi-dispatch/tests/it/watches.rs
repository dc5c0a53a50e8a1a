//! A driver's stream of rides.

use crate::rank::{Rank, why};
use proto::ordering::v1::Phase;
use proto::taxi::dispatch::v1::{DriveStatus, WatchMyRidesRequest, WatchMyRidesResponse};
use std::time::Duration;
use tonic::Streaming;

type Messages = Streaming<WatchMyRidesResponse>;

/// Time is tokio's own here and stands still while there is work, so this waits for no real hour.
const LONG: Duration = Duration::from_secs(3600);

async fn watch(rank: &Rank, name: &str, cursor: &str) -> Messages {
    let request = WatchMyRidesRequest {
        cursor: cursor.to_owned(),
    };
    let answer = rank.driver(name).watch_my_rides(request).await;
    answer.unwrap().into_inner()
}

async fn next(messages: &mut Messages) -> ((String, DriveStatus), String) {
    let message = tokio::time::timeout(LONG, messages.message()).await;
    let message = message.unwrap().unwrap().unwrap();
    let ride = message.ride.unwrap();
    let status = ride.status();
    ((ride.ride_id, status), message.cursor)
}

async fn silent(messages: &mut Messages) -> bool {
    tokio::time::timeout(LONG, messages.message())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_told_of_his_rides_alone_and_of_cancellations() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    rank.report("lim", 200, true).await;
    let over = rank.called().await;
    rank.ride(&over, 2, Phase::Cancelled, 0).await;
    // A watch shows what may have become visible late.
    rank.world.advance(Duration::from_secs(6));
    let (mut kangs, mut lims) = (
        watch(&rank, "kang", "").await,
        watch(&rank, "lim", "").await,
    );
    assert!(silent(&mut kangs).await, "what is over is left out");
    let ride = rank.called().await;
    let coming = (ride.clone(), DriveStatus::Assigned);
    assert_eq!(next(&mut kangs).await.0, coming);
    assert!(silent(&mut lims).await);
    // What he declines, the next is told of.
    rank.decline("kang", &ride).await.unwrap();
    assert_eq!(next(&mut lims).await.0, coming);
    rank.ride(&ride, 2, Phase::Cancelling, 1).await;
    let cancelled = (ride.clone(), DriveStatus::Cancelled);
    assert_eq!(next(&mut lims).await.0, cancelled);
    rank.ride(&ride, 3, Phase::Cancelled, 1).await;
    assert!(silent(&mut lims).await, "once");
    assert!(silent(&mut kangs).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_resumes_behind_its_cursor_with_what_was_over_meanwhile() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let ride = rank.called().await;
    let mut messages = watch(&rank, "kang", "").await;
    let (_, cursor) = next(&mut messages).await;
    drop(messages);
    rank.world.advance(Duration::from_secs(60));
    rank.ride(&ride, 2, Phase::Cancelled, 0).await;
    let mut resumed = watch(&rank, "kang", &cursor).await;
    assert_eq!(next(&mut resumed).await.0, (ride, DriveStatus::Cancelled));
    assert!(silent(&mut resumed).await);
    let cursor = "?".to_owned();
    let request = WatchMyRidesRequest { cursor };
    let refused = rank.driver("kang").watch_my_rides(request).await;
    assert_eq!(why(refused.map(drop)), "INVALID_FIELDS");
}
