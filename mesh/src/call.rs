//! What is known of the call being served: who calls, until when, in which language. It follows the work into every
//! task that [`crate::task::detach`] starts for it.

use crate::refusal::{Kind, Refusal, text};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;

/// What a handler answers.
pub type Reply<T> = Result<tonic::Response<T>, tonic::Status>;

tokio::task_local! { static CALL: Arc<Call>; }

/// A call being served.
#[derive(Clone, Default)]
pub struct Call {
    /// The context that serves it: "cinema-booking".
    pub context: String,
    /// The method's path: "/yemae.payment.v1.PaymentService/Approve".
    pub method: String,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// "ko" or "en".
    pub locale: String,
    /// Who calls.
    pub caller: Caller,
    /// The user's own token, to be passed on while the user waits.
    pub user_token: Option<Arc<str>>,
    /// This is already somebody's second attempt: only the first hop retries.
    pub is_retry: bool,
    /// Whether somebody whom it needed was full.
    pub crowded: Crowded,
}

/// Whether a call was turned away by somebody it needed, because there was no place. Shared by all that works for it.
#[derive(Clone, Debug, Default)]
pub struct Crowded(Arc<AtomicBool>);

impl Crowded {
    /// Whether it was.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The person, by the token's subject: the caller itself or whom the calling service serves.
    pub user: Option<User>,
    /// The service, when one calls.
    pub service: Option<Service>,
}

/// A person with a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The token's subject.
    pub subject: String,
    /// Lower case: "customer".
    pub roles: Vec<String>,
}

/// A service with a valid token of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its context, by its key: "cinema-booking".
    pub context: String,
    /// What its key permits: "payment.charge".
    pub scopes: Vec<String>,
}

impl User {
    /// Whether the token carries this role.
    pub fn is(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// The call being served, if one is.
pub fn current() -> Option<Arc<Call>> {
    CALL.try_with(Arc::clone).ok()
}

/// Notes that whoever the call being served needs is full. However its handler words that, the server's limit learns from it
/// to let in less: what is turned away further in was let in for nothing. The client stack notes it by itself.
pub fn crowded() {
    if let Some(call) = current() {
        call.crowded.0.store(true, Ordering::Release);
    }
}

/// The person who calls directly. A service acting for a person is not that person.
pub fn user() -> Result<User, Refusal> {
    current()
        .filter(|call| call.caller.service.is_none())
        .and_then(|call| call.caller.user.clone())
        .ok_or_else(|| denied("this method is for people"))
}

/// The service that calls.
pub fn service() -> Result<Service, Refusal> {
    current()
        .and_then(|call| call.caller.service.clone())
        .ok_or_else(|| denied("this method is for services"))
}

pub(crate) fn denied(why: &'static str) -> Refusal {
    Refusal::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        text(why, "권한이 없습니다."),
    )
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("context", &self.context)
            .field("method", &self.method)
            .field("deadline", &self.deadline)
            .field("locale", &self.locale)
            .field("caller", &self.caller)
            .field("user_token", &self.user_token.as_ref().map(|_| "***"))
            .field("is_retry", &self.is_retry)
            .finish()
    }
}

/// Runs `work` as part of `call`, now and here.
pub(crate) fn enter<T>(call: Arc<Call>, work: impl FnOnce() -> T) -> T {
    CALL.sync_scope(call, work)
}

/// Runs `work` as part of `call`.
pub async fn scope<T>(call: Arc<Call>, work: impl Future<Output = T>) -> T {
    CALL.scope(call, work).await
}

/// Runs `work` as part of the call being served, but due `margin` earlier: for what must leave time to write its end
/// down.
pub async fn sooner<T>(margin: std::time::Duration, work: impl Future<Output = T>) -> T {
    let Some(call) = current() else {
        return work.await;
    };
    let mut sooner = Call::clone(&call);
    sooner.deadline = call
        .deadline
        .and_then(|deadline| deadline.checked_sub(margin));
    scope(Arc::new(sooner), work).await
}
