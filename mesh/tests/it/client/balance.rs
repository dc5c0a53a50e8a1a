//! Many servers behind one name: real ones on loopback addresses, one port, and a resolver that says what we say.

use super::peer::{contracts, get, millis};
use futures::future::{BoxFuture, join_all};
use mesh::client::{self, Board, Client, Endpoint, Lookup, Settings, State};
use mesh::task;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payment::v1::*;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A payment that answers each call when it is let to; most are let to from the start.
#[derive(Clone)]
struct Paying {
    number: u8,
    calls: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
}

#[tonic::async_trait]
impl PaymentService for Paying {
    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        drop(self.go.acquire().await);
        let payment = Payment {
            payment_id: self.number.to_string(),
            ..Payment::default()
        };
        Ok(Response::new(GetPaymentResponse {
            payment: Some(payment),
        }))
    }

    async fn approve(
        &self,
        _: Request<ApproveRequest>,
    ) -> Result<Response<ApproveResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn void(&self, _: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_payments(
        &self,
        _: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

struct Place {
    address: SocketAddr,
    paying: Paying,
    /// Its own, so that it can die with all its connections.
    runtime: Option<Runtime>,
}

impl Place {
    /// The server at 127.0.0.`number`.
    fn open(number: u8, port: u16) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::new(127, 0, 0, number), port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let paying = Paying {
            number,
            calls: Arc::default(),
            go: Arc::new(Semaphore::new(1000)),
        };
        let entered = runtime.enter();
        let serving = Server::builder()
            .add_service(PaymentServiceServer::new(paying.clone()))
            .serve_with_incoming(TcpIncoming::from(TcpListener::from_std(listener)?));
        drop(task::detach(serving));
        drop(entered);
        Ok(Self {
            address,
            paying,
            runtime: Some(runtime),
        })
    }

    fn dies(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    fn calls(&self) -> usize {
        self.paying.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.dies();
    }
}

type Answer = Result<Vec<SocketAddr>, &'static str>;

/// Places at 127.0.0.1 and on, and what the name of payment leads to.
struct Town {
    places: Vec<Place>,
    answer: Arc<Mutex<Answer>>,
    lookups: Arc<AtomicUsize>,
}

impl Town {
    fn of(count: u8) -> Self {
        let places = loop {
            let first = Place::open(1, 0).unwrap();
            let port = first.address.port();
            let others = (2..=count).map(|number| Place::open(number, port));
            // Somebody else may have this port at another address.
            if let Ok(others) = others.collect::<io::Result<Vec<_>>>() {
                break std::iter::once(first).chain(others).collect();
            }
        };
        let town = Self {
            places,
            answer: Arc::new(Mutex::new(Err("not told yet"))),
            lookups: Arc::default(),
        };
        town.leads_to(0..usize::from(count));
        town
    }

    fn says(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn leads_to(&self, places: impl IntoIterator<Item = usize>) {
        let addresses = places.into_iter().map(|place| self.places[place].address);
        self.says(Ok(addresses.collect()));
    }

    fn lookup(&self) -> Lookup {
        let (answer, lookups) = (self.answer.clone(), self.lookups.clone());
        Arc::new(move |host, _| {
            assert_eq!(host, "payment.test");
            let answer = answer.lock().unwrap().clone().map_err(io::Error::other);
            lookups.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { answer }) as BoxFuture<'static, _>
        })
    }

    fn client(&self, attempts: u32, board: &Board) -> PaymentServiceClient<Client> {
        let patience = Settings {
            total: Duration::from_secs(20),
            attempt: Duration::from_secs(10),
            attempts,
            ..Settings::default()
        };
        let endpoint = Endpoint::looked_up("http://payment.test:50051", self.lookup()).unwrap();
        let stack = client::stack(contracts(), None, "payment", endpoint, &patience, board);
        PaymentServiceClient::new(stack)
    }

    /// What was answered before is not waited for: only what is asked from now on counts.
    async fn is_looked_up(&self) {
        let before = self.lookups.load(Ordering::SeqCst);
        until(|| self.lookups.load(Ordering::SeqCst) > before + 1).await;
    }

    fn calls(&self) -> Vec<usize> {
        self.places.iter().map(Place::calls).collect()
    }
}

async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(millis(5)).await;
        }
    })
    .await;
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    let bound = Duration::from_secs(30);
    tokio::time::timeout(bound, work).await.expect("in time")
}

/// So many calls, so many at a time. Answers how many failed.
async fn call(client: &PaymentServiceClient<Client>, calls: usize, at_once: usize) -> usize {
    let left = AtomicUsize::new(calls);
    let callers = (0..at_once).map(|_| async {
        let mut failed = 0;
        let mine = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        while mine().is_ok() {
            failed += usize::from(get(client).await.is_err());
        }
        failed
    });
    join_all(callers).await.into_iter().sum()
}

