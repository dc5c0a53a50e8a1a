//! Order's own copy of the menus: the price at the moment of ordering is the one written here.

use diesel::prelude::*;
use mesh::{Change, Refusal, Tx};
use prost::Message;
use proto::food::store::v1::{Menu, Store};

diesel::table! {
    store (store_id) {
        store_id -> Text,
        name -> Text,
    }
}

diesel::table! {
    menu (store_id) {
        store_id -> Text,
        body -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(store, menu);

/// Whenever a store has changed, remember its name.
pub(crate) fn store_changed(tx: &mut Tx<'_>, change: &Change<Store>) -> Result<(), Refusal> {
    let told = &change.entity;
    let name = store::name.eq(&told.name);
    let known = mesh::update(store::table.find(&told.store_id))
        .set(name)
        .execute(tx.db())?;
    if known == 0 {
        diesel::insert_into(store::table)
            .values((store::store_id.eq(&told.store_id), name))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Whenever a store has another menu, sell by that one.
pub(crate) fn menu_changed(tx: &mut Tx<'_>, change: &Change<Menu>) -> Result<(), Refusal> {
    let told = &change.entity;
    let body = menu::body.eq(told.encode_to_vec());
    let known = mesh::update(menu::table.find(&told.store_id))
        .set(body.clone())
        .execute(tx.db())?;
    if known == 0 {
        diesel::insert_into(menu::table)
            .values((menu::store_id.eq(&told.store_id), body))
            .execute(tx.db())?;
    }
    Ok(())
}

/// A store's name and menu.
pub(crate) fn find(tx: &mut Tx<'_>, store_id: &str) -> Result<Option<(String, Menu)>, Refusal> {
    let found: Option<(String, Vec<u8>)> = store::table
        .find(store_id)
        .inner_join(menu::table.on(menu::store_id.eq(store::store_id)))
        .select((store::name, menu::body))
        .first(tx.db())
        .optional()?;
    let read = |(name, body): (String, Vec<u8>)| {
        let menu = Menu::decode(&*body).map_err(Refusal::internal)?;
        Ok((name, menu))
    };
    found.map(read).transpose()
}
