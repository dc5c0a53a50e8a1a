//! What the customers did and were told. No answer is never a no: it is not known.

use mesh::{Time, refusal};
use prost::Message;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest, CreateBookingResponse};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tonic::{Code, Response, Status};

/// What a call was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Told<T> {
    /// It was done.
    Yes(T),
    /// It was not done, and nothing of it will be: the reason.
    No(String),
    /// It may have been done, or may be yet.
    Unknown(String),
}

impl<T> Told<T> {
    pub fn read<R>(answer: Result<Response<R>, Status>, of: impl FnOnce(R) -> T) -> Self {
        match answer {
            Ok(response) => Self::Yes(of(response.into_inner())),
            Err(status) => {
                let reason = refusal::reason(&status).unwrap_or_default();
                let is_no = match status.code() {
                    Code::Unavailable => matches!(&*reason, "PAYMENT_BUSY" | "PAYMENT_UNCONFIRMED"),
                    Code::Aborted | Code::DeadlineExceeded | Code::Cancelled => false,
                    _ => true,
                };
                let why = format!("{:?} {reason} {}", status.code(), status.message());
                if is_no {
                    Self::No(reason)
                } else {
                    Self::Unknown(why)
                }
            }
        }
    }
}

/// A call, and when it was made and answered.
#[derive(Clone, Debug)]
pub struct Called<T> {
    pub at: Time,
    pub until: Time,
    pub told: Told<T>,
}

/// A request to create, by however many calls.
#[derive(Clone, Debug, Default)]
pub struct Create {
    pub customer: String,
    pub request: CreateBookingRequest,
    pub calls: Vec<Called<Vec<u8>>>,
}

impl Create {
    /// The booking as placed, if any call was told.
    pub fn placed(&self) -> Option<Booking> {
        let bytes = self.calls.iter().find_map(|call| match &call.told {
            Told::Yes(bytes) => Some(bytes),
            _ => None,
        })?;
        CreateBookingResponse::decode(bytes.as_slice())
            .unwrap()
            .booking
    }
}

/// What somebody did about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Cancel,
    SystemCancel,
    Print,
}

/// Everything that was done in a world.
#[derive(Debug, Default)]
pub struct Book {
    /// By request id.
    pub creates: BTreeMap<String, Create>,
    /// A print tells when it was first printed.
    pub deeds: Vec<(Deed, String, Called<Option<Time>>)>,
    /// A request id that was used again for another request: whether that was refused.
    pub misused: Vec<Told<()>>,
}

impl Book {
    /// How many calls were made.
    pub fn commands(&self) -> usize {
        let creates: usize = self.creates.values().map(|create| create.calls.len()).sum();
        creates + self.deeds.len() + self.misused.len()
    }

    /// How many orders the customers know of.
    pub fn placed(&self) -> usize {
        self.creates
            .values()
            .filter(|create| create.placed().is_some())
            .count()
    }
}

/// The book that all customers write into.
pub type History = Arc<Mutex<Book>>;
