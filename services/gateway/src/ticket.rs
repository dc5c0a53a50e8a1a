//! What a request's caller is given on the way in: a share of the rates, and a place for as long as the answer is read.

use crate::limits::{Limits, Quota};
use http_body_util::BodyExt;
use mesh::Refusal;
use mesh::client::Reply;
use mesh::server::{Guest, Place};
use std::sync::{Arc, OnceLock};
use tonic::body::Body;

/// What becomes known of a request's caller on its way.
#[derive(Clone, Default)]
pub(crate) struct Ticket(Arc<Known>);

#[derive(Default)]
struct Known {
    /// What is left to them.
    quota: OnceLock<Quota>,
    /// The place of their watch.
    watch: OnceLock<Place<String>>,
}

impl Ticket {
    /// What is left to the caller, once that is known.
    pub(crate) fn quota(&self) -> Option<&Quota> {
        self.0.quota.get()
    }

    /// An answer that keeps its caller's place, if there is one, for as long as it is read.
    pub(crate) fn keep(self, reply: Reply) -> Reply {
        if self.0.watch.get().is_none() {
            return reply;
        }
        reply.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _ = &self;
                frame
            }))
        })
    }
}

/// Lets a caller in, as far as there is room.
pub(crate) fn admit(limits: &Limits, guest: &Guest<'_>) -> Result<(), Refusal> {
    if guest.user.is("admin") {
        return Ok(());
    }
    let ticket = guest.extensions.get::<Ticket>();
    if let (false, Some(Ticket(known))) = (guest.method.unary, ticket) {
        let _ = known.watch.set(limits.watch(&guest.user.subject)?);
    }
    let (quota, admitted) = match limits.person(&guest.user.subject, guest.method.read_only) {
        Ok(quota) => (quota, Ok(())),
        Err(limited) => (Some(limited.quota), Err(limited.refusal)),
    };
    if let (Some(quota), Some(Ticket(known))) = (quota, ticket) {
        let _ = known.quota.set(quota);
    }
    admitted
}
