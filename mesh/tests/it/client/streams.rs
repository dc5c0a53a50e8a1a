//! Streams beside calls, to a server of ours.

use super::peer::{contracts, once};
use crate::server::house::House;
use crate::server::{Listening, MY_ORDERS, WATCH, fine, one_then_silence, request, sound};
use mesh::client::{self, Board, Endpoint};
use tonic::{Code, Status};
use tower::ServiceExt;

/// One call at a time on a connection, as where the watches of many callers have filled it.
#[tokio::test]
async fn streams_do_not_take_the_place_of_calls() {
    let house = House::new(|request: client::Request| async move {
        match request.uri().path() {
            WATCH => one_then_silence(),
            _ => fine(),
        }
    })
    .await;
    let narrow = mesh::server::Settings {
        streams: 1,
        ..Default::default()
    };
    let listening = Listening::start(&house.server, narrow).await;
    let endpoint = Endpoint::at(&format!("http://{}", listening.address)).unwrap();
    let board = Board::default();
    let stack = client::stack(contracts(), None, "mypage", endpoint, &once(), &board);
    let ask = |path: &str| {
        let request = request(path, &house.user(&["customer"]));
        stack.clone().oneshot(request.body(sound(path)).unwrap())
    };
    let watch = ask(WATCH).await.unwrap();
    assert_eq!(watch.status(), 200);
    let page = ask(MY_ORDERS).await.unwrap();
    let status = Status::from_header_map(page.headers());
    assert!(
        status.is_none_or(|status| status.code() == Code::Ok),
        "{page:?}"
    );
}
