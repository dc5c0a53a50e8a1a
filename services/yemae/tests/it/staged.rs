//! What `up --demo` fills in, whatever it finds: the binary itself, real files.

use crate::rig::{Up, directory};
use serde_json::{Value, json};

fn call(up: &Up, method: &str, request: &Value, (subject, role): (&str, &str)) -> Value {
    let request = request.to_string();
    let said = up.ok(&["call", method, &request, "--as", subject, "--role", role]);
    serde_json::from_str(&said).unwrap()
}

/// The movies that no cinema shows, by whether they are closed.
fn at_home(up: &Up) -> (Vec<Value>, Vec<Value>) {
    let mut listed = call(up, "ListMovies", &json!({}), ("kim", "customer"));
    let movies = std::mem::take(listed["movies"].as_array_mut().unwrap()).into_iter();
    let at_home = movies.filter(|movie| movie["ticketPrice"].is_null());
    at_home.partition(|movie| movie["status"] == "MOVIE_STATUS_CLOSED")
}

#[test]
fn what_was_closed_since_or_left_half_made_keeps_no_demo_from_starting() {
    let (data, owner) = (directory(), ("demo-park", "owner"));
    let up = Up::start(data.path(), &[]);
    // As far as a demo came that was killed there.
    let half = json!({"requestId": "half", "name": "박가네 (Park's)", "auto": true});
    let made = call(&up, "RegisterStore", &half, owner);
    let store = json!({"storeId": made["store"]["storeId"]});
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--demo"]);
    let found = call(&up, "GetStore", &store, owner);
    assert!(found["menu"]["items"].is_array(), "{found}");
    let (closed, open) = at_home(&up);
    assert_eq!((closed.len(), open.len()), (0, 1));
    let movie = json!({"movieId": open[0]["movieId"]});
    call(&up, "CloseMovie", &movie, ("demo-staff", "staff"));
    assert!(up.stop(), "it drained");

    for _ in 0..2 {
        let up = Up::start(data.path(), &["--demo"]);
        let (closed, open) = at_home(&up);
        assert_eq!((closed.len(), open.len()), (1, 1), "another one is on sale");
        assert!(up.stop(), "it drained");
    }
}
