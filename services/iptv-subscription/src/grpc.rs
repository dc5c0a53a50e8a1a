//! The subscription service.

use crate::selling::Selling;
use crate::words::SYSTEM;
use mesh::{Refusal, Reply};
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use proto::iptv::subscription::v1::subscription_service_server::SubscriptionService;
use proto::iptv::subscription::v1::{
    CancelSubscriptionRequest, CancelSubscriptionResponse, GetSubscriptionRequest,
    GetSubscriptionResponse, ListSubscriptionsRequest, ListSubscriptionsResponse, Service,
    SubscribeRequest, SubscribeResponse, Subscription, SystemCancelSubscriptionRequest,
    SystemCancelSubscriptionResponse,
};
use tonic::{Request, Response};

/// The handlers of `SubscriptionService`.
pub(crate) struct Handlers {
    pub(crate) orders: Orders<Selling>,
}

#[tonic::async_trait]
impl SubscriptionService for Handlers {
    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Reply<SubscribeResponse> {
        let placed = self.orders.create(request.into_inner());
        Ok(Response::new(placed.await?))
    }

    async fn get_subscription(
        &self,
        request: Request<GetSubscriptionRequest>,
    ) -> Reply<GetSubscriptionResponse> {
        let id = request.into_inner().subscription_id;
        let subscription = Some(subscription(&self.orders.read(&id).await?)?);
        Ok(Response::new(GetSubscriptionResponse { subscription }))
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> Reply<ListSubscriptionsResponse> {
        let request = request.into_inner();
        let page = self.orders.page(request.page_size, &request.page_token);
        let (orders, next_page_token) = page.await?;
        let subscriptions = orders.iter().map(subscription).collect::<Result<_, _>>()?;
        Ok(Response::new(ListSubscriptionsResponse {
            subscriptions,
            next_page_token,
        }))
    }

    async fn cancel_subscription(
        &self,
        request: Request<CancelSubscriptionRequest>,
    ) -> Reply<CancelSubscriptionResponse> {
        let id = request.into_inner().subscription_id;
        let subscription = Some(subscription(&self.orders.cancel(&id).await?)?);
        Ok(Response::new(CancelSubscriptionResponse { subscription }))
    }

    async fn system_cancel_subscription(
        &self,
        request: Request<SystemCancelSubscriptionRequest>,
    ) -> Reply<SystemCancelSubscriptionResponse> {
        let request = request.into_inner();
        let asked = self
            .orders
            .system_cancel(&request.subscription_id, request.reason);
        let subscription = Some(subscription(&asked.await?)?);
        Ok(Response::new(SystemCancelSubscriptionResponse {
            subscription,
        }))
    }
}

/// A subscription on the wire.
pub(crate) fn subscription(order: &Order) -> Result<Subscription, Refusal> {
    let told = wire::order(order, &SYSTEM);
    Ok(Subscription {
        service: Some(wire::detail::<Service>(&told)?),
        subscription_id: told.order_id,
        customer_id: told.customer_id,
        version: told.version,
        status: told.status.unwrap_or_default().code,
        total: told.amount,
        placed_at: told.placed_at,
        changed_at: told.changed_at,
        cancellable: told.cancellable,
        cancellation: told.cancellation,
        timeline: told.timeline,
        refs: told.refs,
    })
}
