//! The store away: orders are taken around the clock, and all of them are delivered once it is back.

use crate::play::audit;
use crate::rig::{Up, directory, wait_for};
use crate::shared::call;
use serde_json::json;

/// How many orders come while nobody is in.
const ORDERS: usize = 5;

const PARK: (&str, &str) = ("park", "owner");
const KIM: (&str, &str) = ("kim", "customer");

/// Registers a store with a menu; answers its id.
fn store(up: &Up) -> String {
    let store = json!({"requestId": "away", "name": "Park's"});
    let store = call(up, PARK, "RegisterStore", &store).unwrap();
    let store_id = store["store"]["storeId"].as_str().unwrap().to_owned();
    let price = json!({"currency": "KRW", "minorUnits": 3500});
    let item = json!({"itemId": "kimbap", "name": "Kimbap", "price": price});
    let menu = json!({"storeId": store_id, "items": [item]});
    call(up, PARK, "PutMenu", &menu).unwrap();
    store_id
}

/// Kim orders a kimbap; None while its menu is not known, or it could not be taken at once.
fn order(up: &Up, store_id: &str, request_id: &str) -> Option<String> {
    let request = json!({
        "requestId": request_id,
        "storeId": store_id,
        "items": [{"itemId": "kimbap", "quantity": 1}],
        "expectedTotal": {"currency": "KRW", "minorUnits": 3500},
        "paymentMethod": "pm_test",
    });
    let placed = call(up, KIM, "food.order.v1.OrderService/PlaceOrder", &request)?;
    Some(placed["order"]["orderId"].as_str()?.to_owned())
}

#[test]
fn real_store_left_out() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let store_id = store(&up);
    let first = wait_for("the menu", || order(&up, &store_id, "first"));
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--without", "food-store"]);
    let mut placed = vec![first];
    for number in 0..ORDERS {
        let request_id = format!("order-{number}");
        placed.push(wait_for("an order", || order(&up, &store_id, &request_id)));
    }
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &[]);
    let queue = json!({"storeId": store_id});
    wait_for("the queue to be full", || {
        let queue = call(&up, PARK, "ListQueue", &queue)?;
        (queue["orders"].as_array()?.len() == placed.len()).then_some(())
    });
    for order_id in &placed {
        let order = json!({ "orderId": order_id });
        for command in ["AcceptOrder", "StartDelivery", "CompleteDelivery"] {
            assert!(call(&up, PARK, command, &order).is_some(), "{command}");
        }
    }
    for order_id in &placed {
        let order = json!({ "orderId": order_id });
        wait_for("the page to say delivered", || {
            let shown = call(&up, KIM, "GetMyOrder", &order)?;
            (shown["order"]["status"]["name"] == "DELIVERED").then_some(())
        });
    }
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}
