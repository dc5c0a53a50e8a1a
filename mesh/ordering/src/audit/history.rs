//! What clients saw: one JSON object a line, as `yemae load` writes it.

use serde::{Deserialize, Serialize};

/// How a call ended for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Answered OK.
    Ok,
    /// Answered with a definite no.
    Refused,
    /// A timeout or a broken connection: it may or may not have happened.
    Unknown,
}

/// One call as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// "create", "cancel" or "progress".
    pub op: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The order, where the client knows it.
    #[serde(default)]
    pub order_id: String,
    /// The request's id, for a create.
    #[serde(default)]
    pub request_id: String,
    /// The reason of a no: "SEATS_TAKEN".
    #[serde(default)]
    pub reason: String,
    /// When it ended, µs since the epoch.
    pub at: i64,
    /// How long it took, µs.
    #[serde(default)]
    pub took: i64,
}

/// What all clients saw.
#[derive(Clone, Debug, Default)]
pub struct History(pub Vec<Record>);

impl History {
    /// Reads a history. A last line that is cut short, as by a kill, is passed over; any other that cannot be read is
    /// an error naming its number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut records = Vec::new();
        let lines = text.lines().count();
        for (number, line) in (1..).zip(text.lines()) {
            match serde_json::from_str(line) {
                Ok(record) => records.push(record),
                Err(_) if number == lines && !text.ends_with('\n') => {}
                Err(why) => return Err(format!("line {number}: {why}")),
            }
        }
        Ok(Self(records))
    }
}
