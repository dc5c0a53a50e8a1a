//! The task that sends a notification, tried until it is done or too late.

use crate::channel::{Channels, Message};
use crate::patience::Patience;
use crate::policies::LATE;
use crate::store::{self, Sent};
use mesh::{Done, Refusal, Site, Task, Time};

/// The kind of the task. Its key is the notification's id.
pub const KIND: &str = "send";

/// Sends the notification by whatever channel its customer has by now.
pub async fn send(
    site: Site,
    task: Task,
    channels: Channels,
    patience: Patience,
) -> Result<Done, Refusal> {
    let notification_id = task.key.clone();
    let pending = site
        .store
        .read(move |db| Ok(store::pending(db, &notification_id)?));
    let Some((record, contact)) = pending.await? else {
        return Ok(Done::nothing());
    };
    if site.clock.now().since(Time(record.created_at)) > LATE {
        let id = record.notification_id;
        return Ok(Done::with(move |tx| Ok(store::given_up(tx.db(), &id)?)));
    }
    let message = Message {
        id: record.notification_id,
        order_id: record.order_id,
        seq: record.seq,
        text: record.text,
    };
    // The console has no address.
    let key = (record.customer_id, contact.address.clone());
    let outside = !contact.address.is_empty();
    let right = outside.then(|| patience.enter(key, &site.clock));
    let right = match right.transpose() {
        Ok(right) => right,
        Err(wait) => return Ok(Done::again(wait)),
    };
    channels.send(&contact, &message).await?;
    if let Some(right) = right {
        right.worked();
    }
    Ok(Done::with(move |tx| {
        tx.at_end(Sent {
            notification_id: message.id.clone(),
            channel: contact.channel,
            at: tx.now(),
        });
        Ok(())
    }))
}
