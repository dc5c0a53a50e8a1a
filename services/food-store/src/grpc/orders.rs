//! The orders in a store's queue.

use super::readable;
use crate::domain::{self, Change, No};
use crate::queue::{self, Row};
use crate::stores;
use crate::watch::Queue;
use futures::TryStreamExt;
use mesh::{Page, Refusal, Site, Store, Time, call, fields, id, text, watch};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, wire};
use proto::food::store::v1::{
    ListQueueRequest, ListQueueResponse, QueuedOrder, RejectOrderRequest, RejectOrderResponse,
    WatchNewOrdersRequest, WatchNewOrdersResponse,
};
use tonic::codegen::BoxStream;

pub async fn list(store: &Store, request: ListQueueRequest) -> Result<ListQueueResponse, Refusal> {
    let of = readable()?;
    let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
    let store_id = id::canonical(&request.store_id);
    let statuses = match request.statuses {
        none if none.is_empty() => domain::TO_DO.to_vec(),
        some => some,
    };
    let now = store.clock().now();
    let listed = store.read(move |db| {
        stores::find(db, &store_id, of.as_deref())?;
        let mut rows = queue::list(db, &store_id, &page, &statuses)?;
        let next_page_token = page.cut(&mut rows, Row::key);
        let orders = rows.into_iter().map(|row| row.show(now));
        Ok(ListQueueResponse {
            orders: orders.collect::<Result<_, _>>()?,
            next_page_token,
        })
    });
    listed.await
}

pub async fn watch(
    site: &Site,
    request: WatchNewOrdersRequest,
) -> Result<BoxStream<WatchNewOrdersResponse>, Refusal> {
    let of = readable()?;
    let store_id = id::canonical(&request.store_id);
    let queue = Queue {
        store_id: store_id.clone(),
        clock: site.clock.clone(),
    };
    let own = site
        .store
        .read(move |db| stores::find(db, &store_id, of.as_deref()));
    own.await?;
    let orders = watch::stream(site, &request.cursor, queue)?;
    let messages = orders.map_ok(|(order, cursor)| WatchNewOrdersResponse {
        order: Some(order),
        cursor,
    });
    Ok(Box::pin(messages))
}

/// Does what `decision` decides with an order of the caller's store.
pub async fn command(
    store: &Store,
    order_id: &str,
    decision: impl Fn(&Row, &mut Fulfilment, Time) -> Result<Option<Change>, No> + Send + Sync + 'static,
) -> Result<QueuedOrder, Refusal> {
    let (owner, order_id) = (call::user()?.subject, id::canonical(order_id));
    let commanded = store.write(order_id.clone(), move |tx| {
        let now = tx.now();
        let row = queue::own(tx.db(), &order_id, &owner)?;
        let (answer, row) = queue::decide(tx, &row, None, |food| {
            fulfilments::or_why_not(decision(&row, food, now))
        })?;
        answer.map_err(refused)?;
        row.show(now)
    });
    commanded.await
}

pub async fn reject(
    store: &Store,
    request: RejectOrderRequest,
) -> Result<RejectOrderResponse, Refusal> {
    let reason = wire::read_text(request.reason.unwrap_or_default());
    let rejected = command(store, &request.order_id, move |_, food, now| {
        domain::reject(food, reason.clone(), now)
    });
    let order = Some(rejected.await?);
    Ok(RejectOrderResponse { order })
}

fn refused(no: No) -> Refusal {
    let (reason, text) = match no {
        No::NotReady => (
            "ORDER_NOT_READY",
            text("it is not that far yet", "아직 처리할 수 없는 단계입니다."),
        ),
        No::AcceptedByItself => (
            "ORDER_ACCEPTED_ALREADY",
            text(
                "the store's setting has accepted it",
                "자동 접수로 이미 접수된 주문입니다.",
            ),
        ),
        No::Delivering => (
            "ORDER_DELIVERING",
            text("the courier has left with it", "이미 배달이 출발했습니다."),
        ),
        No::Rejected => (
            "ORDER_REJECTED",
            text("the store gave it back", "이미 거절한 주문입니다."),
        ),
        No::Cancelled => (
            "ORDER_CANCELLED",
            text("it was cancelled", "취소된 주문입니다."),
        ),
    };
    Refusal::precondition(reason, text)
}
