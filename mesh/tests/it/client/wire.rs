//! Against real servers on loopback, by real time.

use super::peer::{contracts, get, millis, no};
use mesh::client::{self, Board, Client, Endpoint, Settings, never_sent};
use mesh::task;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payment::v1::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

/// Long enough for a busy machine, short enough to wait for.
fn patience(attempts: u32) -> Settings {
    Settings {
        total: Duration::from_secs(20),
        attempt: Duration::from_secs(5),
        attempts,
        ..Settings::default()
    }
}

fn client(address: SocketAddr, settings: &Settings) -> PaymentServiceClient<Client> {
    let endpoint = Endpoint::at(&format!("http://{address}")).unwrap();
    let board = Board::default();
    let stack = client::stack(contracts(), None, "payment", endpoint, settings, &board);
    PaymentServiceClient::new(stack)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Payment with long answers, that is silent at its first call when it is slow.
#[derive(Clone, Default)]
struct Paying {
    calls: Arc<AtomicUsize>,
    slow: bool,
}

const LONG: usize = 256 * 1024;

#[tonic::async_trait]
impl PaymentService for Paying {
    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.slow && call == 0 {
            std::future::pending::<()>().await;
        }
        let payment = Payment {
            payment_id: "7".repeat(LONG),
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

async fn serve(paying: Paying) -> SocketAddr {
    let (listener, address) = listen().await;
    let serving = Server::builder()
        .add_service(PaymentServiceServer::new(paying))
        .serve_with_incoming(TcpIncoming::from(listener));
    drop(task::detach(serving));
    address
}

#[tokio::test]
async fn a_real_server_answers() {
    let paying = Paying::default();
    let client = client(serve(paying.clone()).await, &patience(1));
    for _ in 0..3 {
        assert_eq!(get(&client).await.unwrap().len(), LONG);
    }
    assert_eq!(paying.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_sent() {
    let (listener, address) = listen().await;
    drop(listener);
    let status = get(&client(address, &patience(2))).await.unwrap_err();
    assert!(never_sent(&status), "{status:?}");
    assert_eq!(
        no(Err(status)),
        (Code::Unavailable, "PEER_UNREACHABLE".into())
    );
}

#[tokio::test]
async fn a_server_that_was_started_again_is_found() {
    let (listener, address) = listen().await;
    let client = client(address, &patience(3));
    let mut listener = Some(listener);
    for _ in 0..3 {
        let listening = match listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(address).await.unwrap(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = task::detach(
            Server::builder()
                .add_service(PaymentServiceServer::new(Paying::default()))
                .serve_with_incoming_shutdown(TcpIncoming::from(listening), async {
                    let _ = stopped.await;
                }),
        );
        assert_eq!(get(&client).await.unwrap().len(), LONG);
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    }
}

/// Its queue of connections is full, so nobody gets one.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = tokio::time::timeout(millis(200), TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    (listener, waiting)
}

#[tokio::test]
async fn who_gets_no_connection_has_sent_nothing() {
    let (listener, _waiting) = full().await;
    let address = listener.local_addr().unwrap();
    let status = get(&client(address, &patience(1))).await.unwrap_err();
    assert!(never_sent(&status), "{status:?}");
    assert_eq!(
        no(Err(status)),
        (Code::Unavailable, "PEER_UNREACHABLE".into())
    );

    // Given up before the connection was.
    let hasty = Settings {
        attempt: millis(150),
        ..patience(1)
    };
    let status = get(&client(address, &hasty)).await.unwrap_err();
    assert!(never_sent(&status), "{status:?}");
    assert_eq!(no(Err(status)), (Code::Unavailable, "PEER_TIMEOUT".into()));
}

#[tokio::test]
async fn a_black_hole_is_a_timeout_and_may_have_had_an_effect() {
    let (listener, address) = listen().await;
    let swallowing = task::detach(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    });
    let hasty = Settings {
        attempt: millis(300),
        ..patience(1)
    };
    let begun = Instant::now();
    let status = get(&client(address, &hasty)).await.unwrap_err();
    assert!(begun.elapsed() >= millis(300));
    assert!(!never_sent(&status), "{status:?}");
    assert_eq!(no(Err(status)), (Code::Unavailable, "PEER_TIMEOUT".into()));
    swallowing.abort();
}

#[tokio::test]
async fn a_reset_connection_is_a_lost_reply() {
    let (listener, address) = listen().await;
    let resetting = task::detach(async move {
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            // GetPayment's field 1, "7": the request is all here.
            while !read.windows(3).any(|bytes| bytes == b"\x0a\x017") {
                assert!(connection.read_buf(&mut read).await.unwrap() > 0);
            }
            connection.set_zero_linger().unwrap();
        }
    });
    let status = get(&client(address, &patience(2))).await.unwrap_err();
    resetting.await.unwrap();
    assert!(!never_sent(&status), "{status:?}");
    assert_eq!(
        no(Err(status)),
        (Code::Unavailable, "PEER_UNREACHABLE".into())
    );
}

#[tokio::test]
async fn a_slow_handler_is_asked_again() {
    let paying = Paying {
        slow: true,
        ..Paying::default()
    };
    let settings = Settings {
        attempt: millis(300),
        ..patience(2)
    };
    let client = client(serve(paying.clone()).await, &settings);
    let begun = Instant::now();
    assert_eq!(get(&client).await.unwrap().len(), LONG);
    assert!(begun.elapsed() >= millis(270));
    assert_eq!(paying.calls.load(Ordering::SeqCst), 2);
}

/// Passes on everything but, of the first connections, only so many bytes of what is answered.
async fn cutting(server: SocketAddr, mut cuts: usize) -> SocketAddr {
    let (listener, address) = listen().await;
    let passing = async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let server = TcpStream::connect(server).await.unwrap();
            let (mut from_server, mut to_server) = server.into_split();
            let up =
                task::detach(
                    async move { tokio::io::copy(&mut from_client, &mut to_server).await },
                );
            if cuts > 0 {
                cuts -= 1;
                let mut some = from_server.take(LONG as u64 / 8);
                let _ = tokio::io::copy(&mut some, &mut to_client).await;
                let _ = to_client.shutdown().await;
                up.abort();
            } else {
                drop(task::detach(async move {
                    tokio::io::copy(&mut from_server, &mut to_client).await
                }));
            }
        }
    };
    drop(task::detach(passing));
    address
}

#[tokio::test]
async fn a_reply_lost_half_way_is_asked_for_again() {
    let paying = Paying::default();
    let address = cutting(serve(paying.clone()).await, 2).await;

    let status = get(&client(address, &patience(1))).await.unwrap_err();
    assert!(!never_sent(&status), "{status:?}");
    assert_eq!(
        no(Err(status)),
        (Code::Unavailable, "PEER_UNREACHABLE".into())
    );
    assert_eq!(paying.calls.load(Ordering::SeqCst), 1);

    assert_eq!(
        get(&client(address, &patience(2))).await.unwrap().len(),
        LONG
    );
    assert_eq!(paying.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_address_says_what_it_lacks() {
    for uri in [
        "127.0.0.1:50051",
        "https://payment:50051",
        "payment",
        "",
        "http://",
    ] {
        assert!(Endpoint::at(uri).is_err(), "{uri}");
    }
    assert!(Endpoint::at("http://payment.mesh.svc:50051").is_ok());
}
