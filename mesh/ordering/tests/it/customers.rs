//! Customers, an administrator and a kiosk, who repeat what they were not told, change their minds and press twice.

use crate::history::{Called, Create, Deed, History, Told};
use crate::toys::booking::{self, BOOKING, PRICE};
use crate::toys::ticket::TICKET;
use futures::future::join;
use prost::Message;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    CancelBookingRequest, CreateBookingRequest, SystemCancelBookingRequest,
};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::shared::v1::{Money, Text};
use std::sync::Arc;
use std::time::Duration;
use testing::Caller;
use testing::chaos::Chaos;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

/// How long a call to create may keep a handler busy: its contract's deadline.
const DEADLINE: Duration = Duration::from_secs(5);

/// Everybody who calls into a world.
#[derive(Clone)]
pub struct Customers {
    world: Chaos,
    history: History,
    /// Two handlers that wait for a commit would be woken in an order that no seed decides.
    repeating: Arc<Semaphore>,
}

impl Customers {
    pub fn new(world: &Chaos, history: &History) -> Self {
        Self {
            world: world.clone(),
            history: history.clone(),
            repeating: Arc::new(Semaphore::new(1)),
        }
    }

    /// One customer's evening: a request to create, repeated until it is known or given up, then whatever comes to
    /// mind.
    pub async fn live(self, number: usize) {
        let dice = self.world.dice().clone();
        let customer = ["ann", "bob"][dice.below(2)];
        let request = self.request(number);
        sleep(dice.millis(0, 3_000)).await;
        if dice.chance(0.2) {
            let later = async {
                sleep(dice.millis(1, 200)).await;
                self.create(customer, &request).await;
            };
            join(self.create(customer, &request), later).await;
        }
        self.insist(customer, &request, 0.85).await;
        let placed = self.history.lock().unwrap().creates[&request.request_id].placed();
        let Some(booking) = placed else { return };
        if dice.chance(0.1) {
            self.misuse(customer, &request).await;
        }
        for _ in 0..1 + dice.below(5) {
            let pause = *dice.pick(&[30, 500, 5_000]);
            sleep(dice.millis(1, pause)).await;
            let id = booking.booking_id.as_str();
            match dice.below(6) {
                0 => self.cancel(customer, id).await,
                1 => self.print(id).await,
                2 => self.system_cancel(id).await,
                3 => drop(join(self.cancel(customer, id), self.print(id)).await),
                4 => drop(join(self.print(id), self.print(id)).await),
                _ => drop(self.create(customer, &request).await),
            }
        }
    }

    fn request(&self, number: usize) -> CreateBookingRequest {
        let dice = self.world.dice();
        let screening = match dice.below(10) {
            0 => "free".to_owned(),
            1 => format!("soon:{}", 3 + dice.below(20)),
            _ => "far".to_owned(),
        };
        let first = 1 + dice.below(8);
        let seats: Vec<_> = (first..first + 1 + dice.below(2))
            .map(|seat| format!("{seat}A"))
            .collect();
        let seats: Vec<_> = seats.iter().map(String::as_str).collect();
        CreateBookingRequest {
            request_id: format!("request-{number}"),
            ..self.request_for(&screening, &seats)
        }
    }

