//! A view that starts empty hears of orders that are long over.

use crate::toys::{Bug, Toys, booking, mypage, payment, theater, ticket};
use diesel::prelude::*;
use mesh::schema::outbox;
use ordering::republish;
use prost::Message;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{CancelBookingRequest, CreateBookingRequest};
use proto::ordering::v1::OrderEvent;
use proto::shared::v1::Money;
use std::time::Duration;
use testing::chaos::Dice;
use testing::{Caller, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn book(world: &World, seat: &str) -> String {
    let request = CreateBookingRequest {
        request_id: seat.to_owned(),
        screening_id: booking::screening("free"),
        seats: vec![seat.to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 0,
        }),
        ..CreateBookingRequest::default()
    };
    let client = world.client(booking::BOOKING, Caller::customer("ann"));
    let mut client = BookingServiceClient::new(client);
    let booked = client.create_booking(request).await.unwrap();
    world.settle().await;
    booked.into_inner().booking.unwrap().booking_id
}

#[tokio::test]
async fn what_is_long_over_is_stated_for_a_day_and_the_rest_is_not() {
    let toys = Toys::new(Bug::None, &Dice::new(1));
    let world = World::new()
        .with(booking::context(&toys))
        .with(theater::context(&toys))
        .with(ticket::context(&toys))
        .with(payment::context(&toys));
    let (over, _stands) = (book(&world, "1A").await, book(&world, "1B").await);
    let cancel = CancelBookingRequest {
        booking_id: over.clone(),
    };
    let client = world.client(booking::BOOKING, Caller::customer("ann"));
    let mut client = BookingServiceClient::new(client);
    client.cancel_booking(cancel).await.unwrap();
    world.settle().await;
    world.advance(DAY * 90);
    let world = world.with(mypage::context(&toys));
    let shown = async || {
        let shown = world.site("mypage").store.read(|db| Ok(mypage::shown(db)?));
        shown.await.unwrap()
    };
    assert_eq!(shown().await, []);

    let store = &world.site(booking::BOOKING).store;
    let step = republish(store, &booking::SYSTEM, "").await.unwrap();
    assert_eq!((step.stated, step.next), (1, None));
    let last = store.read(|db| {
        let row = outbox::table.order(outbox::seq.desc());
        let columns = (
            outbox::name,
            outbox::version,
            outbox::expires_at,
            outbox::body,
        );
        Ok(row
            .select(columns)
            .first::<(String, i64, Option<i64>, Vec<u8>)>(db)?)
    });
    let (name, version, expires_at, body) = last.await.unwrap();
    assert_eq!(name, "yemae.Stated");
    assert_eq!(expires_at, Some(world.now().plus(DAY).0));
    let order = OrderEvent::decode(body.as_slice()).unwrap().order.unwrap();
    assert_eq!((order.order_id.as_str(), order.version), (&*over, version));

    world.settle().await;
    let before = shown().await;
    let expected = (over, version, order.encode_to_vec());
    assert_eq!(before, [expected]);
    // Once more changes nothing for whoever has heard of it.
    republish(store, &booking::SYSTEM, "").await.unwrap();
    world.settle().await;
    assert_eq!(shown().await, before);
}
