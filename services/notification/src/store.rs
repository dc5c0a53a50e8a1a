//! The context's queries.

use crate::schema::{contact, notification};
use diesel::prelude::*;
use mesh::{Db, Page, Refusal, Time};
use ordering::rows;
use proto::notification::v1::{Channel, Contact, Notification, NotificationStatus};

/// A notification as it is stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notification, treat_none_as_default_value = false)]
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

/// What recording an order's entries starts from.
#[derive(Queryable)]
pub struct Known {
    last: Option<i32>,
    locale: Option<String>,
    channel: Option<i32>,
}

impl Known {
    /// Whether an entry has a record. Entries are only ever added behind the last one.
    pub fn is_recorded(&self, seq: i32) -> bool {
        self.last.is_some_and(|last| seq <= last)
    }

    /// The language that the customer has set; empty: none.
    pub fn locale(&self) -> &str {
        self.locale.as_deref().unwrap_or_default()
    }

    /// The channel that the customer has set, or the usual one.
    pub fn channel(&self) -> i32 {
        self.channel.unwrap_or(Channel::Console.into())
    }
}

/// How far an order is recorded, and what its customer has set.
pub fn known(db: &mut Db, order_id: &str, customer_id: &str) -> QueryResult<Known> {
    let last = notification::table
        .filter(notification::order_id.eq(order_id))
        .select(diesel::dsl::max(notification::seq));
    let of = contact::table.find(customer_id);
    diesel::select((
        last.single_value(),
        of.select(contact::locale).single_value(),
        of.select(contact::channel).single_value(),
    ))
    .get_result(db)
}

/// Adds a record. ABORTED when another replica was faster: run again, it finds that.
pub fn insert(db: &mut Db, record: &Record) -> Result<(), Refusal> {
    let inserted = diesel::insert_into(notification::table)
        .values(record)
        .execute(db);
    rows::written(inserted)
}

/// A record that is still to be sent, with its customer's contact.
pub fn pending(db: &mut Db, notification_id: &str) -> QueryResult<Option<(Record, Contact)>> {
    let found: Option<(Record, Option<Set>)> = notification::table
        .find(notification_id)
        .filter(notification::status.eq(i32::from(NotificationStatus::Pending)))
        .left_join(contact::table.on(contact::customer_id.eq(notification::customer_id)))
        .select((
            Record::as_select(),
            (contact::locale, contact::channel, contact::address).nullable(),
        ))
        .first(db)
        .optional()?;
    Ok(found.map(|(record, set)| (record, told(set))))
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

/// Marks a record that its channel did not take.
pub fn given_up(db: &mut Db, notification_id: &str) -> QueryResult<()> {
    mesh::update(notification::table.find(notification_id))
        .set(notification::status.eq(i32::from(NotificationStatus::GivenUp)))
        .execute(db)
        .map(drop)
}

/// Records newest first: of this customer, of this order, or both.
pub fn list(
    db: &mut Db,
    page: &Page,
    customer_id: Option<&str>,
    order_id: Option<&str>,
) -> QueryResult<Vec<Record>> {
    let mut query = notification::table.select(Record::as_select()).into_boxed();
    if let Some(customer_id) = customer_id {
        query = query.filter(notification::customer_id.eq(customer_id));
    }
    if let Some(order_id) = order_id {
        query = query.filter(notification::order_id.eq(order_id));
    }
    let (at, id) = (notification::created_at, notification::notification_id);
    page.newest_first(query, at, id).load(db)
}

/// How a customer is told.
pub fn contact(db: &mut Db, customer_id: &str) -> QueryResult<Contact> {
    let set: Option<Set> = contact::table
        .find(customer_id)
        .select((contact::locale, contact::channel, contact::address))
        .first(db)
        .optional()?;
    Ok(told(set))
}

/// Language, channel and address.
type Set = (String, i32, String);

fn told(set: Option<Set>) -> Contact {
    let unset = || (String::new(), Channel::Console.into(), String::new());
    let (locale, channel, address) = set.unwrap_or_else(unset);
    Contact {
        locale,
        channel,
        address,
    }
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
        let inserted = diesel::insert_into(contact::table)
            .values((contact::customer_id.eq(customer_id), values))
            .execute(db);
        // Another replica set it first: run again, it is an update now.
        rows::written(inserted)?;
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
