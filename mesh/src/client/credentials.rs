//! Who calls, for whom, and in which language.

use super::around::{Hop, send};
use super::{Reply, Request};
use crate::call;
use crate::identity::Signer;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderName, HeaderValue};

/// The token of the person whom the calling service serves; it counts only beside the service's own.
const USER_AUTHORIZATION: HeaderName = HeaderName::from_static("x-yemae-user-authorization");

/// Signs as the service, and passes on the person who waits and their language.
pub(super) async fn sign(signer: Option<Signer>, next: impl Hop, mut request: Request) -> Reply {
    let call = call::current();
    let headers = request.headers_mut();
    if let Some(signer) = signer {
        headers.insert(AUTHORIZATION, signer.bearer());
        headers.remove(USER_AUTHORIZATION);
        let token = call.as_ref().and_then(|call| call.user_token.as_deref());
        if let Some(bearer) = token.and_then(bearer) {
            headers.insert(USER_AUTHORIZATION, bearer);
        }
    }
    let locale = call.and_then(|call| HeaderValue::try_from(&call.locale).ok());
    if let Some(locale) = locale {
        headers.entry(ACCEPT_LANGUAGE).or_insert(locale);
    }
    send(next, request).await
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
