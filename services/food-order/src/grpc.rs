//! The order service.

use crate::selling::Selling;
use crate::words::SYSTEM;
use mesh::{Refusal, Reply};
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use proto::food::order::v1::order_service_server::OrderService;
use proto::food::order::v1::{
    CancelOrderRequest, CancelOrderResponse, FoodOrder, GetOrderRequest, GetOrderResponse,
    ListOrdersRequest, ListOrdersResponse, Meal, PlaceOrderRequest, PlaceOrderResponse,
    SystemCancelOrderRequest, SystemCancelOrderResponse,
};
use tonic::{Request, Response};

/// The handlers of `OrderService`.
pub(crate) struct Handlers {
    pub(crate) orders: Orders<Selling>,
}

#[tonic::async_trait]
impl OrderService for Handlers {
    async fn place_order(&self, request: Request<PlaceOrderRequest>) -> Reply<PlaceOrderResponse> {
        let placed = self.orders.create(request.into_inner());
        Ok(Response::new(placed.await?))
    }

    async fn get_order(&self, request: Request<GetOrderRequest>) -> Reply<GetOrderResponse> {
        let found = self.orders.read(&request.into_inner().order_id).await?;
        let order = Some(order(&found)?);
        Ok(Response::new(GetOrderResponse { order }))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Reply<ListOrdersResponse> {
        let request = request.into_inner();
        let page = self.orders.page(request.page_size, &request.page_token);
        let (orders, next_page_token) = page.await?;
        let orders = orders.iter().map(order).collect::<Result<_, _>>()?;
        Ok(Response::new(ListOrdersResponse {
            orders,
            next_page_token,
        }))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Reply<CancelOrderResponse> {
        let asked = self.orders.cancel(&request.into_inner().order_id).await?;
        let order = Some(order(&asked)?);
        Ok(Response::new(CancelOrderResponse { order }))
    }

    async fn system_cancel_order(
        &self,
        request: Request<SystemCancelOrderRequest>,
    ) -> Reply<SystemCancelOrderResponse> {
        let request = request.into_inner();
        let asked = self.orders.system_cancel(&request.order_id, request.reason);
        let order = Some(order(&asked.await?)?);
        Ok(Response::new(SystemCancelOrderResponse { order }))
    }
}

/// An order on the wire.
pub(crate) fn order(order: &Order) -> Result<FoodOrder, Refusal> {
    let told = wire::order(order, &SYSTEM);
    Ok(FoodOrder {
        meal: Some(wire::detail::<Meal>(&told)?),
        order_id: told.order_id,
        customer_id: told.customer_id,
        version: told.version,
        status: told.status.unwrap_or_default().code,
        total: told.amount,
        placed_at: told.placed_at,
        changed_at: told.changed_at,
        cancellable: told.cancellable,
        cancellation: told.cancellation,
        timeline: told.timeline,
    })
}
