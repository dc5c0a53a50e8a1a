//! What a contact may be.

use crate::channel::{Reach, Webhook};
use mesh::{Refusal, Violation};
use proto::notification::v1::{Channel, Contact};

/// A channel takes only addresses of its own.
pub fn check(contact: &Contact, reach: Reach) -> Result<(), Refusal> {
    let wrong = match contact.channel() {
        Channel::Webhook => Webhook::parse(&contact.address, reach).err(),
        _ if contact.address.is_empty() => None,
        _ => Some("must be empty for CONSOLE"),
    };
    match wrong {
        None => Ok(()),
        Some(rule) => Err(Refusal::invalid(vec![Violation::new(
            "contact.address",
            rule,
        )])),
    }
}
