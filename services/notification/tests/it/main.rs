//! Notifications, through their contract.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod contacts;
mod lists;
mod receiver;
mod records;
mod webhooks;

use mesh::{Context, Event, Time};
use notification::{Console, Reach, Settings};
use proto::cinema::booking::v1::BookingPlaced;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{
    Channel, Contact, ListNotificationsRequest, Notification, SetContactRequest,
};
use proto::ordering::v1::{Order, Status as OrderStatus, TimelineEntry};
use proto::shared::v1::Text;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

type Client = NotificationServiceClient<mesh::client::Client>;

/// What the console printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Notifications, and an order side that says what a test wants it to.
fn world_with(webhooks: Reach) -> (World, Printed) {
    let printed = Printed::default();
    let settings = Settings {
        console: Console::new(printed.clone()),
        webhooks,
    };
    let world = World::new()
        .with(notification::context(settings))
        .with(Context::new("cinema-booking"));
    (world, printed)
}

fn world() -> (World, Printed) {
    world_with(Reach::Public)
}

fn client(world: &World, caller: Caller) -> Client {
    NotificationServiceClient::new(world.client("notification", caller))
}

fn ann(world: &World) -> Client {
    client(world, Caller::customer("ann"))
}

fn text(en: &str, ko: &str) -> Option<Text> {
    Some(Text {
        en: en.to_owned(),
        ko: ko.to_owned(),
    })
}

/// Ann's booking, nothing in its timeline yet.
fn booking() -> Order {
    Order {
        order_id: mesh::id::new(),
        context: "cinema-booking".to_owned(),
        system: "cinema".to_owned(),
        customer_id: "ann".to_owned(),
        locale: "ko".to_owned(),
        title: text("Soul, 1A 2B", "소울, 1A 2B"),
        ..Order::default()
    }
}

/// The next thing that happens to it.
fn happens(order: &mut Order, at: Time, label: &str) {
    order.version += 1;
    order.timeline.push(TimelineEntry {
        seq: order.version as i32,
        at: Some(at.into()),
        status: Some(OrderStatus {
            label: text(label, &format!("{label} (ko)")),
            ..OrderStatus::default()
        }),
        ..TimelineEntry::default()
    });
}

/// The order's own context states it, and everybody hears of it.
async fn tell(world: &World, order: &Order) {
    let order = order.clone();
    let store = world.site("cinema-booking").store.clone();
    let enqueued = store.write((), move |tx| {
        let (id, version) = (order.order_id.clone(), order.version);
        let order = Some(order.clone());
        tx.enqueue(Event::new(id, version, &BookingPlaced { order }))
    });
    enqueued.await.unwrap();
    world.settle().await;
}

/// Lets every task that was put off come due, and works it.
async fn later(world: &World) {
    world.advance(Duration::from_secs(60));
    world.settle().await;
}

async fn set(client: &mut Client, contact: Contact) -> Result<Contact, Status> {
    let contact = Some(contact);
    let answer = client.set_contact(SetContactRequest { contact }).await?;
    Ok(answer.into_inner().contact.unwrap())
}

fn webhook(address: &str) -> Contact {
    Contact {
        locale: String::new(),
        channel: Channel::Webhook.into(),
        address: address.to_owned(),
    }
}

/// What the caller was told, newest first.
async fn told(client: &mut Client) -> Vec<Notification> {
    let all = ListNotificationsRequest::default();
    let answer = client.list_notifications(all).await.unwrap();
    answer.into_inner().notifications
}
