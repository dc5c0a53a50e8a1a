//! The library left out for a while, who may call what, and the key of the links: the binary itself, real files.

use crate::play::audit;
use crate::rig::{Up, directory, wait_for, yemae};
use crate::served::{Broker, free, make_keys};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ORDERS: &str = "vod.order.v1.OrderService/";
const LIBRARY: &str = "vod.library.v1.LibraryService/";

/// What a call answers to somebody in a role, or what it was refused with.
fn call(up: &Up, method: &str, request: &Value, who: (&str, &str)) -> Result<Value, String> {
    let request = request.to_string();
    let output = up.run(&["call", method, &request, "--as", who.0, "--role", who.1]);
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

fn kim(up: &Up, method: &str, request: &Value) -> Value {
    call(up, method, request, ("kim", "customer")).unwrap()
}

fn order(up: &Up, movie: &Value, request_id: &str) -> Value {
    let request = json!({
        "requestId": request_id,
        "movieId": movie["movieId"],
        "expectedTotal": movie["vodPrice"],
        "paymentMethod": "pm_test",
    });
    let placed = kim(up, &format!("{ORDERS}OrderMovie"), &request);
    json!({"orderId": placed["order"]["orderId"]})
}

/// Where an order stands, and all that happened to it.
fn shown(up: &Up, order: &Value) -> String {
    kim(up, &format!("{ORDERS}GetOrder"), order).to_string()
}

fn until(up: &Up, order: &Value, status: &str) {
    wait_for(status, || shown(up, order).contains(status).then_some(()));
}

/// The `kid` of the key that signed a link.
fn signed_by(watched: &Value) -> String {
    let link = watched["playbackUrl"].as_str().unwrap();
    let token = link.split_once("?token=").unwrap().1;
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[test]
fn real_library_left_out() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let listed = kim(&up, "ListMovies", &json!({}));
    let movies = listed["movies"].as_array().unwrap();
    assert!(movies.iter().all(|movie| movie["vodPrice"].is_object()));
    let at_home_only = |movie: &&Value| movie["ticketPrice"].is_null();
    let movie = movies.iter().find(at_home_only).unwrap().clone();
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--without", "vod-library"]);
    let orders = ["1", "2", "3"].map(|request| order(&up, &movie, request));
    kim(&up, &format!("{ORDERS}CancelOrder"), &orders[2]);
    assert!(shown(&up, &orders[2]).contains("ORDER_STATUS_CANCELLING"));
    assert!(shown(&up, &orders[0]).contains("ORDER_STATUS_ORDERED"));
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &[]);
    until(&up, &orders[0], "ORDER_STATUS_PURCHASED");
    until(&up, &orders[1], "ORDER_STATUS_PURCHASED");
    until(&up, &orders[2], "REFUNDED");
    let watch = format!("{LIBRARY}WatchMovie");
    let denied = [
        (watch.as_str(), ("root", "admin"), "PERMISSION_DENIED"),
        (&watch, ("lee", "customer"), "NOT_FOUND"),
        (
            &format!("{ORDERS}SystemCancelOrder"),
            ("kim", "customer"),
            "PERMISSION_DENIED",
        ),
        (
            &format!("{ORDERS}CancelOrder"),
            ("root", "admin"),
            "PERMISSION_DENIED",
        ),
        (
            "SetStudioBehavior",
            ("kim", "customer"),
            "PERMISSION_DENIED",
        ),
    ];
    for (method, who, why) in denied {
        let request = match method {
            "SetStudioBehavior" => &json!({}),
            _ => &orders[0],
        };
        let refused = call(&up, method, request, who).unwrap_err();
        assert!(refused.contains(why), "{method} as {who:?}: {refused}");
    }
    let first = signed_by(&kim(&up, &watch, &orders[0]));
    audit(&up, &[]);
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &[]);
    let second = signed_by(&kim(&up, &watch, &orders[0]));
    assert_eq!(first, second, "the key is kept");
    let public = std::fs::read_to_string(data.path().join("keys/playback.jwks.json"));
    assert!(public.unwrap().contains(&first));
    assert!(up.stop(), "it drained");
}

#[test]
fn the_library_does_not_serve_without_the_key_of_its_links() {
    let data = directory();
    let broker = Broker::start(data.path());
    let mut serve = yemae();
    serve.envs(make_keys(data.path()));
    serve.env_remove("YEMAE_PLAYBACK_KEY_FILE");
    let ended = serve
        .args(["serve", "vod-library"])
        .env("NATS_URL", &broker.url)
        .env("YEMAE_DATABASE_URL", data.path().join("library.sqlite"))
        .env("YEMAE_LISTEN", free().to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("YEMAE_PLAYBACK_KEY_FILE"), "{said}");
}
