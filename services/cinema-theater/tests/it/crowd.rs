//! Many at once, on the threads and the database that production has.

mod ground;

use crate::fixture::{Client, asking, attempt, list, order, reason};
use futures::future::join_all;
use ground::Ground;
use mesh::call::{self, Call, User};
use mesh::client::{Client as Door, Request};
use mesh::policy::Delivery;
use mesh::store::Setup;
use mesh::{Clock, Contracts, Peers, Site, Store, Time, id};
use proto::cinema::movie::v1::{Movie, MovieOpened, MovieStatus};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::*;
use proto::ordering::v1::{OrderEvent, Phase};
use proto::shared::v1::Money;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

const NOW: Time = Time(1_750_000_000_000_000);

/// A theater with one screening: 10 rows, 10 columns.
struct Theater {
    site: Site,
    routes: Routes,
    screening: Screening,
    policies: Vec<mesh::policy::Policy>,
    ground: Arc<Ground>,
}

impl Theater {
    async fn open() -> Self {
        let mut theater = Self::on(Ground::new().into());
        theater.screening = theater.show().await;
        theater
    }

    /// Another process on the same database.
    fn replica(&self) -> Self {
        Self {
            screening: self.screening.clone(),
            ..Self::on(self.ground.clone())
        }
    }

    fn on(ground: Arc<Ground>) -> Self {
        let mut context = cinema_theater::context();
        let (clock, _) = Clock::manual(NOW);
        let setup = Setup {
            context: context.name().to_owned(),
            url: ground.url.clone(),
            clock: clock.clone(),
            contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()),
        };
        let site = Site {
            context: context.name(),
            store: Store::open(setup, context.take_migrations()).unwrap(),
            clock,
            peers: Peers::default(),
            stop: CancellationToken::new(),
        };
        let mut routes = RoutesBuilder::default();
        context.routes(&site, &mut routes);
        Self {
            site,
            routes: routes.routes(),
            screening: Screening::default(),
            policies: context.policies,
            ground,
        }
    }

    async fn show(&self) -> Screening {
        let mut staff = self.client("staff");
        let create = CreateScreenRequest {
            request_id: "1".to_owned(),
            theater: "Seoul".to_owned(),
            name: "1".to_owned(),
            rows: 10,
            columns: 10,
        };
        let screen = staff.create_screen(create).await.unwrap().into_inner();
        let movie_id = id::new();
        let movie = Movie {
            movie_id: movie_id.clone(),
            running_minutes: 100,
            ticket_price: Some(Money::default()),
            status: MovieStatus::Open.into(),
            ..Movie::default()
        };
        let event = MovieOpened { movie: Some(movie) };
        let subject = format!("yemae.cinema-movie.Movie.{movie_id}");
        self.deliver(subject, &event).await;
        let schedule = ScheduleScreeningRequest {
            request_id: "1".to_owned(),
            movie_id,
            screen_id: screen.screen.unwrap().screen_id,
            starts_at: Some(NOW.plus(crate::fixture::DAY).into()),
        };
        let planned = staff.schedule_screening(schedule).await.unwrap();
        planned.into_inner().screening.unwrap()
    }

    async fn deliver(&self, subject: String, event: &impl prost::Message) {
        let delivery = Delivery {
            subject: subject.clone(),
            name: String::new(),
            version: 1,
            at: NOW,
            body: event.encode_to_vec(),
            correlation: None,
        };
        let policies = self.policies.clone();
        let heard = self.site.store.write(subject, move |tx| {
            policies
                .iter()
                .filter(|policy| policy.follows(&delivery))
                .try_for_each(|policy| policy.apply(tx, &delivery))
        });
        heard.await.unwrap();
    }

    fn client(&self, name: &str) -> Client {
        self.client_of(call::Caller {
            user: Some(User {
                subject: name.to_owned(),
                roles: Vec::new(),
            }),
            service: None,
        })
    }

    fn booking(&self) -> Client {
        self.client_of(call::Caller {
            user: None,
            service: Some(call::Service {
                context: "cinema-booking".to_owned(),
                scopes: Vec::new(),
            }),
        })
    }

    fn client_of(&self, caller: call::Caller) -> Client {
        let routes = self.routes.clone();
        let door: Door = BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let call = Call {
                context: "cinema-theater".to_owned(),
                method: request.uri().path().to_owned(),
                locale: "ko".to_owned(),
                caller: caller.clone(),
                ..Call::default()
            };
            let mut routes = routes.clone();
            call::scope(Arc::new(call), async move {
                let ready = ServiceExt::<Request>::ready(&mut routes).await.unwrap();
                Ok::<_, Infallible>(ready.call(request).await.unwrap())
            })
        }));
        TheaterServiceClient::new(door)
    }

    /// Each of these buyers asks for these seats, all at once, each on a task of its own.
    async fn rush(&self, asks: Vec<String>) -> Vec<Result<Hold, Status>> {
        let buyers = asks.into_iter().enumerate().map(|(buyer, seats)| {
            let mut client = self.client(&format!("buyer {buyer}"));
            let request = HoldSeatsRequest {
                request_id: "1".to_owned(),
                ..asking(&self.screening, &seats)
            };
            mesh::task::detach(async move { client.hold_seats(request).await })
        });
        let held = join_all(buyers).await.into_iter();
        held.map(|held| Ok(held.unwrap()?.into_inner().hold.unwrap()))
            .collect()
    }

    async fn taken(&self) -> Vec<String> {
        let request = GetSeatMapRequest {
            screening_id: self.screening.screening_id.clone(),
        };
        let map = self.client("anybody").get_seat_map(request).await.unwrap();
        let seats = map.into_inner().seat_map.unwrap().seats.into_iter();
        seats
            .filter(|seat| seat.state() != SeatState::Free)
            .map(|seat| seat.seat)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_500_buyers_of_one_seat_exactly_one_has_it() {
    let theater = Theater::open().await;
    let held = theater.rush(vec!["5E".to_owned(); 500]).await;
    let winners = held.iter().filter(|held| held.is_ok()).count();
    assert_eq!(winners, 1);
    for refused in held.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), "SEATS_TAKEN");
    }
    assert_eq!(theater.taken().await, ["5E"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_has_half_of_what_they_asked_for() {
    let theater = Theater::open().await;
    // Chains of seats that overlap with the next buyer's, so that each win is another's loss.
    let seat = |n: usize| {
        let column = char::from(b'A' + (n % 10) as u8);
        format!("{}{column}", n / 10 % 10 + 1)
    };
    let asks = (0..300).map(|n| format!("{},{}", seat(n), seat(n + 1)));
    let held = theater.rush(asks.collect()).await;
    let mut owners = BTreeMap::<String, usize>::new();
    for hold in held.into_iter().flatten() {
        assert_eq!(hold.seats.len(), 2);
        for seat in hold.seats {
            *owners.entry(seat).or_default() += 1;
        }
    }
    assert!(owners.values().all(|owners| *owners == 1), "{owners:?}");
    let mut taken = theater.taken().await;
    taken.sort();
    assert_eq!(taken, owners.into_keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn customers_attempts_and_orders_never_share_a_seat() {
    let theater = Arc::new(Theater::open().await);
    let bookings: Vec<String> = (0..100).map(|_| id::new()).collect();
    let attempts = bookings.iter().cloned().enumerate().map(|(n, booking)| {
        let theater = theater.clone();
        mesh::task::detach(async move {
            let seat = format!("{}A", n % 10 + 1);
            let request = HoldSeatsRequest {
                booking: Some(attempt(&booking, 1)),
                ..asking(&theater.screening, &seat)
            };
            let held = theater.booking().hold_seats(request).await.is_ok();
            if held || n % 3 == 0 {
                let order = order(&booking, 1, Phase::Placed, &theater.screening, &seat, NOW);
                let subject = format!("yemae.cinema-booking.Order.{booking}");
                let event = OrderEvent { order: Some(order) };
                theater.deliver(subject, &event).await;
            }
        })
    });
    let attempts: Vec<_> = attempts.collect();
    let asks = (0..100).map(|n| format!("{}A", n % 10 + 1)).collect();
    theater.rush(asks).await;
    for attempt in attempts {
        attempt.await.unwrap();
    }
    let claims = theater.site.store.read(cinema_theater::audit::held).await;
    let mut owners = BTreeMap::<String, usize>::new();
    for held in claims.unwrap().into_iter().filter(|held| held.live) {
        *owners.entry(held.seat).or_default() += 1;
    }
    assert!(owners.values().all(|owners| *owners == 1), "{owners:?}");
    let all = list("1A,2A,3A,4A,5A,6A,7A,8A,9A,10A");
    assert_eq!(theater.taken().await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watch_sees_what_another_replica_changed() {
    let theater = Theater::open().await;
    let watch = WatchSeatMapRequest {
        screening_id: theater.screening.screening_id.clone(),
        after_version: 1,
    };
    let watching = theater.client("ann").watch_seat_map(watch).await;
    let mut watching = watching.unwrap().into_inner();
    // The watch looks first, and finds nothing new.
    let bound = std::time::Duration::from_secs(30);
    let next = tokio::time::timeout(bound, watching.message());
    let change = async { theater.replica().rush(vec!["5E".to_owned()]).await };
    let (next, _) = tokio::join!(biased; next, change);
    let map = next.unwrap().unwrap().unwrap().seat_map.unwrap();
    assert_eq!(crate::fixture::told(&map), "held 5E");
}
