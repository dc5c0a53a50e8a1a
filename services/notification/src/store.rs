//! The context's queries.

use crate::schema::{contact, notification};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use mesh::{Db, Page, Refusal, Time};
use proto::notification::v1::{Channel, Contact, Notification, NotificationStatus};
use std::collections::HashSet;

/// What notifications are listed by: when they were first seen, then their id.
pub type Key = (i64, String);

/// A notification as it is stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notification)]
pub struct Record {
    pub notification_id: String,
    pub order_id: String,
    pub seq: i32,
    pub customer_id: String,
    pub status: i32,
    pub text: String,
    pub channel: i32,
    pub created_at: i64,
    pub sent_at: Option<i64>,
}

impl From<Record> for Notification {
    fn from(record: Record) -> Self {
        Self {
            notification_id: record.notification_id,
            order_id: record.order_id,
            seq: record.seq,
            customer_id: record.customer_id,
            status: record.status,
            text: record.text,
            channel: record.channel,
            created_at: Some(Time(record.created_at).into()),
            sent_at: record.sent_at.map(|at| Time(at).into()),
        }
    }
}

/// The entries of an order's timeline that have a record.
pub fn recorded(db: &mut Db, order_id: &str) -> QueryResult<HashSet<i32>> {
    let seqs: Vec<i32> = notification::table
        .filter(notification::order_id.eq(order_id))
        .select(notification::seq)
        .load(db)?;
    Ok(seqs.into_iter().collect())
}

/// Adds a record.
pub fn insert(db: &mut Db, record: &Record) -> QueryResult<()> {
    diesel::insert_into(notification::table)
        .values(record)
        .execute(db)
        .map(drop)
}

/// A record that is still to be sent, with its customer's contact.
pub fn pending(db: &mut Db, notification_id: &str) -> QueryResult<Option<(Record, Contact)>> {
    let record: Option<Record> = notification::table
        .find(notification_id)
        .filter(notification::status.eq(i32::from(NotificationStatus::Pending)))
        .select(Record::as_select())
        .first(db)
        .optional()?;
    let Some(record) = record else {
        return Ok(None);
    };
    let contact = contact(db, &record.customer_id)?;
    Ok(Some((record, contact)))
}

/// Marks a record sent by `channel`.
pub fn sent(db: &mut Db, notification_id: &str, channel: i32, now: Time) -> QueryResult<()> {
    mesh::update(notification::table.find(notification_id))
        .set((
            notification::status.eq(i32::from(NotificationStatus::Sent)),
            notification::channel.eq(channel),
            notification::sent_at.eq(now.0),
        ))
        .execute(db)
        .map(drop)
}

/// Records newest first: of this customer, of this order, or both.
pub fn list(
    db: &mut Db,
    page: &Page<Key>,
    customer_id: Option<&str>,
    order_id: Option<&str>,
) -> QueryResult<Vec<Record>> {
    let mut query = notification::table
        .order((
            notification::created_at.desc(),
            notification::notification_id.desc(),
        ))
        .limit(page.limit())
        .select(Record::as_select())
        .into_boxed();
    if let Some((at, id)) = page.after.clone() {
        let same_time = notification::created_at
            .eq(at)
            .and(notification::notification_id.lt(id));
        query = query.filter(notification::created_at.lt(at).or(same_time));
    }
    if let Some(customer_id) = customer_id {
        query = query.filter(notification::customer_id.eq(customer_id));
    }
    if let Some(order_id) = order_id {
        query = query.filter(notification::order_id.eq(order_id));
    }
    query.load(db)
}

/// How a customer is told.
pub fn contact(db: &mut Db, customer_id: &str) -> QueryResult<Contact> {
    let set: Option<(String, i32, String)> = contact::table
        .find(customer_id)
        .select((contact::locale, contact::channel, contact::address))
        .first(db)
        .optional()?;
    let unset = || (String::new(), Channel::Console.into(), String::new());
    let (locale, channel, address) = set.unwrap_or_else(unset);
    Ok(Contact {
        locale,
        channel,
        address,
    })
}

/// Sets how a customer is told, also of what is still to be sent.
pub fn set_contact(db: &mut Db, customer_id: &str, contact: &Contact) -> Result<(), Refusal> {
    let values = (
        contact::locale.eq(&contact.locale),
        contact::channel.eq(contact.channel),
        contact::address.eq(&contact.address),
    );
    let updated = mesh::update(contact::table.find(customer_id))
        .set(values)
        .execute(db)?;
    if updated == 0 {
        diesel::insert_into(contact::table)
            .values((contact::customer_id.eq(customer_id), values))
            .execute(db)
            .map_err(|error| match error {
                // Another replica set it first: run again, it is an update now.
                Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Refusal::conflict(),
                error => error.into(),
            })?;
    }
    mesh::update(
        notification::table
            .filter(notification::customer_id.eq(customer_id))
            .filter(notification::status.eq(i32::from(NotificationStatus::Pending))),
    )
    .set(notification::channel.eq(contact.channel))
    .execute(db)?;
    Ok(())
}
