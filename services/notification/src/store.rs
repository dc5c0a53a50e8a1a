//! The context's queries.

use crate::schema::{contact, notification};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use mesh::{AtEnd, Column, Db, Left, Many, Page, Refusal, Time, Tx, write_all};
use ordering::rows;
use proto::notification::v1::{Channel, Contact, Notification, NotificationStatus};
use std::collections::HashMap;

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

/// How far an order is recorded, and what its customer has set.
#[derive(Clone, Queryable)]
pub struct Known {
    last: Option<i32>,
    locale: Option<String>,
    channel: Option<i32>,
}

impl Known {
    /// Whether that is news, which is recorded now. Entries are only ever added behind the last one.
    pub fn is_news(&mut self, seq: i32) -> bool {
        let is_news = self.last.is_none_or(|last| seq > last);
        self.last = self.last.max(Some(seq));
        is_news
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

/// What recording entries of these orders starts from: pairs of order and customer. By order.
pub fn known(db: &mut Db, asked: &[(&str, &str)]) -> QueryResult<HashMap<String, Known>> {
    match db {
        Db::Postgres(db) => Ok(all_known(asked).load(db)?.into_iter().collect()),
        db @ Db::Sqlite(_) => {
            let one = |(order_id, customer_id): &(&str, &str)| {
                Ok((
                    (*order_id).to_owned(),
                    one_known(db, order_id, customer_id)?,
                ))
            };
            asked.iter().map(one).collect()
        }
    }
}

fn one_known(db: &mut Db, order_id: &str, customer_id: &str) -> QueryResult<Known> {
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

type OneKnown = (Text, (Nullable<Integer>, Nullable<Text>, Nullable<Integer>));

fn all_known<'a>(asked: &[(&'a str, &'a str)]) -> Many<'a, OneKnown> {
    Many::new(
        "SELECT asked.order_id, \
         (SELECT max(seq) FROM notification WHERE notification.order_id = asked.order_id), \
         contact.locale, contact.channel FROM",
        vec![
            Column::Text(asked.iter().map(|(order_id, _)| *order_id).collect()),
            Column::Text(asked.iter().map(|(_, customer_id)| *customer_id).collect()),
        ],
        "AS asked (order_id, customer_id) LEFT JOIN contact ON contact.customer_id = asked.customer_id",
    )
}

/// Adds records. ABORTED when another replica was faster: run again, it finds that.
pub fn insert(db: &mut Db, records: &[Record]) -> Result<(), Refusal> {
    let inserted = write_all(db, records, all_new, |db, record| {
        let new = diesel::insert_into(notification::table).values(record);
        new.execute(db)
    });
    rows::all_written(records.len(), inserted)
}

fn all_new(records: &[Record]) -> Many<'_> {
    let records = || records.iter();
    Many::new(
        "INSERT INTO notification \
         (notification_id, order_id, seq, customer_id, status, text, channel, created_at) SELECT * FROM",
        vec![
            Column::Text(records().map(|record| &*record.notification_id).collect()),
            Column::Text(records().map(|record| &*record.order_id).collect()),
            Column::Integer(records().map(|record| record.seq).collect()),
            Column::Text(records().map(|record| &*record.customer_id).collect()),
            Column::Integer(records().map(|record| record.status).collect()),
            Column::Text(records().map(|record| &*record.text).collect()),
            Column::Integer(records().map(|record| record.channel).collect()),
            Column::Number(records().map(|record| record.created_at).collect()),
        ],
        "",
    )
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

/// A record that was sent, by which channel and when.
pub struct Sent {
    pub notification_id: String,
    pub channel: i32,
    pub at: Time,
}

impl AtEnd for Sent {
    fn write(tx: &mut Tx<'_>, left: Vec<Left<Self>>) -> Result<(), Refusal> {
        write_all(tx.db(), &left, all_sent, |db, Left { row, .. }| {
            mesh::update(notification::table.find(&row.notification_id))
                .set((
                    notification::status.eq(i32::from(NotificationStatus::Sent)),
                    notification::channel.eq(row.channel),
                    notification::sent_at.eq(row.at.0),
                ))
                .execute(db)
        })?;
        Ok(())
    }
}

fn all_sent(left: &[Left<Sent>]) -> Many<'_> {
    let (rows, sent) = (
        || left.iter().map(|left| &left.row),
        NotificationStatus::Sent,
    );
    Many::new(
        "UPDATE notification SET status = new.status, channel = new.channel, sent_at = new.at FROM",
        vec![
            Column::Text(rows().map(|row| &*row.notification_id).collect()),
            Column::Integer(rows().map(|_| sent.into()).collect()),
            Column::Integer(rows().map(|row| row.channel).collect()),
            Column::Number(rows().map(|row| row.at.0).collect()),
        ],
        "AS new (id, status, channel, at) WHERE notification.notification_id = new.id",
    )
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
