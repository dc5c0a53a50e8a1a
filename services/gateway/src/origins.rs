//! Which pages of other origins may call, by CORS.

use http::HeaderValue;
use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{AllowMethods, AllowOrigin, CorsLayer};

/// How long a browser remembers what it may do.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Origins whose pages may call: none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<Origin>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Any,
    /// This one.
    One(String),
    /// At any port: "http://localhost:*".
    AnyPort(String),
}

/// What is no list of origins.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is no origin; one looks like https://shop.example, or http://localhost:* for any port, or * for all"
)]
pub struct NoOrigin(String);

impl FromStr for Origins {
    type Err = NoOrigin;

    /// A list of them, separated by commas.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let all = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        all.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<Origin, NoOrigin> {
    if text == "*" {
        return Ok(Origin::Any);
    }
    let fault = || NoOrigin(text.to_owned());
    let (scheme, host) = text.split_once("://").ok_or_else(fault)?;
    let named = host.strip_suffix(":*").unwrap_or(host);
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    if !matches!(scheme, "http" | "https") || named.is_empty() || !named.chars().all(is_host) {
        return Err(fault());
    }
    Ok(match text.strip_suffix('*') {
        Some(begin) => Origin::AnyPort(begin.to_owned()),
        None => Origin::One(text.to_owned()),
    })
}

impl Origins {
    fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.0.iter().any(|own| match own {
            Origin::Any => true,
            Origin::One(one) => one == origin,
            Origin::AnyPort(begin) => origin
                .strip_prefix(begin)
                .is_some_and(|port| port.parse::<u16>().is_ok()),
        })
    }

    /// Answers browsers. There are no cookies, so that no page can act as whoever visits it.
    pub(crate) fn layer(&self) -> CorsLayer {
        let own = self.clone();
        let asks = [
            AUTHORIZATION,
            CONTENT_TYPE,
            ACCEPT_LANGUAGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-request-id"),
            // gRPC-Web's clients, Connect's and their like.
            HeaderName::from_static("x-grpc-web"),
            HeaderName::from_static("x-user-agent"),
            HeaderName::from_static("grpc-timeout"),
            // Pages that record what they call.
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ];
        let hears = [
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("grpc-status"),
            HeaderName::from_static("grpc-message"),
            HeaderName::from_static("grpc-status-details-bin"),
        ];
        use http::Method;
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| own.allow(origin)))
            .allow_methods(AllowMethods::list([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ]))
            .allow_headers(asks)
            .expose_headers(hears)
            .max_age(REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_matched_whole() {
        let origins: Origins = "https://shop.example, http://localhost:*".parse().unwrap();
        let allows = |origin: &'static str| origins.allow(&HeaderValue::from_static(origin));
        for yes in [
            "https://shop.example",
            "http://localhost:5173",
            "http://localhost:80",
        ] {
            assert!(allows(yes), "{yes}");
        }
        for no in [
            "https://shop.example.evil",
            "https://shop.example:444",
            "http://shop.example",
            "https://evil.example",
            "http://localhost",
            "http://localhost:5173.evil",
            "http://localhost:99999",
            "null",
            "",
        ] {
            assert!(!allows(no), "{no}");
        }
        let any: Origins = "*".parse().unwrap();
        assert!(any.allow(&HeaderValue::from_static("https://evil.example")));
        assert!(!Origins::default().allow(&HeaderValue::from_static("https://shop.example")));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "shop.example",
            "https://",
            "ftp://x",
            "https://x/y",
            "https://*.x",
            "https://X",
        ] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
        assert_eq!(" , ".parse::<Origins>().unwrap(), Origins::default());
    }
}
