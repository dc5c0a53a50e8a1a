//! Many servers behind one name: real ones on loopback addresses, one port, and a resolver that says what we say.

use crate::client::peer::{contracts, get, millis};
use futures::future::{BoxFuture, join_all};
use mesh::client::{self, Board, Client, Endpoint, Lookup, Settings};
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
pub struct Paying {
    number: u8,
    pub calls: Arc<AtomicUsize>,
    pub go: Arc<Semaphore>,
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

/// A server that can die.
pub struct Place {
    pub address: SocketAddr,
    pub paying: Paying,
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

    pub fn dies(&mut self) {
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

/// What a resolver says.
pub type Answer = Result<Vec<SocketAddr>, &'static str>;

/// Places at 127.0.0.1 and on, and what the name of payment leads to.
pub struct Town {
    pub places: Vec<Place>,
    answer: Arc<Mutex<Answer>>,
    pub lookups: Arc<AtomicUsize>,
}

impl Town {
    pub fn of(count: u8) -> Self {
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

    pub fn says(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn leads_to(&self, places: impl IntoIterator<Item = usize>) {
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

    pub fn client(&self, attempts: u32, board: &Board) -> PaymentServiceClient<Client> {
        let patience = Settings {
            total: Duration::from_secs(20),
            attempt: Duration::from_secs(10),
            attempts,
            ..Settings::default()
        };
        let endpoint =
            Endpoint::looked_up("http://payment.test:50051", None, self.lookup()).unwrap();
        let stack = client::stack(contracts(), None, "payment", endpoint, &patience, board);
        PaymentServiceClient::new(stack)
    }

    /// What was answered before is not waited for: only what is asked from now on counts.
    pub async fn is_looked_up(&self) {
        let before = self.lookups.load(Ordering::SeqCst);
        until(|| self.lookups.load(Ordering::SeqCst) > before + 1).await;
    }

    pub fn calls(&self) -> Vec<usize> {
        self.places.iter().map(Place::calls).collect()
    }
}

pub async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(millis(5)).await;
        }
    })
    .await;
}

pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    let bound = Duration::from_secs(30);
    tokio::time::timeout(bound, work).await.expect("in time")
}

/// So many calls, so many at a time. Answers how many failed.
pub async fn call(client: &PaymentServiceClient<Client>, calls: usize, at_once: usize) -> usize {
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
