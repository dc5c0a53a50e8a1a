//! A cinema: theater, and a catalogue and an order side that only say what a test wants them to.

mod words;

pub use words::{asking, attempt, list, order, reason, told};

use mesh::{Change, Context, Event, Time, id};
use proto::cinema::booking::v1::{Claim, ClaimDropped};
use proto::cinema::movie::v1::{Movie, MovieOpened, MovieStatus};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::*;
use proto::ordering::v1::{Fulfilment, Order, OrderEvent};
use proto::shared::v1::Money;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

pub const DAY: Duration = Duration::from_secs(24 * 3600);
pub const MINUTE: Duration = Duration::from_secs(60);

type Heard<T> = Arc<Mutex<Vec<T>>>;
pub type Client = TheaterServiceClient<mesh::client::Client>;

/// A cinema with nothing in it.
pub struct Cinema {
    pub world: World,
    pub screens: Heard<Screen>,
    pub screenings: Heard<Screening>,
    /// Event name and what it states.
    pub fulfilments: Heard<(String, Fulfilment)>,
    requests: Mutex<u32>,
}

impl Cinema {
    pub fn new() -> Self {
        let (screens, screenings) = (Heard::default(), Heard::default());
        let fulfilments = Heard::default();
        let (to_screens, to_screenings) = (screens.clone(), screenings.clone());
        let to_fulfilments = fulfilments.clone();
        let catalogue = Context::new("cinema-movie").follows(
            "screens",
            "cinema-theater",
            move |_, change: &Change<Screen>| {
                to_screens.lock().unwrap().push(change.entity.clone());
                Ok(())
            },
        );
        let booking = Context::new("cinema-booking")
            .follows(
                "screenings",
                "cinema-theater",
                move |_, change: &Change<Screening>| {
                    to_screenings.lock().unwrap().push(change.entity.clone());
                    Ok(())
                },
            )
            .follows(
                "fulfilments",
                "cinema-theater",
                move |_, change: &Change<Fulfilment>| {
                    let stated = (change.name.clone(), change.entity.clone());
                    to_fulfilments.lock().unwrap().push(stated);
                    Ok(())
                },
            );
        let world = World::new()
            .with(cinema_theater::context())
            .with(catalogue)
            .with(booking);
        Self {
            world,
            screens,
            screenings,
            fulfilments,
            requests: Mutex::default(),
        }
    }

    pub fn client(&self, caller: Caller) -> Client {
        TheaterServiceClient::new(self.world.client("cinema-theater", caller))
    }

    pub fn staff(&self) -> Client {
        self.client(Caller::user("staff", &["staff"]))
    }

    pub fn customer(&self, name: &str) -> Client {
        self.client(Caller::customer(name))
    }

    pub fn booking(&self) -> Client {
        self.client(Caller::service("cinema-booking"))
    }

    /// A request id that nobody used.
    pub fn request_id(&self) -> String {
        let mut requests = self.requests.lock().unwrap();
        *requests += 1;
        format!("request {requests}")
    }

    pub async fn state(&self, context: &str, event: Event) {
        let site = self.world.site(context);
        let stated = site.store.write((), move |tx| tx.enqueue(event.clone()));
        stated.await.unwrap();
        self.world.settle().await;
    }

