//! An order side's own copy of what it sells, each entity as it was stated last: so orders are taken whatever else is down,
//! and the price at the moment of ordering is the one written here.

use crate::rows;
use crate::schema::catalogue;
use diesel::prelude::*;
use mesh::{Change, Refusal, Tx};
use prost::{Message, Name};

/// Whenever an entity has changed, sell it as it is now.
pub fn remember<E: Message + Name>(tx: &mut Tx<'_>, change: &Change<E>) -> Result<(), Refusal> {
    let id = &change.id;
    let body = catalogue::body.eq(change.entity.encode_to_vec());
    let update = mesh::update(catalogue::table.find((E::NAME, id))).set(body.clone());
    let new = (catalogue::kind.eq(E::NAME), catalogue::id.eq(id), body);
    rows::put(
        tx,
        update,
        diesel::insert_into(catalogue::table).values(new),
    )
}

/// An entity that was heard of. Who sells what is not known asks [`crate::not_sold`] why.
pub fn find<E: Message + Name + Default>(tx: &mut Tx<'_>, id: &str) -> Result<Option<E>, Refusal> {
    let body: Option<Vec<u8>> = catalogue::table
        .find((E::NAME, id))
        .select(catalogue::body)
        .first(tx.db())
        .optional()?;
    let read = body.map(|body| E::decode(&*body));
    read.transpose().map_err(Refusal::internal)
}
