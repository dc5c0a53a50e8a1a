//! What is said of a call as a whole: whether it can have reached a handler, and whether its peer was full. Money depends on
//! the first: only a charge that surely was not made may be tried under another key.

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use crate::call;
use crate::contracts::Contracts;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body::{Body as _, Frame};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::{Code, Status};

/// Only this client writes it, and takes it off whatever a peer answers.
pub(super) const NEVER_SENT: HeaderName = HeaderName::from_static("x-yemae-never-sent");

/// Whether the call surely had no effect at the peer: none of its attempts can have reached a handler. Each was refused
/// here (breaker, limit, too little time), found no connection, or was turned away at the peer's door.
pub fn never_sent(status: &Status) -> bool {
    status.metadata().contains_key(NEVER_SENT.as_str())
}

/// Says of an error that its call never was sent.
pub(super) fn never_left(mut reply: Reply) -> Reply {
    let mark = HeaderValue::from_static("1");
    reply.headers_mut().insert(NEVER_SENT, mark);
    reply
}

/// One call, however many attempts it takes: what its layers know together.
#[derive(Clone, Default)]
pub(super) struct Trip(Arc<Known>);

#[derive(Default)]
struct Known {
    unary: bool,
    arrived: AtomicBool,
    /// The place that the last attempt was sent to.
    tried: Mutex<Option<Arc<str>>>,
}

/// Says of a failed call whether it can have had an effect, and of one that found no place that it found none.
pub(super) async fn conclude(
    contracts: Arc<Contracts>,
    next: impl Hop,
    mut request: Request,
) -> Reply {
    let method = contracts.method(request.uri().path());
    let trip = Trip(Arc::new(Known {
        unary: method.is_some_and(|method| method.unary),
        ..Known::default()
    }));
    request.extensions_mut().insert(trip.clone());
    let reply = send(next, request).await;
    if reply::is_for_want_of_place(&reply) {
        call::crowded();
    }
    if reply::code(&reply) == Code::Ok || trip.has_arrived() {
        return reply;
    }
    never_left(reply)
}

impl Trip {
    /// The trip that this request is part of.
    pub(super) fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// One message in, one message out, by a contract. Of anything else nothing is known: it is taken for a stream.
    pub(super) fn is_unary(&self) -> bool {
        self.0.unary
    }

    /// Whether any attempt so far can have reached a handler.
    pub(super) fn has_arrived(&self) -> bool {
        self.0.arrived.load(Ordering::Acquire)
    }

    /// Where the last attempt was sent to, that the next one goes elsewhere.
    pub(super) fn tried(&self) -> Option<Arc<str>> {
        let tried = self.0.tried.lock();
        tried.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An attempt is sent to `place`.
    pub(super) fn tries(&self, place: &Arc<str>) {
        let tried = self.0.tried.lock();
        *tried.unwrap_or_else(PoisonError::into_inner) = Some(place.clone());
    }

    /// Begins an attempt.
    pub(super) fn depart(&self) -> Departure {
        Departure {
            trip: self.clone(),
            ticket: Ticket::default(),
            turned_away: false,
        }
    }
}

const HELD: u8 = 0;
const GONE: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Decides between the transport and the timer: either the first byte of a message goes out, or it never will.
#[derive(Clone, Default)]
pub(super) struct Ticket(Arc<AtomicU8>);

impl Ticket {
    /// The ticket of the attempt that this request is.
    pub(super) fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Now something goes out that a handler could act on. False when the attempt was given up before.
    pub(super) fn go(&self) -> bool {
        let held = self
            .0
            .compare_exchange(HELD, GONE, Ordering::AcqRel, Ordering::Acquire);
        held != Err(WITHDRAWN)
    }

    /// False when it is too late: something went out.
    fn withdraw(&self) -> bool {
        let held = self
            .0
            .compare_exchange(HELD, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire);
        held != Err(GONE)
    }

    /// A unary request's body that takes the ticket when its first byte is asked for: no handler runs on headers alone.
    pub(super) fn watch(self, body: Body) -> Body {
        if body.is_end_stream() {
            self.go();
            return body;
        }
        Body::new(Watched { ticket: self, body })
    }
}

/// One attempt under way. Dropped half-way, it withdraws what has not gone out, and else has arrived for all we know.
pub(super) struct Departure {
    trip: Trip,
    ticket: Ticket,
    turned_away: bool,
}

impl Departure {
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }

    /// The peer answered, so it knows of this attempt, whatever became of the body.
    pub(super) fn arrived(&self) {
        self.ticket.go();
    }

    /// It answered at its door: no handler was called.
    pub(super) fn turned_away(mut self) {
        self.turned_away = true;
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if !self.turned_away && !self.ticket.withdraw() {
            self.trip.0.arrived.store(true, Ordering::Release);
        }
    }
}

struct Watched {
    ticket: Ticket,
    body: Body,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if !self.ticket.go() {
            return Poll::Ready(Some(Err(Status::cancelled("given up before it was sent"))));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
