//! Food's stage: a store with a menu.

use super::{found, won};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::food::order::v1::order_service_client::OrderServiceClient;
use proto::food::order::v1::{OrderedItem, PlaceOrderRequest};
use proto::food::store::v1::store_service_client::StoreServiceClient;
use proto::food::store::v1::{
    GetStoreRequest, ListStoresRequest, MenuItem, PutMenuRequest, RegisterStoreRequest,
};

/// Whose store the demo's is.
const OWNER: &str = "demo-park";

/// What is on every menu here: the owner's word, the name, the price in won.
pub(crate) const MENU: [(&str, &str, i64); 3] = [
    ("kimbap", "김밥 (Kimbap)", 3_500),
    ("ramen", "라면 (Ramen)", 4_000),
    ("tteokbokki", "떡볶이 (Tteokbokki)", 5_000),
];

/// Registers a store with a menu, unless there is one already. It accepts orders by itself: nobody is there to do it.
pub(crate) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    let owner = mesh.acting_as(OWNER, &["owner", "customer"])?;
    let mut stores = StoreServiceClient::new(owner.channel());
    let listed = stores.list_stores(ListStoresRequest::default()).await;
    let listed = listed.map_err(|status| rpc::fault(&status))?.into_inner();
    if listed.stores.is_empty() {
        store(&owner, &mesh::id::new(), true).await?;
    }
    // Whoever registered one may have been killed before it had its menu.
    for own in listed.stores.iter().filter(|store| store.owner_id == OWNER) {
        let store_id = own.store_id.clone();
        let found = stores.get_store(GetStoreRequest { store_id }).await;
        let found = found.map_err(|status| rpc::fault(&status))?.into_inner();
        if found.menu.is_none() {
            put_menu(&owner, &own.store_id).await?;
        }
    }
    Ok(())
}

/// Makes a store with a menu, and waits until it can be ordered from; answers its id. `run` tells it from others. `owner`
/// must also be a customer. `auto`: it accepts by itself.
pub(crate) async fn store(owner: &Mesh, run: &str, auto: bool) -> Result<String, Fault> {
    let mut stores = StoreServiceClient::new(owner.channel());
    let request = RegisterStoreRequest {
        request_id: format!("{run}-store"),
        name: "박가네 (Park's)".to_owned(),
        auto,
    };
    let made = stores.register_store(request).await;
    let made = made.map_err(|status| rpc::fault(&status))?.into_inner();
    let store_id = made.store.unwrap_or_default().store_id;
    put_menu(owner, &store_id).await?;
    Ok(store_id)
}

/// Puts the menu of a store, and waits until it can be ordered from.
async fn put_menu(owner: &Mesh, store_id: &str) -> Result<(), Fault> {
    let item = |(item_id, name, price): (&str, &str, i64)| MenuItem {
        item_id: item_id.to_owned(),
        name: name.to_owned(),
        price: Some(won(price)),
        sold_out: false,
    };
    let menu = PutMenuRequest {
        store_id: store_id.to_owned(),
        items: MENU.map(item).to_vec(),
    };
    let put = StoreServiceClient::new(owner.channel())
        .put_menu(menu)
        .await;
    put.map_err(|status| rpc::fault(&status))?;
    let is_on_sale = found(async || is_on_sale(owner, store_id).await);
    is_on_sale.await.ok_or_else(|| {
        Fault::no(format!(
            "food-order never heard of the menu of the store {store_id}"
        ))
    })
}

/// Whether its menu is sold: a request at a wrong price is refused for the price, not as unknown.
async fn is_on_sale(as_customer: &Mesh, store_id: &str) -> Option<()> {
    let request = PlaceOrderRequest {
        request_id: format!("probe-{}", mesh::id::new()),
        store_id: store_id.to_owned(),
        items: vec![OrderedItem {
            item_id: MENU[0].0.to_owned(),
            quantity: 1,
        }],
        expected_total: Some(won(0)),
        payment_method: "pm_probe".to_owned(),
    };
    let refused = OrderServiceClient::new(as_customer.channel())
        .place_order(request)
        .await
        .err()?;
    (mesh::refusal::reason(&refused)? == "PRICE_CHANGED").then_some(())
}
