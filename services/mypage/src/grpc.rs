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
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

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
        let request = request.into_inner();
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
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
        let order_id = id::canonical(&request.get_ref().order_id);
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
