//! What owners do with their stores and orders, and what others read of them.

mod orders;
mod stores;

use crate::domain;
use mesh::{Site, call};
use proto::food::store::v1::store_service_server::StoreService;
use proto::food::store::v1::{
    AcceptOrderRequest, AcceptOrderResponse, CompleteDeliveryRequest, CompleteDeliveryResponse,
    GetStoreRequest, GetStoreResponse, ListQueueRequest, ListQueueResponse, ListStoresRequest,
    ListStoresResponse, PutMenuRequest, PutMenuResponse, RegisterStoreRequest,
    RegisterStoreResponse, RejectOrderRequest, RejectOrderResponse, SetOpenRequest,
    SetOpenResponse, StartDeliveryRequest, StartDeliveryResponse, WatchNewOrdersRequest,
    WatchNewOrdersResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

/// The handlers of `StoreService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl StoreService for Handlers {
    async fn register_store(
        &self,
        request: Request<RegisterStoreRequest>,
    ) -> Result<Response<RegisterStoreResponse>, Status> {
        let registered = stores::register(&self.site.store, request.into_inner());
        Ok(Response::new(registered.await?))
    }

    async fn get_store(
        &self,
        request: Request<GetStoreRequest>,
    ) -> Result<Response<GetStoreResponse>, Status> {
        let found = stores::get(&self.site.store, request.into_inner());
        Ok(Response::new(found.await?))
    }

    async fn list_stores(
        &self,
        request: Request<ListStoresRequest>,
    ) -> Result<Response<ListStoresResponse>, Status> {
        let listed = stores::list(&self.site.store, request.into_inner());
        Ok(Response::new(listed.await?))
    }

    async fn put_menu(
        &self,
        request: Request<PutMenuRequest>,
    ) -> Result<Response<PutMenuResponse>, Status> {
        let put = stores::put_menu(&self.site.store, request.into_inner());
        Ok(Response::new(put.await?))
    }

    async fn set_open(
        &self,
        request: Request<SetOpenRequest>,
    ) -> Result<Response<SetOpenResponse>, Status> {
        let set = stores::set_open(&self.site.store, request.into_inner());
        Ok(Response::new(set.await?))
    }

    async fn list_queue(
        &self,
        request: Request<ListQueueRequest>,
    ) -> Result<Response<ListQueueResponse>, Status> {
        let listed = orders::list(&self.site.store, request.into_inner());
        Ok(Response::new(listed.await?))
    }

    type WatchNewOrdersStream = BoxStream<WatchNewOrdersResponse>;

    async fn watch_new_orders(
        &self,
        request: Request<WatchNewOrdersRequest>,
    ) -> Result<Response<Self::WatchNewOrdersStream>, Status> {
        let orders = orders::watch(&self.site, request.into_inner());
        Ok(Response::new(orders.await?))
    }

    async fn accept_order(
        &self,
        request: Request<AcceptOrderRequest>,
    ) -> Result<Response<AcceptOrderResponse>, Status> {
        let accepted = orders::command(
            &self.site.store,
            &request.get_ref().order_id,
            |row, food, now| domain::accept(food, row.by_itself, now),
        );
        let order = Some(accepted.await?);
        Ok(Response::new(AcceptOrderResponse { order }))
    }

    async fn reject_order(
        &self,
        request: Request<RejectOrderRequest>,
    ) -> Result<Response<RejectOrderResponse>, Status> {
        let rejected = orders::reject(&self.site.store, request.into_inner());
        Ok(Response::new(rejected.await?))
    }

    async fn start_delivery(
        &self,
        request: Request<StartDeliveryRequest>,
    ) -> Result<Response<StartDeliveryResponse>, Status> {
        let started = orders::command(
            &self.site.store,
            &request.get_ref().order_id,
            |_, food, now| domain::start_delivery(food, now),
        );
        let order = Some(started.await?);
        Ok(Response::new(StartDeliveryResponse { order }))
    }

    async fn complete_delivery(
        &self,
        request: Request<CompleteDeliveryRequest>,
    ) -> Result<Response<CompleteDeliveryResponse>, Status> {
        let completed = orders::command(
            &self.site.store,
            &request.get_ref().order_id,
            |_, food, now| domain::complete_delivery(food, now),
        );
        let order = Some(completed.await?);
        Ok(Response::new(CompleteDeliveryResponse { order }))
    }
}

/// Whose stores the caller may read: staff and admins anybody's.
fn readable() -> Result<Option<String>, mesh::Refusal> {
    let user = call::user()?;
    let any = user.is("staff") || user.is("admin");
    Ok((!any).then_some(user.subject))
}
