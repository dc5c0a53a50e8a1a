//! What ended long ago goes, and nothing else.

use crate::fixture::{Cinema, DAY, MINUTE, asking, attempt, order, reason};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mesh::id;
use proto::cinema::theater::v1::{Hold, HoldSeatsRequest, ReleaseHoldRequest, Screening};
use proto::ordering::v1::Phase;
use std::time::Duration;
use tonic::Code;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Cinema {
    /// A screening that is far ahead.
    async fn far_ahead() -> (Self, Screening) {
        let (cinema, showing) = Self::showing().await;
        let starts_at = cinema.world.now().plus(DAY * 60);
        let later = cinema.schedule(&showing.movie_id, &showing.screen_id, starts_at);
        let later = later.await.unwrap();
        (cinema, later)
    }

    async fn rows(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS count FROM {table}");
        let store = &self.world.site("cinema-theater").store;
        let counted = store.read(move |db| {
            let count: Count = diesel::sql_query(query).get_result(db)?;
            Ok(count.count)
        });
        counted.await.unwrap()
    }

    async fn is_known(&self, name: &str, hold: &Hold) -> bool {
        let hold_id = hold.hold_id.clone();
        let mut customer = self.customer(name);
        let released = customer.release_hold(ReleaseHoldRequest { hold_id });
        match released.await {
            Ok(_) => true,
            Err(status) if status.code() == Code::NotFound => false,
            Err(status) => panic!("{status}"),
        }
    }
}

#[tokio::test]
async fn a_hold_and_its_request_id_go_a_week_after_its_end() {
    let (cinema, showing) = Cinema::far_ahead().await;
    let request = HoldSeatsRequest {
        request_id: "once".to_owned(),
        ..asking(&showing, "1A,1B")
    };
    let mut ann = cinema.customer("ann");
    let first = ann.hold_seats(request.clone()).await.unwrap().into_inner();
    let hold = first.hold.clone().unwrap();
    let bobs = cinema.hold("bob", &showing, "2A").await.unwrap();
    assert!(cinema.is_known("bob", &bobs).await);

    cinema.world.advance(MINUTE * 5 + WEEK);
    cinema.world.tick().await;
    assert!(cinema.is_known("ann", &hold).await);
    let again = ann.hold_seats(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);

    cinema.world.advance(Duration::from_micros(1));
    cinema.world.tick().await;
    assert!(!cinema.is_known("ann", &hold).await);
    assert!(!cinema.is_known("bob", &bobs).await);
    assert_eq!(
        (cinema.rows("hold").await, cinema.rows("seat_claim").await),
        (0, 0)
    );
    let other = HoldSeatsRequest {
        request_id: "once".to_owned(),
        ..asking(&showing, "1C")
    };
    let other = ann.hold_seats(other).await.unwrap().into_inner();
    assert_ne!(first, other, "the id went with what it made");
    cinema.world.tick().await;
    assert_eq!(cinema.taken(&showing).await, "held 1C");
}

#[tokio::test]
async fn more_than_one_transaction_takes_go_in_one_round() {
    let (cinema, showing) = Cinema::far_ahead().await;
    for _ in 0..300 {
        let hold = cinema.hold("ann", &showing, "1A").await.unwrap();
        assert!(cinema.is_known("ann", &hold).await);
    }
    cinema.world.advance(MINUTE * 6 + WEEK);
    cinema.world.tick().await;
    assert_eq!(cinema.rows("hold").await, 0);
}

#[tokio::test]
async fn an_attempt_that_came_to_nothing_goes_a_week_later() {
    let (cinema, showing) = Cinema::far_ahead().await;
    let (held, unheard) = (id::new(), id::new());
    let first = cinema.hold_for(attempt(&held, 1), &showing, "1A");
    first.await.unwrap();
    cinema.dropped(&held, 1).await;
    cinema.dropped(&unheard, 2).await;
    cinema.world.advance(WEEK);
    cinema.world.tick().await;
    let late = cinema.hold_for(attempt(&held, 1), &showing, "1A").await;
    assert_eq!(reason(&late.unwrap_err()), "CLAIM_DROPPED");
    assert_eq!(
        (cinema.rows("hold").await, cinema.rows("booking").await),
        (1, 2)
    );

    cinema.world.advance(Duration::from_micros(1));
    cinema.world.tick().await;
    assert_eq!(
        (cinema.rows("hold").await, cinema.rows("booking").await),
        (0, 0)
    );
    assert_eq!(cinema.rows("seat_claim").await, 0);
}

#[tokio::test]
async fn orders_and_attempts_that_are_not_decided_stay() {
    let (cinema, showing) = Cinema::far_ahead().await;
    let (placed, cancelled, open) = (id::new(), id::new(), id::new());
    let now = cinema.world.now();
    for booking in [&placed, &cancelled, &open] {
        cinema.dropped(booking, 1).await;
    }
    for (booking, seat) in [(&placed, "1A"), (&cancelled, "1B"), (&open, "1C")] {
        let second = cinema.hold_for(attempt(booking, 2), &showing, seat);
        second.await.unwrap();
    }
    cinema
        .order(order(&placed, 1, Phase::Placed, &showing, "1A", now))
        .await;
    cinema
        .order(order(&cancelled, 1, Phase::Placed, &showing, "1B", now))
        .await;
    cinema
        .order(order(&cancelled, 2, Phase::Cancelled, &showing, "1B", now))
        .await;

    cinema.world.advance(WEEK * 2);
    cinema.world.tick().await;
    assert_eq!(cinema.taken(&showing).await, "held 1C; reserved 1A");
    assert_eq!(
        (cinema.rows("hold").await, cinema.rows("booking").await),
        (3, 3)
    );
    let late = cinema.hold_for(attempt(&open, 1), &showing, "2A").await;
    assert_eq!(reason(&late.unwrap_err()), "CLAIM_DROPPED");

    cinema.dropped(&open, 2).await;
    cinema.world.advance(WEEK + MINUTE);
    cinema.world.tick().await;
    assert_eq!(
        (cinema.rows("hold").await, cinema.rows("booking").await),
        (2, 2)
    );
}
