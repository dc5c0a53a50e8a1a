//! The task that sends a notification, tried until it is done.

use crate::channel::{Channels, Message};
use crate::store;
use mesh::{Done, Refusal, Site, Task};

/// The kind of the task. Its key is the notification's id.
pub const KIND: &str = "send";

/// Sends the notification by whatever channel its customer has by now.
pub async fn send(site: Site, task: Task, channels: Channels) -> Result<Done, Refusal> {
    let notification_id = task.key.clone();
    let pending = site
        .store
        .read(move |db| Ok(store::pending(db, &notification_id)?));
    let Some((record, contact)) = pending.await? else {
        return Ok(Done::nothing());
    };
    let message = Message {
        id: record.notification_id,
        order_id: record.order_id,
        seq: record.seq,
        text: record.text,
    };
    channels.send(&contact, &message).await?;
    Ok(Done::with(move |tx| {
        let now = tx.now();
        Ok(store::sent(tx.db(), &message.id, contact.channel, now)?)
    }))
}
