//! What a stream that has lost everything is filled again from: the outbox's last row of each entity is its present.

use crate::fixture::{Cinema, DAY, attempt, order};
use diesel::prelude::*;
use mesh::schema::outbox;
use mesh::{id, policy};
use prost::{Message, Name};
use proto::cinema::movie::v1::MovieStatus;
use proto::cinema::theater::v1::{ListScreeningsRequest, ListScreensRequest, Screen, Screening};
use proto::ordering::v1::{Fulfilment, Phase};
use std::collections::BTreeMap;

impl Cinema {
    /// What was stated last of every entity of a kind, by its id.
    async fn stated<E: Message + Name + Default + 'static>(&self) -> BTreeMap<String, E> {
        let of = format!("yemae.cinema-theater.{}.", E::NAME);
        let rows = self.world.site("cinema-theater").store.read(move |db| {
            let rows: Vec<(String, Vec<u8>)> = outbox::table
                .filter(outbox::subject.like(format!("{of}%")))
                .order((outbox::version, outbox::seq))
                .select((outbox::subject, outbox::body))
                .load(db)?;
            rows.into_iter()
                .map(|(subject, body)| {
                    Ok((
                        subject[of.len()..].to_owned(),
                        policy::decode_entity(&body)?,
                    ))
                })
                .collect()
        });
        rows.await.unwrap()
    }
}

#[tokio::test]
async fn the_last_row_of_every_entity_is_its_present() {
    let (cinema, showing) = Cinema::showing().await;
    let (moving, waiting) = (id::new(), id::new());
    cinema.movie(&moving, 1, MovieStatus::PendingScreen).await;
    cinema.movie(&waiting, 1, MovieStatus::PendingScreen).await;
    cinema.screen("Busan", "1").await;
    cinema.movie(&moving, 2, MovieStatus::Open).await;
    cinema.movie(&moving, 3, MovieStatus::Closed).await;
    cinema
        .movie(&showing.movie_id, 9, MovieStatus::Closed)
        .await;
    let now = cinema.world.now();
    let orders = [(); 3].map(|()| id::new());
    for (order_id, seat) in orders.iter().zip(["1A", "1B", "1A"]) {
        let held = cinema.hold_for(attempt(order_id, 1), &showing, seat).await;
        assert_eq!(held.is_err(), *order_id == orders[2]);
        cinema
            .order(order(order_id, 1, Phase::Placed, &showing, seat, now))
            .await;
    }
    let cancelled = order(&orders[0], 2, Phase::Cancelled, &showing, "1A", now);
    cinema.order(cancelled).await;

    let mut staff = cinema.staff();
    let screens = staff.list_screens(ListScreensRequest::default()).await;
    let screens = screens.unwrap().into_inner().screens.into_iter();
    let screens: BTreeMap<_, _> = screens.map(|s| (s.screen_id.clone(), s)).collect();
    assert_eq!(cinema.stated::<Screen>().await, screens);
    assert!(screens.values().any(|screen| screen.version > 1));

    let all = ListScreeningsRequest {
        from: Some(now.minus(DAY).into()),
        ..ListScreeningsRequest::default()
    };
    let screenings = staff.list_screenings(all).await;
    let screenings = screenings.unwrap().into_inner().screenings.into_iter();
    let screenings: BTreeMap<_, _> = screenings.map(|s| (s.screening_id.clone(), s)).collect();
    assert_eq!(cinema.stated::<Screening>().await, screenings);

    let store = &cinema.world.site("cinema-theater").store;
    let fulfilments = store.read(ordering::fulfilments::all).await.unwrap();
    let fulfilments: BTreeMap<_, _> = fulfilments
        .into_iter()
        .map(|(fulfilment, _)| {
            let told = ordering::wire::fulfilment(&fulfilment, "cinema-theater");
            (fulfilment.order_id, told)
        })
        .collect();
    assert_eq!(fulfilments.len(), 3);
    assert_eq!(cinema.stated::<Fulfilment>().await, fulfilments);
}
