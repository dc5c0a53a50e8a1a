//! What the contexts, the provider and the bus know.

use crate::toys::booking::BOOKING;
use crate::toys::payment::Charge;
use crate::toys::provider;
use crate::toys::theater::{self, THEATER};
use crate::toys::ticket::TICKET;
use crate::toys::{Toys, mypage, payment};
use diesel::prelude::*;
use mesh::Db;
use ordering::domain::fulfilment::Fulfilment;
use ordering::domain::order::Order;
use ordering::schema::intent;
use ordering::{PAYMENT, claims, fulfilments, orders};
use prost::Message;
use proto::cinema::booking::v1::Seating;
use std::collections::BTreeMap;
use testing::chaos::Chaos;

/// An intent's row, as far as the rules need it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = intent)]
pub struct IntentRow {
    pub order_id: String,
    pub request_id: String,
    pub state: String,
}

/// Everything that the rules join.
pub struct Facts {
    pub orders: Vec<Order>,
    pub intents: Vec<IntentRow>,
    pub claims: Vec<(String, String)>,
    pub charges: Vec<Charge>,
    pub provider: BTreeMap<String, provider::Charge>,
    pub doubles: Vec<String>,
    pub seats: Vec<(String, String, bool)>,
    pub fulfilments: BTreeMap<(&'static str, String), (Fulfilment, i64)>,
    pub shown: BTreeMap<String, (i64, Vec<u8>)>,
    pub told: Vec<(String, i32)>,
    /// The orders that any event told of.
    pub published: Vec<String>,
}

impl Facts {
    pub fn read(world: &Chaos, toys: &Toys) -> Self {
        let booking = |db: &mut Db| {
            let mut claimed = claims::all(db).unwrap();
            claimed.sort();
            let intents = intent::table
                .select(IntentRow::as_select())
                .load(db)
                .unwrap();
            (orders::all(db).unwrap(), intents, claimed)
        };
        let (orders, intents, claims) = world.read(BOOKING, booking);
        let mut fulfilments = BTreeMap::new();
        for context in [THEATER, TICKET] {
            for (fulfilment, seen) in world.read(context, |db| fulfilments::all(db).unwrap()) {
                fulfilments.insert((context, fulfilment.order_id.clone()), (fulfilment, seen));
            }
        }
        let shown = world.read("mypage", |db| mypage::shown(db).unwrap());
        let of_orders = |subject: &str| {
            let id = subject.strip_prefix("yemae.cinema-booking.Order.");
            id.map(str::to_owned)
        };
        let books = toys.provider.lock().unwrap();
        let (provider, doubles) = (books.charges.clone(), books.doubles.clone());
        Self {
            orders,
            intents,
            claims,
            charges: world.read(PAYMENT, |db| payment::all(db).unwrap()),
            provider,
            doubles,
            seats: world.read(THEATER, |db| theater::all(db).unwrap()),
            fulfilments,
            shown: shown
                .into_iter()
                .map(|(id, version, body)| (id, (version, body)))
                .collect(),
            told: world.read("mypage", |db| mypage::all_told(db).unwrap()),
            published: world
                .published()
                .iter()
                .filter_map(|event| of_orders(&event.subject))
                .collect(),
        }
    }

    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub fn provider(&self, key: &str) -> provider::Charge {
        self.provider.get(key).cloned().unwrap_or_default()
    }
}

/// The seats that an order wants.
pub fn seats(order: &Order) -> Vec<String> {
    let seating = Seating::decode(order.detail.as_slice()).unwrap();
    seating
        .seats
        .iter()
        .map(|seat| theater::resource(&seating.screening_id, seat))
        .collect()
}
