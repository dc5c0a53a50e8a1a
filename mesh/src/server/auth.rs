//! Who calls, and whether they may.

use super::next::{Incoming, Next, layer as layer_of};
use crate::call::{Caller, denied};
use crate::contracts::Method;
use crate::identity::{Bearer, USER_AUTHORIZATION, Verifier, unauthenticated};
use crate::refusal::Refusal;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use std::sync::Arc;

/// The role of everybody with a valid token.
const ANYONE: &str = "anyone";

pub(super) fn layer(verifier: Verifier) -> impl Fn(Next) -> Next + Clone {
    layer_of(move |next: Next, mut incoming: Incoming| {
        let verifier = verifier.clone();
        async move {
            // Health and reflection have no contract, and are for everybody.
            if let Some(method) = &incoming.method {
                let headers = incoming.request.headers_mut();
                learn(&verifier, headers).await;
                let (caller, user_token) = who(&verifier, headers)?;
                permit(method, &caller)?;
                incoming.call.caller = caller;
                incoming.call.user_token = user_token;
                // Nobody below needs them, and what is not there is not logged.
                headers.remove(AUTHORIZATION);
                headers.remove(USER_AUTHORIZATION);
            }
            next.call(incoming).await
        }
    })
}

/// Who sends these headers, if they may call `method`: what the server checks by itself, for who wants to know before there
/// is a call.
pub async fn authenticate(
    verifier: &Verifier,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Caller, Refusal> {
    learn(verifier, headers).await;
    let (caller, _) = who(verifier, headers)?;
    permit(method, &caller)?;
    Ok(caller)
}

/// A person's key may be new to us.
async fn learn(verifier: &Verifier, headers: &HeaderMap) {
    for name in [&AUTHORIZATION, &USER_AUTHORIZATION] {
        if let Ok(Some(token)) = bearer(headers, name) {
            verifier.learn(token).await;
        }
    }
}

fn who(verifier: &Verifier, headers: &HeaderMap) -> Result<(Caller, Option<Arc<str>>), Refusal> {
    let token = bearer(headers, &AUTHORIZATION)?.ok_or_else(|| {
        unauthenticated(
            "TOKEN_MISSING",
            "the call carries no authorization: Bearer …",
        )
    })?;
    let user_token = bearer(headers, &USER_AUTHORIZATION)?;
    let mut caller = Caller::default();
    let passed_on = match (verifier.verify(token)?, user_token) {
        (Bearer::User(user), None) => {
            caller.user = Some(user);
            Some(token)
        }
        (Bearer::Service(service), user_token) => {
            caller.service = Some(service);
            if let Some(token) = user_token {
                match verifier.verify(token)? {
                    Bearer::User(user) => caller.user = Some(user),
                    Bearer::Service(_) => {
                        return Err(misplaced("a service's token stands for no person"));
                    }
                }
            }
            user_token
        }
        (Bearer::User(_), Some(_)) => {
            return Err(misplaced("only a service passes on a person's token"));
        }
    };
    Ok((caller, passed_on.map(Arc::from)))
}

fn misplaced(why: &'static str) -> Refusal {
    unauthenticated("TOKEN_MISPLACED", why)
}

fn bearer<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(misplaced("there are two tokens in one place")),
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| unauthenticated("TOKEN_INVALID", "authorization is not Bearer …"))
}

/// One of the method's roles or scopes is enough. A service that works for a person may do what services may, not what
/// that person may.
fn permit(method: &Method, caller: &Caller) -> Result<(), Refusal> {
    let (own, permitted) = match (&caller.service, &caller.user) {
        (Some(service), _) => (&service.scopes, &method.scopes),
        (None, Some(user)) => (&user.roles, &method.roles),
        (None, None) => return Err(denied("nobody may call this")),
    };
    let anyone = method.roles.iter().any(|role| role == ANYONE);
    if anyone || own.iter().any(|one| permitted.contains(one)) {
        return Ok(());
    }
    Err(denied("the token's roles or scopes do not permit this")
        .with("roles", method.roles.join(","))
        .with("scopes", method.scopes.join(",")))
}
