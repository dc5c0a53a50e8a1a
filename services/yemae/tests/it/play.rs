//! People at a mesh's one door who see what it answers as it is, a load that writes down what it saw, and the processes
//! that a test does harm to.

use crate::rig::{PATIENCE, Up, wait_for, yemae};
use mesh::identity::Key;
use mesh::{Clock, refusal};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest, GetBookingRequest};
use proto::cinema::movie::v1::GetMovieRequest;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, ListScreeningsRequest, SeatState};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, ListPaymentsRequest, Payment, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// A connection carries at most 256 calls at once; so many carry everybody of a test.
const CONNECTIONS: usize = 4;

/// Whether everything is done as often as the reliability design asks, or as often as every change can wait for.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, read nowhere else"
)]
pub fn in_full() -> bool {
    std::env::var("YEMAE_PROOF").is_ok_and(|proof| proof == "full")
}

/// The one address of a mesh, as it is: no retries, no breaker between a test and what is answered.
pub struct Door {
    channels: Vec<Channel>,
    key: Key,
}

impl Door {
    /// Must be called within a runtime.
    #[expect(
        clippy::disallowed_methods,
        reason = "what the mesh answers is looked at, not what a patient client makes of it"
    )]
    pub fn of(up: &Up) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", up.grpc)).unwrap();
        Self {
            channels: (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect(),
            key: Key::read(&up.data.join("keys/users.pem")).unwrap(),
        }
    }

    pub fn customer(&self, subject: &str) -> Person {
        self.person(subject, &["customer"])
    }

    pub fn admin(&self) -> Person {
        self.person("admin", &["admin", "staff"])
    }

    fn person(&self, subject: &str, roles: &[&str]) -> Person {
        let hour = Duration::from_secs(3600);
        let token = self
            .key
            .user_token(subject, roles, Clock::system().now(), hour);
        let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
        let which = subject.bytes().map(usize::from).sum::<usize>() % self.channels.len();
        Person(InterceptedService::new(
            self.channels[which].clone(),
            bearer,
        ))
    }
}

/// Says who calls.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let headers = request.metadata_mut();
        headers.insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Somebody at the door.
#[derive(Clone)]
pub struct Person(InterceptedService<Channel, Bearer>);

/// A screening that seats of can be booked.
#[derive(Clone, Debug)]
pub struct Show {
    pub screening_id: String,
    pub price: i64,
}

impl Person {
    /// What `up --demo` filled in first: 10 rows of 12 seats.
    pub async fn show(&self) -> Show {
        let listed = TheaterServiceClient::new(self.0.clone())
            .list_screenings(ListScreeningsRequest::default())
            .await;
        let screening = listed.unwrap().into_inner().screenings.swap_remove(0);
        let asked = GetMovieRequest {
            movie_id: screening.movie_id,
        };
        let movie = MovieServiceClient::new(self.0.clone())
            .get_movie(asked)
            .await;
        let price = movie.unwrap().into_inner().movie.unwrap().ticket_price;
        Show {
            screening_id: screening.screening_id,
            price: price.unwrap().minor_units,
        }
    }

    pub fn bookings(&self) -> BookingServiceClient<InterceptedService<Channel, Bearer>> {
        BookingServiceClient::new(self.0.clone())
    }

    pub fn theater(&self) -> TheaterServiceClient<InterceptedService<Channel, Bearer>> {
        TheaterServiceClient::new(self.0.clone())
    }

