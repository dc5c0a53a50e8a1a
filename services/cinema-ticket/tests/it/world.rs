//! The contexts around ticket, played by the test: they state the real messages and nothing else.

use mesh::{Context, Event, Time, id};
use ordering::domain::fulfilment::Fulfilment;
use ordering::fulfilments;
use prost::{Message, Name};
use proto::cinema::booking::v1::{BookingPlaced, Seating};
use proto::cinema::theater::v1::SeatsReserved;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::cinema::ticket::v1::{PrintTicketRequest, PrintTicketResponse};
use proto::ordering::v1::cancellation::State;
use proto::ordering::v1::{self as language, Cancellation, Order, Phase, Step};
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

/// How long the screening lasts from the world's start.
pub const SCREENING: Duration = Duration::from_secs(7200);

pub struct Cinema {
    pub world: World,
    start: Time,
}

impl Cinema {
    pub fn new() -> Self {
        Self::delivering(1)
    }

    pub fn delivering(times: usize) -> Self {
        let world = World::new()
            .delivering(times)
            .with(Context::new("cinema-booking"))
            .with(Context::new("cinema-theater"))
            .with(cinema_ticket::context());
        let start = world.now();
        Self { world, start }
    }

    /// Booking states version `version` of a booking of `customer`.
    pub async fn booking(&self, booking: &str, version: i64, phase: Phase, asked: i32) {
        let seating = Seating {
            movie_title: "Soul".to_owned(),
            theater: "Yongsan".to_owned(),
            screen_name: "3".to_owned(),
            starts_at: Some(self.start.into()),
            ends_at: Some(self.start.plus(SCREENING).into()),
            seats: vec!["1A".to_owned(), "1B".to_owned()],
            ..Seating::default()
        };
        let state = match phase {
            Phase::Cancelling => State::Asked,
            Phase::Cancelled => State::Done,
            _ if asked > 0 => State::Refused,
            _ => State::None,
        };
        let order = Order {
            order_id: booking.to_owned(),
            context: "cinema-booking".to_owned(),
            customer_id: "ann".to_owned(),
            version,
            phase: phase.into(),
            cancellation: Some(Cancellation {
                state: state.into(),
                number: asked,
                ..Cancellation::default()
            }),
            detail: Some(prost_types::Any {
                type_url: Seating::type_url(),
                value: seating.encode_to_vec(),
            }),
            ..Order::default()
        };
        let event = Event::new(booking, version, &BookingPlaced { order: Some(order) });
        self.state("cinema-booking", event).await;
    }

    /// Theater says that a booking's seats are reserved.
    pub async fn reserved(&self, booking: &str) {
        self.theater_says(booking, 1, &[1]).await;
    }

    /// Theater says as version `version` which steps a booking has reached there.
    pub async fn theater_says(&self, booking: &str, version: i64, steps: &[i32]) {
        let step = |code: &i32| Step {
            code: *code,
            ..Step::default()
        };
        let fulfilment = language::Fulfilment {
            order_id: booking.to_owned(),
            context: "cinema-theater".to_owned(),
            version,
            steps: steps.iter().map(step).collect(),
            ..language::Fulfilment::default()
        };
        let message = SeatsReserved {
            fulfilment: Some(fulfilment),
        };
        self.state("cinema-theater", Event::new(booking, version, &message))
            .await;
    }

    /// A booking whose ticket waits.
    pub async fn waiting(&self) -> String {
        let booking = id::new();
        self.booking(&booking, 1, Phase::Placed, 0).await;
        self.reserved(&booking).await;
        booking
    }

    pub async fn state(&self, context: &str, event: Event) {
        let store = &self.world.site(context).store;
        let stated = store.write((), move |tx| tx.enqueue(event.clone())).await;
        stated.unwrap();
        self.world.settle().await;
    }

    pub fn counter(&self) -> TicketServiceClient<mesh::client::Client> {
        self.as_user("kiosk", "staff")
    }

    pub fn as_user(&self, subject: &str, role: &str) -> TicketServiceClient<mesh::client::Client> {
        let caller = Caller::user(subject, &[role]);
        TicketServiceClient::new(self.world.client("cinema-ticket", caller))
    }

    pub async fn print(&self, booking: &str) -> Result<PrintTicketResponse, Status> {
        let request = PrintTicketRequest {
            booking_id: booking.to_owned(),
        };
        let printed = self.counter().print_ticket(request).await;
        self.world.settle().await;
        printed.map(tonic::Response::into_inner)
    }

    /// Why printing is refused.
    pub async fn no_print(&self, booking: &str) -> String {
        mesh::refusal::reason(&self.print(booking).await.unwrap_err()).unwrap()
    }

    /// Lets the screening end, with the clock's job or without.
    pub async fn end_screening(&self, with_job: bool) {
        self.world.advance(SCREENING);
        if with_job {
            self.world.tick().await;
        }
    }

    pub async fn fulfilment(&self, booking: &str) -> Fulfilment {
        let (store, booking) = (&self.world.site("cinema-ticket").store, booking.to_owned());
        let found = store.read(move |db| fulfilments::find(db, &booking)).await;
        found.unwrap().unwrap_or_default()
    }

    /// The steps of a booking's ticket.
    pub async fn steps(&self, booking: &str) -> Vec<i32> {
        let fulfilment = self.fulfilment(booking).await;
        fulfilment.steps.into_iter().map(|(step, _)| step).collect()
    }

    /// The newest answer to a request to cancel: its number, yes or no.
    pub async fn answer(&self, booking: &str) -> Option<(i32, bool)> {
        let answer = self.fulfilment(booking).await.answer?;
        Some((answer.number, answer.agreed))
    }

    /// What ticket has stated of a booking, by the events' short names.
    pub async fn stated(&self, booking: &str) -> Vec<String> {
        use diesel::prelude::*;
        use mesh::schema::outbox;
        let subject = format!("yemae.cinema-ticket.Fulfilment.{booking}");
        let query = move |db: &mut mesh::Db| -> Result<Vec<String>, mesh::Refusal> {
            Ok(outbox::table
                .filter(outbox::subject.eq(subject))
                .order(outbox::seq)
                .select(outbox::name)
                .load(db)?)
        };
        let names = self.world.site("cinema-ticket").store.read(query).await;
        let short = |name: String| name.rsplit('.').next().unwrap().to_owned();
        names.unwrap().into_iter().map(short).collect()
    }
}
