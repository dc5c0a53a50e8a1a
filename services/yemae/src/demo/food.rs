//! Food's story: one order is cancelled while it is cooked, one is given back, one is delivered.

use super::{
    Cast, answered, check, refused_for, say, until, until_refunded, until_shown, until_told,
};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use mesh::client::Client;
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{
    CancelOrderRequest, CancelOrderResponse, FoodOrder, OrderStatus, OrderedItem, PlaceOrderRequest,
};
use proto::food::store::v1::store_service_client::StoreServiceClient;
use proto::food::store::v1::{
    AcceptOrderRequest, CompleteDeliveryRequest, ListQueueRequest, QueueStatus, RejectOrderRequest,
    StartDeliveryRequest, WatchNewOrdersRequest, WatchNewOrdersResponse,
};
use proto::shared::v1::Text;
use tonic::{Response, Status, Streaming};

/// Won for two kimbap.
const PRICE: i64 = 2 * 3_500;

/// Tells it.
pub(crate) async fn tell(cast: &Cast) -> Result<(), Fault> {
    say("Park opens a store with a menu, and watches for new orders.");
    let park = cast.somebody("park", &["owner", "customer"])?;
    let store_id = stage::food::store(&park, &cast.run, false).await?;
    let mut new = new_orders(&park, &store_id).await?;

    say("Kim orders two kimbap. She pays before the order exists.");
    let kims = request(cast.request("kim-1"), &store_id);
    let ordered = place(&cast.kim, &kims).await?;
    let is_ordered = ordered.status() == OrderStatus::Ordered;
    check(is_ordered, "the order is ORDERED")?;
    let again = place(&cast.kim, &kims).await?;
    check(again == ordered, "the same request again is the same order")?;
    let id = &ordered.order_id;
    let streamed = new.message().await.ok().flatten().unwrap_or_default();
    let streamed = streamed.order.unwrap_or_default().order_id;
    check(streamed == *id, "Park's stream shows the order")?;

    say("Park accepts it; Kim sees on her page that it is cooked.");
    let order_id = id.clone();
    answered(
        of(&park)
            .accept_order(AcceptOrderRequest { order_id })
            .await,
    )?;
    until_shown(&cast.kim, id, "COOKING").await?;

    say("Kim cancels. The store agrees, the kitchen is told, and the money goes back.");
    answered(cancel(&cast.kim, id).await)?;
    until_refunded(&cast.kim, id).await?;
    until("the kitchen sees it as cancelled", async || {
        is_cancelled(&park, &store_id, id).await
    })
    .await?;

    say(
        "Lee orders too, but the rice is gone: Park gives the order back, and the money goes back.",
    );
    let lee = cast.somebody("lee", &["customer"])?;
    let lees = place(&lee, &request(cast.request("lee-1"), &store_id)).await?;
    let reject = RejectOrderRequest {
        order_id: lees.order_id.clone(),
        reason: Some(Text {
            en: "the rice is gone".to_owned(),
            ko: "밥이 다 떨어졌습니다.".to_owned(),
        }),
    };
    until("Park gives it back", async || {
        of(&park).reject_order(reject.clone()).await.is_ok()
    })
    .await?;
    until_refunded(&lee, &lees.order_id).await?;

    say(
        "The rice is there, and Lee orders again. Once the courier has left it can't be cancelled.",
    );
    let lees = place(&lee, &request(cast.request("lee-2"), &store_id)).await?;
    let order_id = lees.order_id;
    let accept = AcceptOrderRequest {
        order_id: order_id.clone(),
    };
    until("Park accepts it", async || {
        of(&park).accept_order(accept.clone()).await.is_ok()
    })
    .await?;
    let start = StartDeliveryRequest {
        order_id: order_id.clone(),
    };
    answered(of(&park).start_delivery(start).await)?;
    until_shown(&lee, &order_id, "DELIVERING").await?;
    refused_for("NOT_CANCELLABLE", cancel(&lee, &order_id).await)?;
    let complete = CompleteDeliveryRequest {
        order_id: order_id.clone(),
    };
    answered(of(&park).complete_delivery(complete).await)?;
    until_shown(&lee, &order_id, "DELIVERED").await?;

    say("Kim was told every step, in her language.");
    until_told(&cast.kim, id, 5).await
}

fn of(owner: &Mesh) -> StoreServiceClient<Client> {
    StoreServiceClient::new(owner.channel())
}

fn request(request_id: String, store_id: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        request_id,
        store_id: store_id.to_owned(),
        items: vec![OrderedItem {
            item_id: "kimbap".to_owned(),
            quantity: 2,
        }],
        expected_total: Some(won(PRICE)),
        payment_method: "pm_demo".to_owned(),
    }
}

async fn place(by: &Mesh, request: &PlaceOrderRequest) -> Result<FoodOrder, Fault> {
    let placed = OrderServiceClient::new(by.channel())
        .place_order(request.clone())
        .await;
    Ok(answered(placed)?.order.unwrap_or_default())
}

async fn cancel(by: &Mesh, order_id: &str) -> Result<Response<CancelOrderResponse>, Status> {
    let request = CancelOrderRequest {
        order_id: order_id.to_owned(),
    };
    OrderServiceClient::new(by.channel())
        .cancel_order(request)
        .await
}

async fn new_orders(
    owner: &Mesh,
    store_id: &str,
) -> Result<Streaming<WatchNewOrdersResponse>, Fault> {
    let request = WatchNewOrdersRequest {
        store_id: store_id.to_owned(),
        cursor: String::new(),
    };
    answered(of(owner).watch_new_orders(request).await)
}

async fn is_cancelled(owner: &Mesh, store_id: &str, order_id: &str) -> bool {
    let request = ListQueueRequest {
        store_id: store_id.to_owned(),
        statuses: vec![QueueStatus::Cancelled.into()],
        ..ListQueueRequest::default()
    };
    let listed = answered(of(owner).list_queue(request).await);
    listed.is_ok_and(|listed| listed.orders.iter().any(|own| own.order_id == order_id))
}