    /// The catalogue says this of a theatrical movie that runs 100 minutes.
    pub async fn movie(&self, movie_id: &str, version: i64, status: MovieStatus) {
        let movie = Movie {
            movie_id: movie_id.to_owned(),
            version,
            title: "Soul".to_owned(),
            running_minutes: 100,
            ticket_price: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: 12_000,
            }),
            status: status.into(),
            registered_at: Some(self.world.now().into()),
            ..Movie::default()
        };
        self.state_movie(movie).await;
    }

    pub async fn state_movie(&self, movie: Movie) {
        let (id, version) = (movie.movie_id.clone(), movie.version);
        let event = MovieOpened { movie: Some(movie) };
        self.state("cinema-movie", Event::new(id, version, &event))
            .await;
    }

    pub async fn screen(&self, theater: &str, name: &str) -> Screen {
        self.room(theater, name, (4, 5)).await
    }

    async fn room(&self, theater: &str, name: &str, (rows, columns): (i32, i32)) -> Screen {
        let request = CreateScreenRequest {
            request_id: self.request_id(),
            theater: theater.to_owned(),
            name: name.to_owned(),
            rows,
            columns,
        };
        let created = self.staff().create_screen(request).await.unwrap();
        self.world.settle().await;
        created.into_inner().screen.unwrap()
    }

    pub async fn schedule(
        &self,
        movie_id: &str,
        screen_id: &str,
        starts_at: Time,
    ) -> Result<Screening, Status> {
        let request = ScheduleScreeningRequest {
            request_id: self.request_id(),
            movie_id: movie_id.to_owned(),
            screen_id: screen_id.to_owned(),
            starts_at: Some(starts_at.into()),
        };
        let scheduled = self.staff().schedule_screening(request).await?;
        self.world.settle().await;
        Ok(scheduled.into_inner().screening.unwrap())
    }

    /// A cinema with a screening in a day: 4 rows, 5 columns.
    pub async fn showing() -> (Self, Screening) {
        Self::showing_in((4, 5)).await
    }

    /// The same in a room of these rows and columns.
    pub async fn showing_in(size: (i32, i32)) -> (Self, Screening) {
        let cinema = Self::new();
        let movie_id = id::new();
        let screen = cinema.room("Seoul", "1", size).await;
        cinema.movie(&movie_id, 1, MovieStatus::Open).await;
        let starts_at = cinema.world.now().plus(DAY);
        let screening = cinema.schedule(&movie_id, &screen.screen_id, starts_at);
        let screening = screening.await.unwrap();
        (cinema, screening)
    }

    /// A customer's own hold.
    pub async fn hold(&self, name: &str, on: &Screening, seats: &str) -> Result<Hold, Status> {
        let request = HoldSeatsRequest {
            request_id: self.request_id(),
            ..asking(on, seats)
        };
        let held = self.customer(name).hold_seats(request).await?;
        Ok(held.into_inner().hold.unwrap())
    }

    /// A booking's hold, asked for by the order side.
    pub async fn hold_for(
        &self,
        booking: BookingClaim,
        on: &Screening,
        seats: &str,
    ) -> Result<Hold, Status> {
        let request = HoldSeatsRequest {
            booking: Some(booking),
            ..asking(on, seats)
        };
        let held = self.booking().hold_seats(request).await?;
        Ok(held.into_inner().hold.unwrap())
    }

    /// The order side says this of a booking.
    pub async fn order(&self, order: Order) {
        let (id, version) = (order.order_id.clone(), order.version);
        let name = "yemae.cinema.booking.v1.BookingProgressed";
        let event = OrderEvent { order: Some(order) };
        self.state("cinema-booking", Event::named(name, id, version, &event))
            .await;
    }

    /// The order side says that attempts up to this one came to nothing.
    pub async fn dropped(&self, order_id: &str, dropped: i32) {
        self.claim(order_id, dropped.into(), dropped).await;
    }

    pub async fn claim(&self, order_id: &str, version: i64, dropped: i32) {
        let claim = Claim {
            order_id: order_id.to_owned(),
            version,
            dropped,
        };
        let event = ClaimDropped { claim: Some(claim) };
        let event = Event::new(order_id, version, &event);
        self.state("cinema-booking", event).await;
    }

    pub async fn map(&self, on: &Screening) -> SeatMap {
        let request = GetSeatMapRequest {
            screening_id: on.screening_id.clone(),
        };
        let map = self.customer("anybody").get_seat_map(request).await;
        map.unwrap().into_inner().seat_map.unwrap()
    }

    /// The seats that are not free: "held 1A; reserved 1B,1C".
    pub async fn taken(&self, on: &Screening) -> String {
        told(&self.map(on).await)
    }

    /// What theater has said of an order: event by event.
    pub fn said(&self, order_id: &str) -> Vec<String> {
        let said = self.fulfilments.lock().unwrap();
        said.iter()
            .filter(|(_, fulfilment)| fulfilment.order_id == order_id)
            .map(|(name, _)| name.rsplit('.').next().unwrap().to_owned())
            .collect()
    }

    /// What theater said of an order last.
    pub fn fulfilment(&self, order_id: &str) -> Fulfilment {
        let said = self.fulfilments.lock().unwrap();
        let last = said.iter().rev().find(|(_, f)| f.order_id == order_id);
        last.unwrap().1.clone()
    }

    /// The audit's live claims of bookings: seat, order and whether it is reserved.
    pub async fn claims(&self) -> Vec<(String, String, bool)> {
        let store = &self.world.site("cinema-theater").store;
        let held = store.read(cinema_theater::audit::held).await.unwrap();
        held.into_iter()
            .filter(|held| held.live)
            .map(|held| (held.seat, held.order_id, held.reserved))
            .collect()
    }
}
