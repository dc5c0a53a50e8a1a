//! Stores: whose they are, whether they are at work, and whether they accept orders by themselves.

use crate::menus;
use crate::schema::store;
use diesel::dsl::exists;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx, id, page};
use ordering::rows;
use proto::food::store::v1::{self, RegisterStoreRequest, StoreChanged, StoreRegistered};

/// A store as it is stored.
#[derive(Clone, Debug, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = store, treat_none_as_default_value = false)]
pub struct Store {
    pub store_id: String,
    pub version: i64,
    pub owner_id: String,
    pub name: String,
    pub is_auto: bool,
    pub is_open: bool,
    pub registered_at: i64,
}

impl Store {
    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.registered_at, self.store_id.clone())
    }
}

impl From<Store> for v1::Store {
    fn from(store: Store) -> Self {
        Self {
            store_id: store.store_id,
            version: store.version,
            name: store.name,
            owner_id: store.owner_id,
            auto: store.is_auto,
            open: store.is_open,
            registered_at: Some(Time(store.registered_at).into()),
        }
    }
}

/// Registers a store of `owner`'s. It is open.
pub fn register(
    tx: &mut Tx<'_>,
    owner: &str,
    request: &RegisterStoreRequest,
) -> Result<v1::Store, Refusal> {
    let row = Store {
        store_id: id::new(),
        version: 1,
        owner_id: owner.to_owned(),
        name: request.name.clone(),
        is_auto: request.auto,
        is_open: true,
        registered_at: tx.now().0,
    };
    diesel::insert_into(store::table)
        .values(&row)
        .execute(tx.db())?;
    menus::begin(tx.db(), &row.store_id)?;
    let told = v1::Store::from(row);
    let store = Some(told.clone());
    let registered = StoreRegistered { store };
    tx.enqueue(Event::new(&told.store_id, told.version, &registered))?;
    Ok(told)
}

/// Opens or closes a store of `owner`'s.
pub fn set_open(
    tx: &mut Tx<'_>,
    owner: &str,
    store_id: &str,
    open: bool,
) -> Result<v1::Store, Refusal> {
    let mut row = find(tx.db(), store_id, Some(owner))?;
    if row.is_open == open {
        return Ok(row.into());
    }
    let unchanged = store::table
        .find(store_id)
        .filter(store::version.eq(row.version));
    row.is_open = open;
    row.version += 1;
    rows::written(mesh::update(unchanged).set(&row).execute(tx.db()))?;
    let told = v1::Store::from(row);
    let store = Some(told.clone());
    tx.enqueue(Event::new(store_id, told.version, &StoreChanged { store }))?;
    Ok(told)
}

/// A store; only if it is `of` this owner, when one is named.
pub fn find(db: &mut Db, store_id: &str, of: Option<&str>) -> Result<Store, Refusal> {
    let mut query = Store::query().find(store_id).into_boxed();
    if let Some(owner) = of {
        query = query.filter(store::owner_id.eq(owner));
    }
    mesh::found(query.first(db), "store")
}

/// Whether a store accepts orders by itself now. What is not known here does not.
pub fn accepts_by_itself(db: &mut Db, store_id: &str) -> Result<bool, Refusal> {
    let willing = store::table
        .find(store_id)
        .filter(store::is_auto.eq(true))
        .filter(store::is_open.eq(true));
    Ok(diesel::select(exists(willing)).get_result(db)?)
}

/// Stores, newest first.
pub fn list(db: &mut Db, page: &Page) -> Result<Vec<Store>, Refusal> {
    let stores = Store::query().into_boxed();
    let listed = page.newest_first(stores, store::registered_at, store::store_id);
    Ok(listed.load(db)?)
}
