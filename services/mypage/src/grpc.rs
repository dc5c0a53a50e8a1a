//! What a customer asks of the page.

use crate::store;
use crate::watch::OrdersOf;
use futures::TryStreamExt;
use mesh::{Page, Refusal, Site, call, fields, id, watch};
use proto::mypage::v1::my_page_service_server::MyPageService;
use proto::mypage::v1::{
    GetMyOrderRequest, GetMyOrderResponse, ListMyOrdersRequest, ListMyOrdersResponse,
    WatchMyOrdersRequest, WatchMyOrdersResponse,
};
use proto::ordering::v1::Phase;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

/// More systems than there will be.
const MOST_SYSTEMS: usize = 20;

/// The handlers of `MyPageService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl MyPageService for Handlers {
    async fn list_my_orders(
        &self,
        request: Request<ListMyOrdersRequest>,
    ) -> Result<Response<ListMyOrdersResponse>, Status> {
        let customer = call::user()?.subject;
        let mut request = request.into_inner();
        request.phases.sort_unstable();
        request.phases.dedup();
        let page = fields::read(|fields| {
            let few = request.systems.len() <= MOST_SYSTEMS;
            fields.check(few, "systems", "must be at most 20");
            for system in request.systems.iter().take(MOST_SYSTEMS) {
                fields.take(fields::word("systems", system, 64));
            }
            let known = |phase: &i32| {
                Phase::try_from(*phase).is_ok_and(|phase| phase != Phase::Unspecified)
            };
            let all_known = request.phases.iter().all(known);
            fields.check(all_known, "phases", "must be phases of an order");
            Page::read(fields, request.page_size, &request.page_token)
        })?;
        let listed = self.site.store.read(move |db| {
            let ListMyOrdersRequest {
                systems, phases, ..
            } = request;
            let mut rows = store::list(db, &customer, &page, systems, phases)?;
            let next_page_token = page.cut(&mut rows, |(key, _)| key.clone());
            Ok(ListMyOrdersResponse {
                orders: rows.into_iter().map(|(_, order)| order).collect(),
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }

    async fn get_my_order(
        &self,
        request: Request<GetMyOrderRequest>,
    ) -> Result<Response<GetMyOrderResponse>, Status> {
        let user = call::user()?;
        let request = request.into_inner();
        let order_id = fields::read(|f| f.take(id::parse("order_id", &request.order_id)))?;
        let found = self.site.store.read(move |db| {
            let owner = (!user.is("admin")).then_some(user.subject.as_str());
            store::find(db, &order_id, owner)
        });
        let (order, _) = found.await?.ok_or_else(|| Refusal::not_found("order"))?;
        Ok(Response::new(GetMyOrderResponse { order: Some(order) }))
    }

    type WatchMyOrdersStream = BoxStream<WatchMyOrdersResponse>;

    async fn watch_my_orders(
        &self,
        request: Request<WatchMyOrdersRequest>,
    ) -> Result<Response<Self::WatchMyOrdersStream>, Status> {
        let customer = call::user()?.subject;
        let cursor = request.into_inner().cursor;
        let orders = watch::stream(&self.site, &cursor, OrdersOf(customer))?;
        let messages = orders.map_ok(|(order, cursor)| WatchMyOrdersResponse {
            order: Some(order),
            cursor,
        });
        Ok(Response::new(Box::pin(messages)))
    }
}