    /// A request for these seats.
    pub fn request_for(&self, screening: &str, seats: &[&str]) -> CreateBookingRequest {
        let price = if screening == "free" { 0 } else { PRICE };
        CreateBookingRequest {
            request_id: "request".to_owned(),
            screening_id: booking::screening(screening),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: price * seats.len() as i64,
            }),
            seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
            payment_method: "card".to_owned(),
            hold_id: String::new(),
        }
    }

    /// Repeats a request until its answer is known; after a no or an unknown only with this probability.
    pub async fn insist(&self, customer: &str, request: &CreateBookingRequest, patience: f64) {
        let dice = self.world.dice();
        for _ in 0..6 {
            let again = match self.create(customer, request).await {
                Told::Yes(_) => return,
                Told::No(_) => patience * 0.4,
                Told::Unknown(_) => patience,
            };
            if !dice.chance(again) {
                return;
            }
            let pause = *dice.pick(&[100, 3_000, 20_000]);
            sleep(dice.millis(1, pause)).await;
        }
    }

    /// One call, written down.
    pub async fn create(&self, customer: &str, request: &CreateBookingRequest) -> Told<Vec<u8>> {
        let alone = if self.is_first(customer, request) {
            None
        } else {
            Some(self.repeating.clone().acquire_owned().await.unwrap())
        };
        let (at, over) = (self.world.now(), Instant::now() + DEADLINE);
        let answer = self
            .booking(Caller::customer(customer))
            .create_booking(request.clone())
            .await;
        let told = Told::read(answer, |response| response.encode_to_vec());
        self.world
            .say(|| format!("{customer} {} told {}", request.request_id, said(&told)));
        let called = Called {
            at,
            until: self.world.now(),
            told: told.clone(),
        };
        self.write_down(&request.request_id, called);
        if alone.is_some() {
            sleep_until(over).await;
        }
        told
    }

    /// Whether nobody asked for this before; now somebody has.
    fn is_first(&self, customer: &str, request: &CreateBookingRequest) -> bool {
        let create = Create {
            customer: customer.to_owned(),
            request: request.clone(),
            calls: Vec::new(),
        };
        let mut book = self.history.lock().unwrap();
        let is_first = !book.creates.contains_key(&request.request_id);
        book.creates
            .entry(request.request_id.clone())
            .or_insert(create);
        is_first
    }

    fn write_down(&self, request_id: &str, called: Called<Vec<u8>>) {
        let mut book = self.history.lock().unwrap();
        let create = book.creates.get_mut(request_id).unwrap();
        create.calls.push(called);
    }

    /// The same request id for another request.
    async fn misuse(&self, customer: &str, request: &CreateBookingRequest) {
        let mut other = request.clone();
        other.seats.push("9Z".to_owned());
        let answer = self
            .booking(Caller::customer(customer))
            .create_booking(other)
            .await;
        self.history
            .lock()
            .unwrap()
            .misused
            .push(Told::read(answer, drop));
    }

    /// One request to cancel, written down.
    pub async fn cancel(&self, customer: &str, id: &str) {
        let at = self.world.now();
        let request = CancelBookingRequest {
            booking_id: id.to_owned(),
        };
        let answer = self
            .booking(Caller::customer(customer))
            .cancel_booking(request)
            .await;
        self.done(Deed::Cancel, id, at, Told::read(answer, |_| None));
    }

    async fn system_cancel(&self, id: &str) {
        let at = self.world.now();
        let request = SystemCancelBookingRequest {
            booking_id: id.to_owned(),
            reason: Some(Text {
                en: "the projector broke".to_owned(),
                ko: "영사기 고장".to_owned(),
            }),
        };
        let answer = self
            .booking(Caller::user("root", &["admin"]))
            .system_cancel_booking(request)
            .await;
        self.done(Deed::SystemCancel, id, at, Told::read(answer, |_| None));
    }

    /// One print, written down.
    pub async fn print(&self, id: &str) {
        let at = self.world.now();
        let request = PrintTicketRequest {
            booking_id: id.to_owned(),
        };
        let client = self.world.client(TICKET, Caller::user("kiosk", &["staff"]));
        let answer = TicketServiceClient::new(client).print_ticket(request).await;
        let told = Told::read(answer, |response| {
            response
                .ticket
                .and_then(|ticket| ticket.printed_at)
                .map(Into::into)
        });
        self.done(Deed::Print, id, at, told);
    }

    fn done(&self, deed: Deed, id: &str, at: mesh::Time, told: Told<Option<mesh::Time>>) {
        self.world
            .say(|| format!("{deed:?} {id} told {}", said(&told)));
        let until = self.world.now();
        let called = Called { at, until, told };
        self.history
            .lock()
            .unwrap()
            .deeds
            .push((deed, id.to_owned(), called));
    }

    fn booking(&self, caller: Caller) -> BookingServiceClient<mesh::client::Client> {
        BookingServiceClient::new(self.world.client(BOOKING, caller))
    }
}

fn said<T>(told: &Told<T>) -> String {
    match told {
        Told::Yes(_) => "yes".to_owned(),
        Told::No(why) => format!("no: {why}"),
        Told::Unknown(why) => format!("nothing: {why}"),
    }
}
