//! What a contact may be.

use crate::channel::{Reach, Webhook};
use mesh::{Refusal, fields};
use proto::notification::v1::{Channel, Contact};

/// What is wrong with a contact to be set, all of it at once.
pub fn check(contact: Option<&Contact>, reach: Reach) -> Result<(), Refusal> {
    fields::read(|fields| {
        let Some(contact) = contact else {
            return fields.check(false, "contact", "is required");
        };
        let locale = matches!(contact.locale.as_str(), "" | "ko" | "en");
        fields.check(locale, "contact.locale", "must be \"ko\", \"en\" or empty");
        let wrong = match contact.channel() {
            Channel::Console if contact.address.is_empty() => None,
            Channel::Console => Some("must be empty for CONSOLE"),
            Channel::Webhook => Webhook::parse(&contact.address, reach).err(),
            Channel::Unspecified => {
                let rule = "must be CONSOLE or WEBHOOK";
                return fields.check(false, "contact.channel", rule);
            }
        };
        if let Some(rule) = wrong {
            fields.check(false, "contact.address", rule);
        }
    })
}
