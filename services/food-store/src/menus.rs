//! Menus: what a store sells and for how much. A menu is put as a whole.

use crate::schema::menu;
use crate::stores;
use diesel::prelude::*;
use mesh::{Db, Event, Fields, Refusal, Tx};
use ordering::rows;
use prost::Message;
use proto::food::store::v1::{Menu, MenuChanged, MenuItem};
use std::collections::BTreeSet;

/// Reads the items of a menu together.
pub fn check(fields: &mut Fields, items: &[MenuItem]) {
    let ids: BTreeSet<_> = items.iter().map(|item| &item.item_id).collect();
    let different = ids.len() == items.len();
    fields.check(different, "items", "must not name an item_id twice");
    let currencies: BTreeSet<_> = items
        .iter()
        .filter_map(|item| Some(&item.price.as_ref()?.currency))
        .collect();
    let one = currencies.len() <= 1;
    fields.check(one, "items", "must all be priced in one currency");
}

/// Puts a menu in the place of the one that a store of `owner`'s had.
pub fn put(
    tx: &mut Tx<'_>,
    owner: &str,
    store_id: &str,
    items: &[MenuItem],
) -> Result<Menu, Refusal> {
    stores::find(tx.db(), store_id, Some(owner))?;
    let before = read(tx.db(), store_id)?;
    if before.items == items {
        return Ok(before);
    }
    let menu = Menu {
        version: before.version + 1,
        items: items.to_vec(),
        ..before.clone()
    };
    let unchanged = menu::table
        .find(store_id)
        .filter(menu::version.eq(before.version));
    let written = mesh::update(unchanged)
        .set((
            menu::version.eq(menu.version),
            menu::body.eq(menu.encode_to_vec()),
        ))
        .execute(tx.db());
    rows::written(written)?;
    let changed = MenuChanged {
        menu: Some(menu.clone()),
    };
    tx.enqueue(Event::new(store_id, menu.version, &changed))?;
    Ok(menu)
}

/// A store's menu, if one was ever put.
pub fn find(db: &mut Db, store_id: &str) -> Result<Option<Menu>, Refusal> {
    Ok(Some(read(db, store_id)?).filter(|menu| menu.version > 0))
}

/// Makes room for the menu of a new store.
pub fn begin(db: &mut Db, store_id: &str) -> Result<(), Refusal> {
    let none = Menu {
        store_id: store_id.to_owned(),
        ..Menu::default()
    };
    diesel::insert_into(menu::table)
        .values((
            menu::store_id.eq(store_id),
            menu::version.eq(none.version),
            menu::body.eq(none.encode_to_vec()),
        ))
        .execute(db)?;
    Ok(())
}

fn read(db: &mut Db, store_id: &str) -> Result<Menu, Refusal> {
    let body = menu::table.find(store_id).select(menu::body);
    let body: Vec<u8> = mesh::found(body.first(db), "store")?;
    Menu::decode(&*body).map_err(Refusal::internal)
}
