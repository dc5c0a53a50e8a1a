//! Customers' own holds.

use crate::fixture::{Cinema, DAY, MINUTE, asking, attempt, list, reason};
use mesh::id;
use proto::cinema::theater::v1::{Hold, HoldSeatsRequest, ReleaseHoldRequest};
use std::time::Duration;
use testing::Caller;
use tonic::{Code, Status};
use tonic_types::StatusExt;

impl Cinema {
    async fn give_back(&self, name: &str, hold: &Hold) -> Result<(), Status> {
        let request = ReleaseHoldRequest {
            hold_id: hold.hold_id.clone(),
        };
        self.customer(name).release_hold(request).await.map(drop)
    }
}

#[tokio::test]
async fn all_seats_are_held_or_none() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1B,1A").await.unwrap();
    assert_eq!(hold.seats, ["1A", "1B"]);
    let end = mesh::Time::from(hold.expires_at.unwrap());
    assert_eq!(end, cinema.world.now().plus(MINUTE * 5));
    let refused = cinema.hold("bob", &showing, "2A,1B,1A").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "SEATS_TAKEN");
    assert_eq!(info.metadata["seats"], "1A,1B");
    let message = refused.get_details_localized_message().unwrap();
    assert_eq!(message.message, "이미 선택된 좌석입니다: 1A, 1B");
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B");
}

#[tokio::test]
async fn a_repeat_is_the_same_hold_also_when_it_has_ended() {
    let (cinema, showing) = Cinema::showing().await;
    let request = HoldSeatsRequest {
        request_id: "once".to_owned(),
        ..asking(&showing, "1A")
    };
    let mut ann = cinema.customer("ann");
    let first = ann.hold_seats(request.clone()).await.unwrap().into_inner();
    cinema.world.advance(MINUTE * 6);
    let again = ann.hold_seats(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let mut bob = cinema.customer("bob");
    let other = bob.hold_seats(request.clone()).await.unwrap().into_inner();
    assert_ne!(first, other, "the id is the caller's own");
    let other_body = HoldSeatsRequest {
        seats: list("1B"),
        ..request
    };
    let refused = ann.hold_seats(other_body).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_whether_or_not_anybody_ended_it() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.hold("ann", &showing, "1A,1B").await.unwrap();
    let before = cinema.map(&showing).await;
    cinema.world.advance(MINUTE * 5 - Duration::from_micros(1));
    let refused = cinema.hold("bob", &showing, "1A").await.unwrap_err();
    assert_eq!(reason(&refused), "SEATS_TAKEN");
    cinema.world.tick().await;
    assert_eq!(cinema.map(&showing).await, before);
    cinema.world.advance(Duration::from_micros(1));
    assert_eq!(cinema.taken(&showing).await, "");
    cinema.hold("bob", &showing, "1A").await.unwrap();
    cinema.world.tick().await;
    assert_eq!(cinema.taken(&showing).await, "held 1A", "bob's stays");
}

#[tokio::test]
async fn the_clock_ends_holds_and_changes_the_map() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.hold("ann", &showing, "1A,1B").await.unwrap();
    cinema.hold("bob", &showing, "2A").await.unwrap();
    let held = cinema.map(&showing).await.version;
    cinema.world.advance(MINUTE * 5);
    cinema.world.tick().await;
    let ended = cinema.map(&showing).await.version;
    assert!(ended > held);
    cinema.world.tick().await;
    assert_eq!(cinema.map(&showing).await.version, ended, "once");
}

#[tokio::test]
async fn a_customer_has_three_holds() {
    let (cinema, showing) = Cinema::showing().await;
    for seat in ["1A", "1B", "1C"] {
        cinema.hold("ann", &showing, seat).await.unwrap();
    }
    let refused = cinema.hold("ann", &showing, "1D").await.unwrap_err();
    assert_eq!(reason(&refused), "HOLD_LIMIT");
    let first = cinema.hold("bob", &showing, "1D").await.unwrap();
    cinema.give_back("bob", &first).await.unwrap();
    // Holds that ran out count no more, although nobody has ended them.
    cinema.world.advance(MINUTE * 5);
    for seat in ["1A", "1B", "1C"] {
        cinema.hold("ann", &showing, seat).await.unwrap();
    }
    assert!(cinema.hold("ann", &showing, "1D").await.is_err());
}

#[tokio::test]
async fn a_hold_that_was_given_back_counts_no_more() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A").await.unwrap();
    cinema.hold("ann", &showing, "1B").await.unwrap();
    cinema.hold("ann", &showing, "1C").await.unwrap();
    cinema.give_back("ann", &hold).await.unwrap();
    assert_eq!(cinema.taken(&showing).await, "held 1B,1C");
    cinema.hold("ann", &showing, "2A").await.unwrap();
    let released = cinema.map(&showing).await.version;
    cinema.give_back("ann", &hold).await.unwrap();
    assert_eq!(cinema.map(&showing).await.version, released, "once");
}

#[tokio::test]
async fn only_an_own_hold_can_be_given_back() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A").await.unwrap();
    let refused = cinema.give_back("bob", &hold).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let booking_id = id::new();
    let held = cinema.hold_for(attempt(&booking_id, 1), &showing, "1B");
    let held = held.await.unwrap();
    let refused = cinema.give_back("ann", &held).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Code::NotFound,
        "a booking's is nobody's own"
    );
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B");
}

#[tokio::test]
async fn every_wrong_seat_is_told() {
    let (cinema, showing) = Cinema::showing().await;
    let refused = cinema.hold("ann", &showing, "1a,0B,1A,1A").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        refused
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        3
    );
    let refused = cinema.hold("ann", &showing, "4E,5A,1F").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("5A must be in 1A to 4E"));
    assert!(refused.message().contains("1F"));
    let nine = "1A,1B,1C,1D,1E,2A,2B,2C,2D";
    assert!(cinema.hold("ann", &showing, nine).await.is_err());
    assert!(cinema.hold("ann", &showing, &nine[..23]).await.is_ok());
    let mut unknown = showing.clone();
    unknown.screening_id = id::new();
    let refused = cinema.hold("ann", &unknown, "1A").await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn nothing_is_held_once_the_screening_has_started() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.world.advance(DAY - Duration::from_micros(1));
    cinema.hold("ann", &showing, "1A").await.unwrap();
    cinema.world.advance(Duration::from_micros(1));
    let refused = cinema.hold("ann", &showing, "1B").await.unwrap_err();
    assert_eq!(reason(&refused), "SCREENING_STARTED");
}

#[tokio::test]
async fn who_calls_decides_what_is_held() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = Some(attempt(&id::new(), 1));
    let for_booking = HoldSeatsRequest {
        booking,
        ..asking(&showing, "1A")
    };
    let by_a_person = HoldSeatsRequest {
        request_id: cinema.request_id(),
        ..for_booking.clone()
    };
    let mut ann = cinema.customer("ann");
    let refused = ann.hold_seats(by_a_person).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("only a service"));
    let mut other = cinema.client(Caller::service("vod-order"));
    let refused = other.hold_seats(for_booking).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let nothing = HoldSeatsRequest::default();
    let refused = cinema.booking().hold_seats(nothing).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(cinema.taken(&showing).await, "");
}
