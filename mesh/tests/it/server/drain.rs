//! How a server stops, and how a connection ends by itself.

use super::*;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Streams are silent after their first item; commands and one query wait to be let go.
async fn waiting() -> (Arc<House>, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let house = House::new(move |request: Request| {
        let gate = gate.clone();
        async move {
            match request.uri().path() {
                WATCH => one_then_silence(),
                HOLD | MY_ORDERS => {
                    gate.notified().await;
                    fine()
                }
                _ => fine(),
            }
        }
    });
    (Arc::new(house.await), go)
}

#[tokio::test]
async fn a_drain_tells_health_serves_on_ends_streams_and_waits_for_commands() {
    let (house, go) = waiting().await;
    let settings = Settings {
        grace: Duration::from_secs(1),
        ..Settings::default()
    };
    let listening = Listening::start(&house.server, settings).await;
    let mut health = HealthClient::new(listening.client());
    let mut health = soon(health.watch(of(NAMES[2]))).await.unwrap().into_inner();
    let told = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::Serving);
    let client = listening.client();
    let watch = request(WATCH, &house.key_to(WATCH))
        .body(message(0))
        .unwrap();
    let mut watch = soon(client.clone().oneshot(watch)).await.unwrap();
    assert!(
        soon(watch.body_mut().frame())
            .await
            .unwrap()
            .unwrap()
            .is_data()
    );
    let hold = request(HOLD, &house.key_to(HOLD))
        .body(sound(HOLD))
        .unwrap();
    let hold = mesh::task::detach(client.clone().oneshot(hold));
    until(|| house.reached() == 2).await;

    listening.stop.cancel();
    let told = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::NotServing);
    // On new connections, too.
    assert_eq!(listening.call(&house, SEAT_MAP).await.code, Code::Ok);

    let told = soon(heard(watch)).await;
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    assert!(told.retry_after().is_some());
    let told = tell(soon(health.message()).await.unwrap_err());
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    assert!(!listening.done.is_finished(), "a command is under way");
    go.notify_one();
    let reply = soon(hold).await.unwrap().unwrap();
    assert_eq!(heard(reply).await.code, Code::Ok);
    assert_eq!(soon(listening.done).await.unwrap(), Drained::Cleanly);
    assert!(TcpStream::connect(listening.address).await.is_err());
}

#[tokio::test]
async fn a_drain_waits_for_a_command_whose_caller_has_left() {
    let (house, go) = waiting().await;
    let listening = Listening::start(&house.server, quick()).await;
    let hold = request(HOLD, &house.key_to(HOLD))
        .body(sound(HOLD))
        .unwrap();
    let caller = mesh::task::detach(listening.client().oneshot(hold));
    until(|| house.reached() == 1).await;
    caller.abort();
    assert!(caller.await.is_err());
    listening.stop.cancel();
    until(|| std::net::TcpStream::connect(listening.address).is_err()).await;
    assert!(!listening.done.is_finished());
    go.notify_one();
    assert_eq!(soon(listening.done).await.unwrap(), Drained::Cleanly);
}

#[tokio::test]
async fn a_drain_waits_for_a_query() {
    let (house, go) = waiting().await;
    let listening = Listening::start(&house.server, quick()).await;
    let query = listening.to(&house, MY_ORDERS);
    let query = mesh::task::detach(listening.client().oneshot(query));
    until(|| house.reached() == 1).await;
    listening.stop.cancel();
    until(|| std::net::TcpStream::connect(listening.address).is_err()).await;
    assert!(!listening.done.is_finished());
    go.notify_one();
    let reply = soon(query).await.unwrap().unwrap();
    assert_eq!(heard(reply).await.code, Code::Ok);
    assert_eq!(soon(listening.done).await.unwrap(), Drained::Cleanly);
}

#[tokio::test]
async fn a_drain_ends_at_its_bound() {
    let (house, _go) = waiting().await;
    let settings = Settings {
        bound: Duration::from_millis(50),
        ..quick()
    };
    let listening = Listening::start(&house.server, settings).await;
    let hold = request(HOLD, &house.key_to(HOLD))
        .body(sound(HOLD))
        .unwrap();
    let caller = mesh::task::detach(listening.client().oneshot(hold));
    // Connected and silent: nothing that a drain should wait for.
    let _silent = TcpStream::connect(listening.address).await.unwrap();
    until(|| house.reached() == 1).await;
    listening.stop.cancel();
    let cut = Drained::Cut {
        connections: 1,
        commands: 1,
    };
    assert_eq!(soon(listening.done).await.unwrap(), cut);
    let told = heard(soon(caller).await.unwrap().unwrap()).await;
    assert_eq!(told.code, Code::Unavailable);
}

#[tokio::test]
async fn an_old_connection_goes_away_without_breaking_a_call() {
    let (house, go) = waiting().await;
    let settings = Settings {
        // Time enough to begin both calls on a busy machine.
        age: Duration::from_secs(2),
        age_grace: Duration::from_millis(50),
        ..quick()
    };
    let listening = Listening::start(&house.server, settings).await;
    let (mut sender, connection) = connect(&listening).await;
    let connection = mesh::task::detach(connection);
    let to = |path| listening.to(&house, path);
    let watch = soon(sender.send_request(to(WATCH))).await.unwrap();
    let hold = mesh::task::detach(sender.send_request(to(HOLD)));
    until(|| house.reached() == 2).await;
    // Its stream ends only after the connection was asked to go.
    let told = soon(heard(watch.map(Body::new))).await;
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    go.notify_one();
    let reply = soon(hold).await.unwrap().unwrap();
    assert_eq!(heard(reply.map(Body::new)).await.code, Code::Ok);
    soon(connection).await.unwrap().unwrap();
    // The server itself stays.
    assert_eq!(listening.call(&house, SEAT_MAP).await.code, Code::Ok);
    assert!(!listening.done.is_finished());
}
