//! The page, through its contract.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod facts;
mod follows;
mod lists;
// The server that mesh is tested with.
#[allow(dead_code, reason = "mesh's own tests use all of it")]
#[path = "../../../../mesh/tests/it/nats.rs"]
mod nats;
mod rebuilds;
mod rig;
mod watches;

use mesh::{Context, Event};
use proto::cinema::booking::v1::BookingPlaced;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::mypage::v1::{GetMyOrderRequest, GetMyOrderResponse};
use proto::ordering::v1::{Order, Phase};
use testing::{Caller, World};
use tonic::Status;

type Client = MyPageServiceClient<mesh::client::Client>;

/// A page, and two order sides that say what a test wants them to.
fn world() -> World {
    World::new()
        .with(mypage::context())
        .with(Context::new("cinema-booking"))
        .with(Context::new("vod-order"))
}

fn client(world: &World, caller: Caller) -> Client {
    MyPageServiceClient::new(world.client("mypage", caller))
}

fn ann(world: &World) -> Client {
    client(world, Caller::customer("ann"))
}

/// Ann's booking as placed now.
fn placed(world: &World) -> Order {
    Order {
        order_id: mesh::id::new(),
        context: "cinema-booking".to_owned(),
        system: "cinema".to_owned(),
        customer_id: "ann".to_owned(),
        version: 1,
        phase: Phase::Placed.into(),
        placed_at: Some(world.now().into()),
        ..Order::default()
    }
}

fn at(order: &Order, version: i64, phase: Phase) -> Order {
    Order {
        version,
        phase: phase.into(),
        ..order.clone()
    }
}

/// The order's own context states it; nobody hears of it yet.
async fn state(world: &World, order: &Order) {
    let (context, order) = (order.context.clone(), order.clone());
    let store = world.site(&context).store.clone();
    let enqueued = store.write((), move |tx| {
        let (id, version) = (order.order_id.clone(), order.version);
        let order = Some(order.clone());
        tx.enqueue(Event::new(id, version, &BookingPlaced { order }))
    });
    enqueued.await.unwrap();
}

/// The order's own context states it, and everybody hears of it.
async fn tell(world: &World, order: &Order) {
    state(world, order).await;
    world.settle().await;
}

async fn get(client: &mut Client, order_id: &str) -> Result<Order, Status> {
    let order_id = order_id.to_owned();
    let answer = client.get_my_order(GetMyOrderRequest { order_id }).await?;
    let GetMyOrderResponse { order } = answer.into_inner();
    Ok(order.unwrap())
}
