//! What is done on a clock is done once, however many could do it: at a screening's end its unprinted tickets are missed.

use super::many::Mesh;
use crate::rig::{PATIENCE, wait_for};
use serde_json::{Value, json};
use std::time::Instant;

/// Books a seat of a screening that begins in a moment and lasts a minute. Answers the order's id.
pub fn book_what_ends_soon(mesh: &Mesh) -> String {
    let screen =
        json!({"requestId": "soon", "theater": "Soon", "name": "1", "rows": 2, "columns": 2});
    let screen = ask(mesh, "CreateScreen", &screen).unwrap();
    let price = json!({"currency": "KRW", "minorUnits": "5000"});
    let movie = json!({
        "requestId": "soon", "title": "Soon over", "runningMinutes": 1, "rating": "RATING_ALL", "ticketPrice": price,
    });
    let movie = ask(mesh, "RegisterMovie", &movie).unwrap();
    let begins = mesh::Clock::system().now().plus(PATIENCE / 2);
    let screening = json!({
        "requestId": "soon",
        "movieId": movie["movie"]["movieId"],
        "screenId": screen["screen"]["screenId"],
        "startsAt": begins.to_string(),
    });
    // Theater hears of the movie's screen a moment later, and booking of the screening.
    let screening = wait_for("the screening", || {
        ask(mesh, "ScheduleScreening", &screening)
    });
    let booking = json!({
        "requestId": "soon",
        "screeningId": screening["screening"]["screeningId"],
        "seats": ["1A"],
        "expectedTotal": price,
        "paymentMethod": "pm_test",
    });
    let booked = wait_for("the booking", || ask(mesh, "CreateBooking", &booking));
    booked["booking"]["bookingId"].as_str().unwrap().to_owned()
}

/// Waits until its ticket is missed, and sees that this was stated once.
pub fn is_missed_once(mesh: &Mesh, order_id: &str) {
    // It lasts longer than anything else is waited for.
    let end = Instant::now() + 2 * PATIENCE;
    loop {
        let told = mesh.run(&["order", order_id]);
        let told = String::from_utf8(told.stdout).unwrap();
        let missed = told.matches("TicketMissed").count();
        if missed > 0 {
            assert_eq!(missed, 1, "{told}");
            break;
        }
        assert!(Instant::now() < end, "it was never missed: {told}");
    }
    let audit = mesh.run(&["audit", "--quiet", "--wait", "120"]);
    let verdict = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{verdict}");
}

fn ask(mesh: &Mesh, method: &str, request: &Value) -> Option<Value> {
    let request = request.to_string();
    let roles = ["--role", "customer", "--role", "staff", "--role", "admin"];
    let call = ["call", method, &request, "--server", &mesh.grpc];
    let answer = mesh.run(&[&call[..], &roles].concat());
    let answer = answer.status.success().then_some(answer.stdout)?;
    serde_json::from_slice(&answer).ok()
}
