//! The limit: per context and class, shed at once, a reserve, held by calls and not by streams.

use super::*;
use tokio::sync::Semaphore;

const TWO: Limits = Limits::fixed(2, 50);

/// A house whose handlers wait to be let go, one by one.
async fn slow(limits: Limits) -> (Arc<House>, Arc<Semaphore>) {
    let go = Arc::new(Semaphore::new(0));
    let gate = go.clone();
    let house = House::with(limits, move |_| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            fine()
        }
    });
    (Arc::new(house.await), go)
}

fn begin(house: &Arc<House>, path: &'static str) -> tokio::task::JoinHandle<Told> {
    let house = house.clone();
    mesh::task::detach(async move { house.call(path).await })
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_shed_at_once_and_told_when_to_come_back() {
    let (house, go) = slow(TWO).await;
    let first = begin(&house, SEAT_MAP);
    until(|| house.reached() == 1).await;
    let started = tokio::time::Instant::now();
    let told = house.call(SEAT_MAP).await;
    assert!(told.is(Code::ResourceExhausted, "OVERLOADED"), "{told:?}");
    assert_eq!(told.domain, "cinema-theater");
    assert!(told.retry_after().is_some());
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(house.reached(), 1);
    go.add_permits(2);
    assert_eq!(first.await.unwrap().code, Code::Ok);
    assert_eq!(house.call(SEAT_MAP).await.code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn shedding_comes_before_the_token_is_looked_at() {
    let (house, go) = slow(TWO).await;
    let first = begin(&house, SEAT_MAP);
    until(|| house.reached() == 1).await;
    let told = house.ask(request(SEAT_MAP, "Bearer nonsense")).await;
    assert!(told.is(Code::ResourceExhausted, "OVERLOADED"), "{told:?}");
    go.add_permits(1);
    first.await.unwrap();
    let told = house.ask(request(SEAT_MAP, "Bearer nonsense")).await;
    assert_eq!(told.code, Code::Unauthenticated);
    assert_eq!(house.reached(), 1, "the token comes before the handler");
}

#[tokio::test(start_paused = true)]
async fn the_reserve_is_for_the_reserved() {
    let (house, go) = slow(TWO).await;
    let hold = begin(&house, HOLD);
    until(|| house.reached() == 1).await;
    assert_eq!(house.call(HOLD).await.code, Code::ResourceExhausted);
    let release = begin(&house, RELEASE);
    until(|| house.reached() == 2).await;
    assert_eq!(house.call(RELEASE).await.code, Code::ResourceExhausted);
    go.add_permits(2);
    assert_eq!(hold.await.unwrap().code, Code::Ok);
    assert_eq!(release.await.unwrap().code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn contexts_and_classes_do_not_share() {
    let (house, go) = slow(TWO).await;
    let all = [SEAT_MAP, HOLD, GET_PAYMENT, APPROVE, MY_ORDERS];
    let running: Vec<_> = all.iter().map(|path| begin(&house, path)).collect();
    until(|| house.reached() == all.len()).await;
    go.add_permits(all.len());
    for one in running {
        assert_eq!(one.await.unwrap().code, Code::Ok);
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_back_by_whoever_leaves_refused_or_panics() {
    let house = House::with(TWO, |_| async { panic!("a bug") }).await;
    for _ in 0..3 {
        assert_eq!(house.call(SEAT_MAP).await.code, Code::Internal);
        assert_eq!(house.call(HOLD).await.code, Code::Internal);
        let told = house.ask(request(SEAT_MAP, "Bearer nonsense")).await;
        assert_eq!(told.code, Code::Unauthenticated);
    }
    let (house, go) = slow(TWO).await;
    for n in 1..3 {
        let caller = begin(&house, SEAT_MAP);
        until(|| house.reached() == n).await;
        caller.abort();
        assert!(caller.await.is_err());
    }
    go.add_permits(1);
    assert_eq!(house.call(SEAT_MAP).await.code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_no_place() {
    let house = House::with(TWO, |request: Request| async move {
        if request.uri().path() == WATCH {
            return one_then_silence();
        }
        fine()
    })
    .await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let request = request(WATCH, &house.key_to(WATCH))
            .body(message(0))
            .unwrap();
        streams.push(house.server.clone().oneshot(request).await.unwrap());
    }
    assert_eq!(house.reached(), 5);
    assert_eq!(house.call(MY_ORDERS).await.code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_command_keeps_its_place_when_its_caller_leaves() {
    let (house, go) = slow(TWO).await;
    let caller = begin(&house, HOLD);
    until(|| house.reached() == 1).await;
    caller.abort();
    assert!(caller.await.is_err());
    assert_eq!(house.call(HOLD).await.code, Code::ResourceExhausted);
    go.add_permits(2);
    let mut code = Code::ResourceExhausted;
    while code == Code::ResourceExhausted {
        tokio::task::yield_now().await;
        code = house.call(HOLD).await.code;
    }
    assert_eq!(code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn health_is_never_shed() {
    let none = Limits::fixed(0, 0);
    let house = House::with(none, |_| async { fine() }).await;
    assert_eq!(house.call(PRINT).await.code, Code::ResourceExhausted);
    let check = http::Request::post("/grpc.health.v1.Health/Check").body(message(0));
    assert_eq!(ask(&house.server, check.unwrap()).await.code, Code::Ok);
}
