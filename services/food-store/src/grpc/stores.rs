//! Stores and menus.

use crate::{menus, stores};
use mesh::{Page, Refusal, Store, call, fields, id, request};
use proto::food::store::v1::{
    self as v1, GetStoreRequest, GetStoreResponse, ListStoresRequest, ListStoresResponse,
    PutMenuRequest, PutMenuResponse, RegisterStoreRequest, RegisterStoreResponse, SetOpenRequest,
    SetOpenResponse,
};

pub async fn register(
    store: &Store,
    request: RegisterStoreRequest,
) -> Result<RegisterStoreResponse, Refusal> {
    let owner = call::user()?.subject;
    let key = request::Key::new(&request.request_id, &request)?;
    request::once(store, key.lane(), key, move |tx| {
        let store = Some(stores::register(tx, &owner, &request)?);
        Ok(RegisterStoreResponse { store })
    })
    .await
}

pub async fn get(store: &Store, request: GetStoreRequest) -> Result<GetStoreResponse, Refusal> {
    let store_id = id::canonical(&request.store_id);
    let reader = super::readable().ok();
    let found = store.read(move |db| {
        Ok(GetStoreResponse {
            store: Some(shown(stores::find(db, &store_id, None)?, &reader)),
            menu: menus::find(db, &store_id)?,
        })
    });
    found.await
}

pub async fn list(
    store: &Store,
    request: ListStoresRequest,
) -> Result<ListStoresResponse, Refusal> {
    let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
    let reader = super::readable().ok();
    let listed = store.read(move |db| {
        let mut rows = stores::list(db, &page)?;
        let next_page_token = page.cut(&mut rows, stores::Store::key);
        Ok(ListStoresResponse {
            stores: rows.into_iter().map(|row| shown(row, &reader)).collect(),
            next_page_token,
        })
    });
    listed.await
}

/// A store as anybody sees it. Whose it is, only its owner, staff and admins do; `reader` is whose stores the caller may
/// read, as [`super::readable`] says: nobody's without a token.
fn shown(row: stores::Store, reader: &Option<Option<String>>) -> v1::Store {
    let is_own = match reader {
        Some(Some(owner)) => *owner == row.owner_id,
        Some(None) => true,
        None => false,
    };
    let mut shown = v1::Store::from(row);
    if !is_own {
        shown.owner_id.clear();
    }
    shown
}

pub async fn put_menu(store: &Store, request: PutMenuRequest) -> Result<PutMenuResponse, Refusal> {
    fields::read(|fields| menus::check(fields, &request.items))?;
    let store_id = id::canonical(&request.store_id);
    let owner = call::user()?.subject;
    let put = store.write(store_id.clone(), move |tx| {
        let menu = Some(menus::put(tx, &owner, &store_id, &request.items)?);
        Ok(PutMenuResponse { menu })
    });
    put.await
}

pub async fn set_open(store: &Store, request: SetOpenRequest) -> Result<SetOpenResponse, Refusal> {
    let store_id = id::canonical(&request.store_id);
    let owner = call::user()?.subject;
    let set = store.write(store_id.clone(), move |tx| {
        let store = Some(stores::set_open(tx, &owner, &store_id, request.open)?);
        Ok(SetOpenResponse { store })
    });
    set.await
}
