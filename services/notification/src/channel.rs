//! The ways to tell somebody. A new provider is a module here and an arm in [`Channels::send`].

mod console;
mod reach;
mod webhook;

pub use console::Console;
pub use reach::Reach;
pub use webhook::Webhook;

use mesh::{Refusal, text};
use proto::notification::v1::{Channel, Contact};
use serde::Serialize;

/// What is told, as a provider gets it.
#[derive(Debug, Serialize)]
pub struct Message {
    /// The notification's id: the same at each try, so a provider can tell a repeat.
    pub id: String,
    /// The order it is about.
    pub order_id: String,
    /// The entry of the order's timeline.
    pub seq: i32,
    /// What the customer reads.
    pub text: String,
}

/// Every channel, ready to send. Cheap to clone.
#[derive(Clone)]
pub struct Channels {
    console: Console,
    reach: Reach,
}

impl Channels {
    /// Channels that print to `console` and post to hosts within `reach`.
    pub fn new(console: Console, reach: Reach) -> Self {
        Self { console, reach }
    }

    /// Sends `message` to `contact`. An error means that it may not have arrived: it is to be tried again. It never
    /// names the address, because it ends in logs.
    pub async fn send(&self, contact: &Contact, message: &Message) -> Result<(), Refusal> {
        match contact.channel() {
            Channel::Console => self.console.print(&message.text).await,
            Channel::Webhook => {
                let webhook = Webhook::parse(&contact.address, self.reach).map_err(not_sent)?;
                webhook.post(message, self.reach).await
            }
            Channel::Unspecified => Err(Refusal::internal("a contact without a channel")),
        }
    }
}

fn not_sent(why: impl std::fmt::Display) -> Refusal {
    Refusal::unavailable(
        "NOT_SENT",
        text(
            format!("the notification was not sent: {why}"),
            "알림을 보내지 못했습니다.",
        ),
    )
}
