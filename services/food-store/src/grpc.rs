//! What owners do with their stores and orders, and what others read of them.

use crate::domain;
use crate::menus;
use crate::queue::{self, Row};
use crate::stores::{self, Store};
use crate::watch::Queue;
use futures::TryStreamExt;
use mesh::{Page, Refusal, Reply, Site, Time, User, call, fields, id, request, watch};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use ordering::wire;
use proto::food::store::v1::store_service_server::StoreService;
use proto::food::store::v1::{
    self as v1, AcceptOrderRequest, AcceptOrderResponse, CompleteDeliveryRequest,
    CompleteDeliveryResponse, GetStoreRequest, GetStoreResponse, ListQueueRequest,
    ListQueueResponse, ListStoresRequest, ListStoresResponse, PutMenuRequest, PutMenuResponse,
    QueuedOrder, RegisterStoreRequest, RegisterStoreResponse, RejectOrderRequest,
    RejectOrderResponse, SetOpenRequest, SetOpenResponse, StartDeliveryRequest,
    StartDeliveryResponse, WatchNewOrdersRequest, WatchNewOrdersResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response};

/// The handlers of `StoreService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl StoreService for Handlers {
    async fn register_store(
        &self,
        request: Request<RegisterStoreRequest>,
    ) -> Reply<RegisterStoreResponse> {
        let (owner, request) = (call::user()?.subject, request.into_inner());
        let key = request::Key::new(&request.request_id, &request)?;
        let registered = request::once(&self.site.store, key.lane(), key, move |tx| {
            let store = Some(stores::register(tx, &owner, &request)?);
            Ok(RegisterStoreResponse { store })
        });
        Ok(Response::new(registered.await?))
    }

    async fn get_store(&self, request: Request<GetStoreRequest>) -> Reply<GetStoreResponse> {
        let store_id = id::canonical(&request.get_ref().store_id);
        let reader = call::user().ok();
        let found = self.site.store.read(move |db| {
            Ok(GetStoreResponse {
                store: Some(shown(stores::find(db, &store_id, None)?, reader.as_ref())),
                menu: menus::find(db, &store_id)?,
            })
        });
        Ok(Response::new(found.await?))
    }

    async fn list_stores(&self, request: Request<ListStoresRequest>) -> Reply<ListStoresResponse> {
        let request = request.into_inner();
        let page = Page::of(request.page_size, &request.page_token)?;
        let reader = call::user().ok();
        let listed = self.site.store.read(move |db| {
            let rows = stores::list(db, &page)?;
            page.show(rows, Store::key, |row| Ok(shown(row, reader.as_ref())))
        });
        let (stores, next_page_token) = listed.await?;
        Ok(Response::new(ListStoresResponse {
            stores,
            next_page_token,
        }))
    }

    async fn put_menu(&self, request: Request<PutMenuRequest>) -> Reply<PutMenuResponse> {
        let request = request.into_inner();
        fields::read(|fields| menus::check(fields, &request.items))?;
        let (owner, store_id) = (call::user()?.subject, id::canonical(&request.store_id));
        let put = self.site.store.write(store_id.clone(), move |tx| {
            let menu = Some(menus::put(tx, &owner, &store_id, &request.items)?);
            Ok(PutMenuResponse { menu })
        });
        Ok(Response::new(put.await?))
    }

    async fn set_open(&self, request: Request<SetOpenRequest>) -> Reply<SetOpenResponse> {
        let (owner, request) = (call::user()?.subject, request.into_inner());
        let store_id = id::canonical(&request.store_id);
        let set = self.site.store.write(store_id.clone(), move |tx| {
            let store = Some(stores::set_open(tx, &owner, &store_id, request.open)?);
            Ok(SetOpenResponse { store })
        });
        Ok(Response::new(set.await?))
    }

    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Reply<ListQueueResponse> {
        let (of, request) = (readable()?, request.into_inner());
        let page = Page::of(request.page_size, &request.page_token)?;
        let store_id = id::canonical(&request.store_id);
        let statuses = match request.statuses {
            none if none.is_empty() => domain::TO_DO.to_vec(),
            some => some,
        };
        let now = self.site.clock.now();
        let listed = self.site.store.read(move |db| {
            stores::find(db, &store_id, of.as_deref())?;
            let rows = queue::list(db, &store_id, &page, &statuses)?;
            page.show(rows, Row::key, |row| row.show(now))
        });
        let (orders, next_page_token) = listed.await?;
        Ok(Response::new(ListQueueResponse {
            orders,
            next_page_token,
        }))
    }

    type WatchNewOrdersStream = BoxStream<WatchNewOrdersResponse>;

    async fn watch_new_orders(
        &self,
        request: Request<WatchNewOrdersRequest>,
    ) -> Reply<Self::WatchNewOrdersStream> {
        let (of, request) = (readable()?, request.into_inner());
        let store_id = id::canonical(&request.store_id);
        let queue = Queue {
            store_id: store_id.clone(),
            clock: self.site.clock.clone(),
        };
        let own = self
            .site
            .store
            .read(move |db| stores::find(db, &store_id, of.as_deref()));
        own.await?;
        let orders = watch::stream(&self.site, &request.cursor, queue)?;
        let messages = orders.map_ok(|(order, cursor)| WatchNewOrdersResponse {
            order: Some(order),
            cursor,
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn accept_order(
        &self,
        request: Request<AcceptOrderRequest>,
    ) -> Reply<AcceptOrderResponse> {
        let order = self.work(&request.get_ref().order_id, domain::accept);
        let order = Some(order.await?);
        Ok(Response::new(AcceptOrderResponse { order }))
    }

    async fn reject_order(
        &self,
        request: Request<RejectOrderRequest>,
    ) -> Reply<RejectOrderResponse> {
        let request = request.into_inner();
        let reason = wire::read_text(request.reason.unwrap_or_default());
        let order = self.work(&request.order_id, move |food, now| {
            domain::reject(food, reason.clone(), now)
        });
        let order = Some(order.await?);
        Ok(Response::new(RejectOrderResponse { order }))
    }

    async fn start_delivery(
        &self,
        request: Request<StartDeliveryRequest>,
    ) -> Reply<StartDeliveryResponse> {
        let order = self.work(&request.get_ref().order_id, domain::start_delivery);
        let order = Some(order.await?);
        Ok(Response::new(StartDeliveryResponse { order }))
    }

    async fn complete_delivery(
        &self,
        request: Request<CompleteDeliveryRequest>,
    ) -> Reply<CompleteDeliveryResponse> {
        let order = self.work(&request.get_ref().order_id, domain::complete_delivery);
        let order = Some(order.await?);
        Ok(Response::new(CompleteDeliveryResponse { order }))
    }
}

impl Handlers {
    /// Does what `decision` decides with an order of the caller's store.
    async fn work(
        &self,
        order_id: &str,
        decision: impl Fn(&mut Fulfilment, Time) -> Decided + Send + Sync + 'static,
    ) -> Result<QueuedOrder, Refusal> {
        let (owner, order_id) = (call::user()?.subject, id::canonical(order_id));
        let worked = self.site.store.write(order_id.clone(), move |tx| {
            let row = queue::own(tx.db(), &order_id, &owner)?;
            queue::decide(tx, row, None, &decision)?.show(tx.now())
        });
        worked.await
    }
}

/// Staff and admins read anybody's stores.
fn reads_all(user: &User) -> bool {
    user.is("staff") || user.is("admin")
}

/// Whose stores the caller may read; none: anybody's.
fn readable() -> Result<Option<String>, Refusal> {
    let user = call::user()?;
    Ok((!reads_all(&user)).then_some(user.subject))
}

/// A store as `reader` sees it, who may have no token. Whose it is, only its owner and who reads all do.
fn shown(row: Store, reader: Option<&User>) -> v1::Store {
    let is_told = reader.is_some_and(|user| user.subject == row.owner_id || reads_all(user));
    let mut shown = v1::Store::from(row);
    if !is_told {
        shown.owner_id.clear();
    }
    shown
}
