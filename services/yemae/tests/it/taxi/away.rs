//! Dispatch away: taxis are called around the clock, and cancelled; all of it catches up once it is back. On a real mesh, so
//! that roles are seen to be checked too.

use crate::play::audit;
use crate::rig::{Up, directory, wait_for};
use crate::shared::call;
use serde_json::{Value, json};

const KANG: (&str, &str) = ("kang", "driver");
const KIM: (&str, &str) = ("kim", "customer");

/// Where Kim is picked up, and Kang's number: found again wherever they may not be.
const PLACE: &str = "canary-station";
const PHONE: &str = "010-7654-3219";

fn report(up: &Up, by: (&str, &str)) -> Option<Value> {
    let said = json!({
        "name": "Kang", "car": "white Sonata", "phone": PHONE,
        "latitude": 37_554_722, "longitude": 126_970_833, "free": true,
    });
    call(up, by, "ReportDriver", &said)
}

fn trip() -> Value {
    let station = json!({"name": PLACE, "latitude": 37_554_722, "longitude": 126_970_833});
    let gangnam = json!({"name": "Gangnam", "latitude": 37_497_950, "longitude": 127_027_621});
    json!({"from": station, "to": gangnam})
}

/// Kim calls a taxi for what she is told that it costs; None: it could not be taken at once.
fn ride(up: &Up, request_id: &str) -> Option<String> {
    let mut request = trip();
    let estimate = call(up, KIM, "EstimateRide", &request)?;
    request["requestId"] = json!(request_id);
    request["expectedTotal"] = estimate["total"].clone();
    request["paymentMethod"] = json!("pm_test");
    let called = call(up, KIM, "CallTaxi", &request)?;
    Some(called["ride"]["rideId"].as_str()?.to_owned())
}

fn until_shown(up: &Up, ride_id: &str, status: &str) {
    let order = json!({ "orderId": ride_id });
    wait_for(&format!("the page to say {status}"), || {
        let shown = call(up, KIM, "GetMyOrder", &order)?;
        (shown["order"]["status"]["name"] == status).then_some(())
    });
}

#[test]
fn real_dispatch_left_out() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    assert!(report(&up, KIM).is_none(), "she is no driver");
    assert!(report(&up, KANG).is_some());
    let first = wait_for("a ride", || ride(&up, "first"));
    until_shown(&up, &first, "ASSIGNED");
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--without", "taxi-dispatch"]);
    let second = wait_for("a ride", || ride(&up, "second"));
    let third = wait_for("a ride", || ride(&up, "third"));
    let cancel = json!({ "rideId": third });
    wait_for("a cancellation", || call(&up, KIM, "CancelRide", &cancel));
    until_shown(&up, &third, "CANCELLING");
    assert!(up.stop(), "it drained");

    let up = Up::start_with(data.path(), &[], &[("RUST_LOG", "trace")]);
    let fourth = wait_for("a ride", || ride(&up, "fourth"));
    until_shown(&up, &third, "CANCELLED");
    for ride_id in [&first, &second, &fourth] {
        until_shown(&up, ride_id, "ASSIGNED");
        let ride = json!({ "rideId": ride_id });
        assert!(
            call(&up, KIM, "PickUp", &ride).is_none(),
            "she is no driver"
        );
        assert!(call(&up, KANG, "PickUp", &ride).is_some());
        assert!(call(&up, KANG, "Arrive", &ride).is_some());
        until_shown(&up, ride_id, "ARRIVED");
    }
    assert!(report(&up, KANG).is_some());
    audit(&up, &[]);
    let said = up.said();
    assert!(said.contains("answered"), "it says everything");
    // What Kim was told stands on the console, her channel: it is no log.
    let (told, logs): (Vec<&str>, Vec<&str>) =
        said.lines().partition(|line| line.starts_with("[택시 "));
    assert!(told.iter().any(|line| line.contains(PHONE)), "whom to call");
    let personal = |line: &&&str| line.contains(PLACE) || line.contains(PHONE);
    assert_eq!(logs.iter().find(personal), None, "but that");
    assert!(up.stop(), "it drained");
}