    /// One try at booking seats: "1A 1B".
    pub async fn book(
        &self,
        show: &Show,
        seats: &str,
        request_id: &str,
    ) -> Result<Booking, Status> {
        let seats: Vec<String> = seats.split(' ').map(str::to_owned).collect();
        let request = CreateBookingRequest {
            request_id: request_id.to_owned(),
            screening_id: show.screening_id.clone(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: show.price * seats.len() as i64,
            }),
            seats,
            payment_method: "pm_test".to_owned(),
            hold_id: String::new(),
        };
        let answer = self.bookings().create_booking(request).await?;
        Ok(answer.into_inner().booking.unwrap())
    }

    /// Tries with the same request_id until there is a yes, or a no that a repeat would not change.
    pub async fn book_at_last(
        &self,
        show: &Show,
        seats: &str,
        request_id: &str,
    ) -> Result<Booking, Status> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.book(show, seats, request_id).await {
                Err(status) if is_passing(&status) && Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                answer => return answer,
            }
        }
    }

    pub async fn booking(&self, booking_id: &str) -> Result<Booking, Status> {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = self.bookings().get_booking(request).await?;
        Ok(answer.into_inner().booking.unwrap())
    }

    pub async fn seat(&self, show: &Show, seat: &str) -> SeatState {
        let request = GetSeatMapRequest {
            screening_id: show.screening_id.clone(),
        };
        let map = self.theater().get_seat_map(request).await;
        let map = map.unwrap().into_inner().seat_map.unwrap();
        let own = map.seats.iter().find(|own| own.seat == seat);
        own.unwrap().state()
    }

    /// Every payment there ever was; of one order, or of all.
    pub async fn payments(&self, order_id: &str) -> Vec<Payment> {
        let mut all = Vec::new();
        let mut request = ListPaymentsRequest {
            page_size: 200,
            order_id: order_id.to_owned(),
            ..ListPaymentsRequest::default()
        };
        loop {
            let page = PaymentServiceClient::new(self.0.clone())
                .list_payments(request.clone())
                .await;
            let page = page.unwrap().into_inner();
            all.extend(page.payments);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Tells the simulated provider how to be from now on.
    pub async fn provider(&self, behavior: Behavior) {
        let behavior = Some(behavior);
        SimulatorServiceClient::new(self.0.clone())
            .set_behavior(SetBehaviorRequest { behavior })
            .await
            .unwrap();
    }
}

/// Whether the same request may end differently a moment later.
pub fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
    )
}

pub fn reason(status: &Status) -> String {
    refusal::reason(status).unwrap_or_else(|| format!("no reason: {status:?}"))
}

/// `yemae audit --quiet`, over what these clients saw. Panics unless it is clean.
pub fn audit(up: &Up, histories: &[PathBuf]) {
    let mut arguments = vec!["audit", "--quiet", "--wait", "120"];
    for history in histories {
        arguments.extend(["--history", history.to_str().unwrap()]);
    }
    let verdict = up.ok(&arguments);
    let passed_over = usize::from(histories.is_empty());
    assert_eq!(
        verdict.matches("not checked").count(),
        passed_over,
        "{verdict}"
    );
}

/// A running `yemae load`.
pub struct Load {
    history: PathBuf,
    child: Child,
}

impl Load {
    /// Starts one that goes on until it is killed.
    pub fn start(up: &Up, history: &Path, clients: u32, seed: u64) -> Self {
        let child = yemae()
            .args(["load", "--seconds", "3600"])
            .args(["--clients", &clients.to_string()])
            .args(["--seed", &seed.to_string()])
            .arg("--history")
            .arg(history)
            .arg("--data")
            .arg(&up.data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            history: history.to_owned(),
            child,
        }
    }

    /// How many bookings were answered OK so far.
    pub fn booked(&self) -> usize {
        let text = std::fs::read_to_string(&self.history).unwrap_or_default();
        text.lines()
            .filter(|line| line.contains(r#""op":"create","outcome":"ok""#))
            .count()
    }

    /// Waits until so many bookings were answered OK. Never waits longer than that many would take at 10 a second.
    pub fn wait_for_booked(&mut self, number: usize) {
        let end = Instant::now() + PATIENCE + Duration::from_millis(100) * number as u32;
        while self.booked() < number {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the load ended: {ended:?}");
            let booked = self.booked();
            assert!(Instant::now() < end, "only {booked} of {number} booked");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it. What it wrote stays; the last line may be torn.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes whose command line has all of these in it.
pub fn pids_with(words: &[&str]) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if words.iter().all(|word| line.contains(word)) {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

/// The process of a context under `up --processes`.
pub fn context(up: &Up, name: &str) -> Option<Pid> {
    let words = [
        format!("child {name} "),
        format!("--data={}", up.data.display()),
    ];
    pids_with(&[&words[0], &words[1]]).first().copied()
}

/// The broker of a mesh.
pub fn broker(up: &Up) -> Option<Pid> {
    let store = up.data.join("nats").display().to_string();
    // Before it became the broker it was a guard.
    let guards = pids_with(&[" guard ", &store]);
    pids_with(&["-js", &store])
        .into_iter()
        .find(|pid| !guards.contains(pid))
}

/// Sends it a signal. False: it was gone.
pub fn send(pid: Pid, signal: Signal) -> bool {
    kill(pid, signal).is_ok()
}

/// Waits until nothing is left that mentions this mesh's data directory.
pub fn wait_until_gone(data: &Path) {
    let word = data.display().to_string();
    wait_for("every process of the mesh to be gone", || {
        crate::rig::processes_with(&word).is_empty().then_some(())
    });
}
