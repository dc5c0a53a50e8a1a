//! Until when a call runs, and who ends it.

use super::*;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

const MARGIN: Duration = Duration::from_millis(20);

fn asks(house: &House, path: &str, timeout: &str) -> http::request::Builder {
    request(path, &house.key_to(path)).header("grpc-timeout", timeout)
}

async fn hanging() -> House {
    House::new(|_| std::future::pending()).await
}

#[tokio::test(start_paused = true)]
async fn a_query_is_ended_at_the_earlier_deadline() {
    let house = hanging().await;
    for (timeout, lasts) in [
        // The caller's, less a margin; the method's own second; that again.
        (Some("500m"), Duration::from_millis(480)),
        (Some("5S"), Duration::from_secs(1)),
        (None, Duration::from_secs(1)),
        (Some("nonsense"), Duration::from_secs(1)),
    ] {
        let started = Instant::now();
        let mut request = request(SEAT_MAP, &house.key_to(SEAT_MAP));
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        let told = house.ask(request).await;
        assert!(
            told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            "{told:?}"
        );
        let took = started.elapsed();
        // tokio's timers are exact to the millisecond.
        assert!(took.abs_diff(lasts) <= Duration::from_millis(1), "{took:?}");
        let call = house.reached.lock().unwrap().pop().unwrap();
        assert_eq!(call.deadline, Some(started + lasts));
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_left_is_no_call() {
    let house = House::new(|_| async { fine() }).await;
    for path in [SEAT_MAP, HOLD, WATCH] {
        for timeout in ["0m", "19m", "20m", "1n"] {
            let told = house.ask(asks(&house, path, timeout)).await;
            assert!(
                told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
                "{told:?}"
            );
        }
    }
    assert_eq!(house.reached(), 0);
    assert_eq!(house.ask(asks(&house, HOLD, "21m")).await.code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_command_answers_by_itself_also_past_its_deadline() {
    let house = House::new(|_| async {
        sleep(Duration::from_secs(2)).await;
        fine()
    })
    .await;
    let started = Instant::now();
    let told = house.ask(asks(&house, HOLD, "500m")).await;
    assert_eq!(told.code, Code::Ok);
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    let deadline = house.reached.lock().unwrap()[0].deadline;
    assert_eq!(
        deadline,
        Some(started + Duration::from_millis(500) - MARGIN)
    );
}

/// Begins a call, leaves when its handler runs, lets that go on; answers how often a handler came to its end.
async fn left(path: &'static str) -> usize {
    let (done, go) = (Count::default(), Arc::new(Notify::new()));
    let (count, gate) = (done.clone(), go.clone());
    let house = House::new(move |_| {
        let (count, gate) = (count.clone(), gate.clone());
        async move {
            gate.notified().await;
            assert!(call::current().is_some(), "still part of its call");
            count.up();
            fine()
        }
    });
    let house = Arc::new(house.await);
    let caller = mesh::task::detach({
        let house = house.clone();
        async move { house.call(path).await }
    });
    until(|| house.reached() == 1).await;
    caller.abort();
    assert!(caller.await.is_err());
    go.notify_one();
    sleep(Duration::from_secs(1)).await;
    done.get()
}

#[tokio::test(start_paused = true)]
async fn a_command_runs_to_its_end_when_its_caller_leaves_and_a_query_does_not() {
    assert_eq!(left(HOLD).await, 1);
    assert_eq!(left(APPROVE).await, 1);
    assert_eq!(left(SEAT_MAP).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_ended_at_its_deadline_before_and_after_its_first_item() {
    let house = hanging().await;
    let started = Instant::now();
    let told = house.ask(asks(&house, WATCH, "2S")).await;
    assert!(
        told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        "{told:?}"
    );
    assert!(started.elapsed() <= Duration::from_secs(2));

    let house = House::new(|_| async {
        // Always has an item: only the deadline can end it.
        let items = tokio_stream::iter(std::iter::repeat_with(|| {
            Ok::<_, Status>(http_body::Frame::data(bytes::Bytes::from(framed(0))))
        }));
        let slowly = futures::StreamExt::then(items, |item| async {
            sleep(Duration::from_millis(100)).await;
            item
        });
        http::Response::new(Body::new(http_body_util::StreamBody::new(slowly)))
    })
    .await;
    let started = Instant::now();
    let told = house.ask(asks(&house, WATCH, "2S")).await;
    assert!(
        told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        "{told:?}"
    );
    assert_eq!(told.domain, "mypage");
    let took = started.elapsed();
    assert!(
        took > Duration::from_secs(1) && took <= Duration::from_secs(2),
        "{took:?}"
    );
}