#[tokio::test]
async fn calls_are_spread_evenly() {
    let town = Town::of(4);
    let client = town.client(1, &Board::default());
    for at_once in [1, 16] {
        let before = town.calls();
        assert_eq!(call(&client, 400, at_once).await, 0);
        let after = town.calls();
        let each: Vec<_> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        // 100 each, and more than 5 standard deviations to either side.
        assert!(
            each.iter().all(|calls| (55..150).contains(calls)),
            "{each:?}"
        );
    }
}

#[tokio::test]
async fn a_slow_one_gets_less() {
    let town = Town::of(3);
    let slow = &town.places[1].paying;
    // It answers nobody until the others have had enough.
    let closed = slow.go.acquire_many(1000).await.unwrap();
    let client = town.client(1, &Board::default());
    let callers = task::detach(async move { call(&client, 300, 16).await });
    until(|| town.calls()[0] + town.calls()[2] >= 200).await;
    assert!(
        slow.calls.load(Ordering::SeqCst) <= 16,
        "{:?}",
        town.calls()
    );
    drop(closed);
    assert_eq!(callers.await.unwrap(), 0);
}

#[tokio::test]
async fn a_dead_one_gets_nothing_and_no_call_fails() {
    let mut town = Town::of(3);
    let board = Board::default();
    let client = town.client(2, &board);
    assert_eq!(call(&client, 30, 4).await, 0);
    town.places[1].dies();
    // Its breaker opens: every attempt there is made again elsewhere.
    let mut failed = 0;
    let opens = async {
        while board.standings()[0].state != State::Open {
            failed += call(&client, 10, 1).await;
        }
    };
    soon(opens).await;
    assert_eq!(board.standings().len(), 1);
    assert_eq!(
        board.standings()[0].endpoint,
        format!("http://{}", town.places[1].address)
    );
    let before = board.standings()[0].consecutive_failures;
    failed += call(&client, 100, 4).await;
    assert_eq!(failed, 0);
    // It is asked no more, but by a probe if that took long.
    assert!(board.standings()[0].consecutive_failures <= before + 1);
}

#[tokio::test]
async fn who_is_no_longer_named_gets_no_call_and_who_is_gets_its_share() {
    let town = Town::of(4);
    town.leads_to([0, 1, 2]);
    let client = town.client(1, &Board::default());
    assert_eq!(call(&client, 40, 4).await, 0);
    // One is under way there when it is removed.
    let go = town.places[0].paying.go.clone();
    let closed = go.acquire_many(1000).await.unwrap();
    let before = town.calls()[0];
    let caller = client.clone();
    let under_way = task::detach(async move { call(&caller, 8, 8).await });
    until(|| town.calls()[0] > before).await;
    town.leads_to([2, 3]);
    town.is_looked_up().await;
    let before = town.calls();
    assert_eq!(call(&client, 300, 4).await, 0);
    let after = town.calls();
    let each: Vec<_> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    assert_eq!(each[..2], [0, 0]);
    assert!(
        each[2..].iter().all(|calls| (100..200).contains(calls)),
        "{each:?}"
    );
    drop(closed);
    assert_eq!(under_way.await.unwrap(), 0, "it was let end");
}

#[tokio::test]
async fn what_was_known_last_stands_while_a_name_leads_nowhere() {
    let town = Town::of(2);
    let client = town.client(1, &Board::default());
    assert_eq!(call(&client, 10, 1).await, 0);
    for nothing in [Err("no such host"), Ok(Vec::new())] {
        town.says(nothing);
        town.is_looked_up().await;
        assert_eq!(call(&client, 20, 2).await, 0);
    }
}

#[tokio::test]
async fn a_name_that_never_led_anywhere_is_a_peer_that_cannot_be_reached() {
    let town = Town::of(1);
    town.says(Err("no such host"));
    let client = town.client(1, &Board::default());
    let status = get(&client).await.unwrap_err();
    assert_eq!(mesh::refusal::reason(&status).unwrap(), "PEER_UNREACHABLE");
    assert!(client::never_sent(&status));
    town.leads_to([0]);
    until(|| town.lookups.load(Ordering::SeqCst) > 1).await;
    assert_eq!(call(&client, 1, 1).await, 0);
}

/// A rolling update to one who polls alone would mean two seconds of refused dials.
#[tokio::test]
async fn a_dial_that_fails_is_a_reason_to_look_at_once() {
    let mut town = Town::of(2);
    town.leads_to([0]);
    let client = town.client(3, &Board::default());
    assert_eq!(call(&client, 1, 1).await, 0);
    town.places[0].dies();
    town.leads_to([1]);
    let begun = std::time::Instant::now();
    let mut failed = 0;
    let moves = async {
        while town.calls()[1] == 0 {
            failed += call(&client, 1, 1).await;
        }
    };
    soon(moves).await;
    assert!(
        begun.elapsed() < millis(1500),
        "after {:?}",
        begun.elapsed()
    );
    assert!(failed <= 3, "{failed}");
}
