//! The simulated studio, and what an admin tells it.

use crate::world::state_order;
use mesh::identity::Key;
use mesh::{Context, id};
use ordering::fulfilments;
use proto::ordering::v1::Phase;
use proto::vod::library::v1::studio_simulator_service_client::StudioSimulatorServiceClient;
use proto::vod::library::v1::{SetStudioBehaviorRequest, StudioBehavior};
use std::time::Duration;
use testing::{Caller, World};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use vod_library::{Book, Simulator};

struct Room(World);

impl Room {
    fn new() -> Self {
        let (simulator, key) = (Simulator::new(7), Key::generate().unwrap());
        Self(
            World::new()
                .with(Context::new("vod-order"))
                .with(vod_library::simulated(simulator, key)),
        )
    }

    async fn behave(&self, behavior: StudioBehavior) -> Result<(), Status> {
        let client = self
            .0
            .client("vod-library", Caller::user("root", &["admin"]));
        let behavior = Some(behavior);
        StudioSimulatorServiceClient::new(client)
            .set_studio_behavior(SetStudioBehaviorRequest { behavior })
            .await
            .map(drop)
    }

    async fn order(&self, order: &str, version: i64, phase: Phase) {
        state_order(&self.0, order, version, phase, 0).await;
    }

    async fn after(&self, seconds: u64) {
        self.0.advance(Duration::from_secs(seconds));
        self.0.settle().await;
    }

    async fn book(&self, order: &str) -> Option<Book> {
        let key = format!("licence:{order}");
        let store = &self.0.site("vod-library").store;
        let found = store.read(move |db| vod_library::book(db, &key)).await;
        found.unwrap()
    }

    async fn steps(&self, order: &str) -> usize {
        let (store, id) = (&self.0.site("vod-library").store, order.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &id)).await;
        found.unwrap().unwrap().steps.len()
    }
}

fn sold(purchases: i32) -> Option<Book> {
    Some(Book {
        is_sold: true,
        is_closed: false,
        purchases,
    })
}

fn closed(purchases: i32) -> Option<Book> {
    Some(Book {
        is_sold: false,
        is_closed: true,
        purchases,
    })
}

#[tokio::test(start_paused = true)]
async fn a_sale_whose_reply_is_lost_is_found_by_asking() {
    let room = Room::new();
    let lost = StudioBehavior {
        reply_lost_percent: 100,
        ..StudioBehavior::default()
    };
    room.behave(lost).await.unwrap();
    let order = id::new();
    room.order(&order, 1, Phase::Placed).await;
    assert_eq!(
        (room.steps(&order).await, room.book(&order).await),
        (1, sold(1))
    );
    room.after(10).await;
    assert_eq!(
        (room.steps(&order).await, room.book(&order).await),
        (2, sold(1))
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_refusal_is_no_answer_about_a_later_try_whose_sale_is_late() {
    let room = Room::new();
    let refusing = StudioBehavior {
        refused_percent: 100,
        ..StudioBehavior::default()
    };
    room.behave(refusing).await.unwrap();
    let order = id::new();
    room.order(&order, 1, Phase::Placed).await;
    let slow = StudioBehavior {
        latency: Some(prost_types::Duration {
            seconds: 20,
            nanos: 0,
        }),
        ..StudioBehavior::default()
    };
    room.behave(slow).await.unwrap();
    // The second try is sent and not answered in time, then asked for before it arrives.
    room.after(30).await;
    room.after(10).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(room.book(&order).await, sold(2));
    for _ in 0..20 {
        room.after(30).await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        (room.steps(&order).await, room.book(&order).await),
        (2, sold(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_sale_that_arrives_after_the_licence_was_returned_sells_nothing() {
    let room = Room::new();
    let slow = StudioBehavior {
        latency: Some(prost_types::Duration {
            seconds: 60,
            nanos: 0,
        }),
        ..StudioBehavior::default()
    };
    room.behave(slow).await.unwrap();
    let order = id::new();
    room.order(&order, 1, Phase::Placed).await;
    room.order(&order, 2, Phase::Cancelled).await;
    assert_eq!(room.book(&order).await, closed(0));
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(room.book(&order).await, closed(1));
}

#[tokio::test(start_paused = true)]
async fn a_licence_that_was_sold_is_returned_once_the_studio_is_there_again() {
    let room = Room::new();
    let order = id::new();
    room.order(&order, 1, Phase::Placed).await;
    let down = StudioBehavior {
        down: true,
        ..StudioBehavior::default()
    };
    room.behave(down).await.unwrap();
    room.order(&order, 2, Phase::Cancelled).await;
    let another = id::new();
    room.order(&another, 1, Phase::Placed).await;
    assert_eq!(
        (room.book(&order).await, room.book(&another).await),
        (sold(1), None)
    );
    room.behave(StudioBehavior::default()).await.unwrap();
    room.after(60).await;
    assert_eq!(
        (room.book(&order).await, room.book(&another).await),
        (closed(1), sold(1))
    );
}

#[tokio::test(start_paused = true)]
async fn lost_and_refused_purchases_are_what_they_are_called() {
    let room = Room::new();
    for (behavior, book) in [
        (
            StudioBehavior {
                lost_percent: 100,
                ..StudioBehavior::default()
            },
            None,
        ),
        (
            StudioBehavior {
                refused_percent: 100,
                ..StudioBehavior::default()
            },
            Some(Book {
                is_sold: false,
                is_closed: false,
                purchases: 1,
            }),
        ),
    ] {
        room.behave(behavior).await.unwrap();
        let order = id::new();
        room.order(&order, 1, Phase::Placed).await;
        assert_eq!(
            (room.steps(&order).await, room.book(&order).await),
            (1, book)
        );
    }
}

#[tokio::test]
async fn every_wrong_field_is_told() {
    let room = Room::new();
    let wrong = StudioBehavior {
        latency: Some(prost_types::Duration {
            seconds: -1,
            nanos: 0,
        }),
        refused_percent: 101,
        reply_lost_percent: -1,
        ..StudioBehavior::default()
    };
    let fields = |refused: Status| {
        assert_eq!(refused.code(), Code::InvalidArgument);
        let wrong = refused.get_details_bad_request().unwrap().field_violations;
        wrong
            .into_iter()
            .map(|wrong| wrong.field)
            .collect::<Vec<_>>()
    };
    let told = fields(room.behave(wrong).await.unwrap_err());
    let expected = [
        "behavior.latency",
        "behavior.refused_percent",
        "behavior.reply_lost_percent",
    ];
    assert_eq!(told, expected);
    let too_much = StudioBehavior {
        refused_percent: 60,
        lost_percent: 41,
        ..StudioBehavior::default()
    };
    assert_eq!(
        fields(room.behave(too_much).await.unwrap_err()),
        ["behavior"]
    );
}
