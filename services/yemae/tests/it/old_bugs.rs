//! What the systems that this mesh replaces got wrong, each an acceptance test.

use crate::cinema::Cinema;
use proto::cinema::booking::v1::BookingStatus;
use proto::cinema::theater::v1::SeatState;
use proto::mypage::v1::ListMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::payment::v1::Behavior;
use testing::World;

#[tokio::test]
async fn cancelling_releases_the_seat_and_never_reserves_it_again() {
    let cinema = Cinema::delivering(3).await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Reserved);
    cinema.cancel(&booked.booking_id).await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    cinema.book("two", "1A").await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Reserved);
    cinema.is_clean().await;
}

#[tokio::test]
async fn what_was_rolled_back_is_not_published() {
    let cinema = Cinema::new().await;
    let refused = cinema.book("one", "9Z").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    cinema
        .behave(Behavior {
            declined_percent: 100,
            ..Behavior::default()
        })
        .await;
    let refused = cinema.book("two", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("PAYMENT_DECLINED")
    );
    cinema.world.settle().await;
    let mine = MyPageServiceClient::new(cinema.kim("mypage"))
        .list_my_orders(ListMyOrdersRequest::default())
        .await;
    assert_eq!(mine.unwrap().into_inner().orders, []);
    assert_eq!(cinema.notifications().await, []);
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    cinema.is_clean().await;
}

#[tokio::test]
async fn creating_a_booking_cancels_nothing() {
    let cinema = Cinema::new().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    let booking = cinema.booking(&booked.booking_id).await;
    assert_eq!(booking.status(), BookingStatus::SeatsReserved);
    let names: Vec<_> = booking
        .timeline
        .iter()
        .map(|entry| entry.status.as_ref().unwrap().name.as_str())
        .collect();
    assert_eq!(names, ["BOOKED", "SEATS_RESERVED"]);
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_seat_is_a_seat_of_the_room_and_has_one_booking() {
    let cinema = Cinema::new().await;
    for nonsense in ["", "A1", "1a", "3A", "1C", "seat 5"] {
        let refused = cinema
            .book(&format!("nonsense {nonsense}"), nonsense)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{nonsense}");
    }
    cinema.book("one", "1A").await.unwrap();
    let refused = cinema.book("two", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("SEATS_TAKEN")
    );
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_booking_has_one_ticket_however_often_its_events_come() {
    let cinema = Cinema::delivering(12).await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    let first = cinema.print(&booked.booking_id).await.unwrap();
    assert!(!first.reprint);
    let again = cinema.print(&booked.booking_id).await.unwrap();
    assert!(again.reprint);
    assert_eq!(
        again.ticket.unwrap().printed_at,
        first.ticket.unwrap().printed_at
    );
    cinema.world.settle().await;
    let mut told = cinema.notifications().await;
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 3, "placed, reserved, printed: {told:?}");
    assert_eq!(told.len(), cinema.notifications().await.len());
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_printed_ticket_and_a_cancellation_have_one_winner() {
    let cinema = Cinema::new().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    // Asked first, printed before the counter has heard of it.
    cinema.cancel(&booked.booking_id).await.unwrap();
    cinema.print(&booked.booking_id).await.unwrap();
    cinema.world.settle().await;
    let booking = cinema.booking(&booked.booking_id).await;
    assert_eq!(booking.status(), BookingStatus::TicketReceived);
    assert!(!booking.cancellable);
    let refused = cinema.cancel(&booked.booking_id).await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("NOT_CANCELLABLE")
    );
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_payment_that_is_not_confirmed_is_no_booking_and_no_charge() {
    let cinema = Cinema::new().await;
    cinema
        .behave(Behavior {
            reply_lost_percent: 100,
            ..Behavior::default()
        })
        .await;
    let refused = cinema.book("one", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("PAYMENT_UNCONFIRMED")
    );
    cinema.behave(Behavior::default()).await;
    cinema.world.settle().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    assert_eq!(cinema.book("one", "1A").await.unwrap(), booked);
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_screening_that_may_still_be_on_its_way_is_not_called_unknown() {
    let cinema = Cinema::new().await;
    let known = cinema.screening.clone();
    let unknown = Cinema {
        screening: mesh::id::new(),
        ..cinema
    };
    let refused = unknown.book("one", "1A").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);

    let fresh = World::new().with(cinema_booking::context());
    let loading = Cinema {
        world: fresh,
        screening: known,
    };
    let refused = loading.book("one", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("CATALOGUE_LOADING")
    );
    assert_eq!(refused.code(), tonic::Code::Unavailable);
}
