//! The order service.

use crate::selling::Selling;
use crate::words::SYSTEM;
use mesh::{Refusal, Reply};
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use proto::vod::order::v1::order_service_server::OrderService;
use proto::vod::order::v1::{
    CancelOrderRequest, CancelOrderResponse, GetOrderRequest, GetOrderResponse, ListOrdersRequest,
    ListOrdersResponse, Order as Told, OrderMovieRequest, OrderMovieResponse,
    SystemCancelOrderRequest, SystemCancelOrderResponse, Title,
};
use tonic::{Request, Response};

/// Serves orders.
pub(crate) struct Service {
    pub(crate) orders: Orders<Selling>,
}

#[tonic::async_trait]
impl OrderService for Service {
    async fn order_movie(&self, request: Request<OrderMovieRequest>) -> Reply<OrderMovieResponse> {
        Ok(Response::new(
            self.orders.create(request.into_inner()).await?,
        ))
    }

    async fn get_order(&self, request: Request<GetOrderRequest>) -> Reply<GetOrderResponse> {
        let order = self.orders.read(&request.into_inner().order_id).await?;
        Ok(Response::new(GetOrderResponse {
            order: Some(told(&order)?),
        }))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Reply<ListOrdersResponse> {
        let request = request.into_inner();
        let page = self.orders.page(request.page_size, &request.page_token);
        let (orders, next_page_token) = page.await?;
        let orders = orders.iter().map(told).collect::<Result<_, _>>()?;
        Ok(Response::new(ListOrdersResponse {
            orders,
            next_page_token,
        }))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Reply<CancelOrderResponse> {
        let order = self.orders.cancel(&request.into_inner().order_id).await?;
        Ok(Response::new(CancelOrderResponse {
            order: Some(told(&order)?),
        }))
    }

    async fn system_cancel_order(
        &self,
        request: Request<SystemCancelOrderRequest>,
    ) -> Reply<SystemCancelOrderResponse> {
        let request = request.into_inner();
        let (id, reason) = (request.order_id, request.reason);
        let order = self.orders.system_cancel(&id, reason).await?;
        Ok(Response::new(SystemCancelOrderResponse {
            order: Some(told(&order)?),
        }))
    }
}

/// An order on the wire.
pub(crate) fn told(order: &Order) -> Result<Told, Refusal> {
    let told = wire::order(order, &SYSTEM);
    Ok(Told {
        title: Some(wire::detail::<Title>(&told)?),
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
