//! The story of one order: a call to a server that writes and states it, a second context that follows and puts down a
//! task, and the task's own call. Things go wrong in it now and then, as in life.

use super::canary::{CANARIES, sung};
use super::{asked, leave, settings};
use crate::nats::NatsServer;
use crate::rig::{Database, eventually, free_port};
use crate::server::house::House;
use crate::server::{Listening, fine};
use mesh::bus::Bus;
use mesh::client::{self, Board, Client, Endpoint};
use mesh::identity::Signer;
use mesh::server::Limits;
use mesh::store::Backend;
use mesh::{Clock, Context, Done, Event, Peers, Refusal, Site, Store, Time, telemetry, text};
use proto::cinema::booking::v1::BookingPlaced;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{BookingClaim, HoldSeatsRequest};
use proto::ordering::v1::Order;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::{ApproveRequest, GetPaymentRequest};
use proto::shared::v1::Money;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

type Payment = PaymentServiceClient<Client>;

const STATES: &str = "cinema-theater";
const FOLLOWS: &str = "mypage";

#[test]
#[ignore = "told to the tests beside it, in a process of its own"]
fn an_order() {
    let Some(folder) = asked() else { return };
    let telemetry = telemetry::init(&settings()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (tokens, page) = runtime.block_on(happen());
    drop(telemetry);
    leave(&folder, "tokens", &tokens);
    leave(&folder, "page", &page);
}

/// Tells what happened: the tokens that were used, and the page at the end.
async fn happen() -> (String, String) {
    let nats = NatsServer::start().unwrap();
    let bus = Bus::connect(crate::bus::settings(&nats)).await.unwrap();
    bus.provision().await.unwrap();
    let databases = [(); 2].map(|()| Database::new(Backend::Sqlite).unwrap());
    let [theater, mypage] = [(STATES, &databases[0]), (FOLLOWS, &databases[1])]
        .map(|(context, database)| (context, database.open(context)));

    let store = theater.1.clone();
    let house = House::with(Limits::default(), move |request| {
        let store = store.clone();
        async move {
            if request.uri().path().ends_with("HoldSeats") {
                state(&store).await;
            }
            fine()
        }
    })
    .await;
    let listening = Listening::start(&house.server, Default::default()).await;
    let key = house.services[0].1.clone();
    let signer = Signer::new("cinema-booking", key, house_clock());
    let bearer = signer.bearer().to_str().unwrap().to_owned();
    let peer = |name| {
        stack(
            &house,
            &signer,
            name,
            &format!("http://{}", listening.address),
        )
    };

    let stop = CancellationToken::new();
    let site = |(context, store): (&'static str, Store), peers| Site {
        context,
        store,
        clock: Clock::system(),
        peers,
        stop: stop.clone(),
    };
    let (worked, follower) = follower();
    let peers = Peers::new(HashMap::from([("payment", peer("payment"))]));
    let running = [
        mesh::run(
            Context::new(STATES),
            site(theater, Peers::default()),
            bus.clone(),
        ),
        mesh::run(follower, site(mypage, peers), bus),
    ]
    .map(mesh::task::detach);

    let mut request = tonic::Request::new(HoldSeatsRequest {
        screening_id: mesh::id::new(),
        seats: vec!["1A".to_owned()],
        booking: Some(BookingClaim {
            booking_id: mesh::id::new(),
            attempt: 1,
            customer_id: sung(),
            hold_id: String::new(),
        }),
        ..HoldSeatsRequest::default()
    });
    for (name, value) in CANARIES {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let mut caller = TheaterServiceClient::new(peer(STATES));
    caller.hold_seats(request).await.unwrap();
    eventually("the task is done", || async {
        (worked.load(Ordering::SeqCst) == 2).then_some(())
    })
    .await;
    let _payment = go_wrong(&house, &signer).await;
    telemetry::ended(
        "cinema-booking",
        "refused",
        "SEATS_TAKEN",
        Duration::from_secs(1),
    );
    let page = telemetry::page().await;
    stop.cancel();
    for context in running {
        context.await.unwrap();
    }
    (format!("{bearer}\n{}", house.user(&["customer"])), page)
}

/// What the handler does.
async fn state(store: &Store) {
    let stated = store.write((), |tx| {
        let order = Order {
            order_id: "0197".to_owned(),
            customer_id: sung(),
            version: 1,
            ..Order::default()
        };
        tx.enqueue(Event::new("0197", 1, &BookingPlaced { order: Some(order) }))
    });
    stated.await.unwrap();
}

/// Follows orders; a message and a task do not succeed before their second try. Counts the tries of the task.
fn follower() -> (Arc<AtomicUsize>, Context) {
    let worked = Arc::new(AtomicUsize::new(0));
    let (tried, counted) = (AtomicUsize::new(0), worked.clone());
    let not_yet = || Refusal::precondition("NOT_YET", text("not yet", "아직입니다."));
    let context = Context::new(FOLLOWS)
        .follows("orders", "*", move |tx, change: &mesh::Change<Order>| {
            if tried.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(not_yet());
            }
            tx.start_task("tell", &change.id, &change.entity.customer_id)
        })
        .works("tell", move |site, _| {
            let counted = counted.clone();
            async move {
                if counted.load(Ordering::SeqCst) == 0 {
                    counted.fetch_add(1, Ordering::SeqCst);
                    return Err(not_yet());
                }
                let mut payment = PaymentServiceClient::new(site.peers.to("payment"));
                let charge = ApproveRequest {
                    charge_key: "charge:1".to_owned(),
                    order_id: mesh::id::new(),
                    amount: Some(Money {
                        currency: "KRW".to_owned(),
                        minor_units: 1,
                    }),
                    payment_method: sung(),
                };
                payment.approve(charge).await.unwrap();
                let counted = counted.clone();
                Ok(Done::with(move |_| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }))
            }
        });
    (worked, context)
}

/// A peer that is not there until its breaker opens, and a server that lets nobody in. Answers the client of the first,
/// which is seen for as long as it is held.
async fn go_wrong(house: &House, signer: &Signer) -> Payment {
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let mut payment = PaymentServiceClient::new(stack(house, signer, "payment", &nowhere));
    for _ in 0..10 {
        payment
            .get_payment(GetPaymentRequest::default())
            .await
            .unwrap_err();
    }
    let none = Limits::fixed(0, 0);
    let full = House::with(none, |_| async { fine() }).await;
    assert!(
        full.call("/yemae.payment.v1.PaymentService/GetPayment")
            .await
            .is_overloaded()
    );
    payment
}

fn stack(house: &House, signer: &Signer, peer: &str, uri: &str) -> Client {
    client::stack(
        house.doors.contracts.clone(),
        Some(signer.clone()),
        peer,
        Endpoint::at(uri).unwrap(),
        &client::Settings {
            attempts: 1,
            ..client::Settings::default()
        },
        &Board::default(),
    )
}

fn house_clock() -> Clock {
    Clock::manual(Time(1_750_000_000_000_000)).0
}
