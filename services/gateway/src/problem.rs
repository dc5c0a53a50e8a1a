//! A no in the form of RFC 9457: code, reason, details and when to try again, as the status that a context answered.

use crate::help;
use crate::refusals::http_status;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tonic::Status;
use tonic::body::Body;
use tonic_types::StatusExt;

/// A refusal as HTTP tells it.
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    retry_after: Option<Duration>,
    body: Map<String, Value>,
}

impl Problem {
    pub(crate) fn of(refused: &Status, request: &str) -> Self {
        let details = refused.get_error_details();
        let code = mesh::refusal::code_name(refused.code());
        let info = details.error_info();
        let reason = info.map_or(code, |info| info.reason.as_str());
        let status = http_status(refused.code(), reason);
        let told = details.localized_message();
        let mut body = Map::new();
        body.insert("type".into(), json!(format!("urn:problem:yemae:{reason}")));
        body.insert("title".into(), json!(title(reason)));
        body.insert("status".into(), json!(status.as_u16()));
        let detail = told.map_or(refused.message(), |told| told.message.as_str());
        body.insert("detail".into(), json!(detail));
        body.insert("code".into(), json!(code));
        body.insert("reason".into(), json!(reason));
        body.insert("requestId".into(), json!(request));
        if let Some(info) = info {
            body.insert("domain".into(), json!(info.domain));
            if !info.metadata.is_empty() {
                body.insert("metadata".into(), json!(info.metadata));
            }
        }
        let bad = details.bad_request();
        let violated = bad.into_iter().flat_map(|bad| &bad.field_violations);
        let violated: Vec<_> = violated.map(|one| one.field.as_str()).collect();
        if let Some(help) = help::against(reason, &violated) {
            let locale = told.map_or("en", |told| &told.locale);
            body.insert("help".into(), json!(help.in_language(locale)));
        }
        if let Some(bad) = bad {
            let all = bad.field_violations.iter();
            let all = all.map(|one| json!({"field": one.field, "description": one.description}));
            body.insert("violations".into(), all.collect());
        }
        if let Some(failed) = details.precondition_failure() {
            let all = failed.violations.iter();
            let all = all.map(
                |one| json!({"type": one.r#type, "subject": one.subject, "description": one.description}),
            );
            body.insert("preconditions".into(), all.collect());
        }
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(after) = retry_after {
            // As protobuf's JSON tells a duration.
            body.insert(
                "retryDelay".into(),
                json!(format!("{}s", after.as_secs_f64())),
            );
        }
        Self {
            status,
            retry_after,
            body,
        }
    }

    /// As an answer of its own.
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::new(http_body_util::Full::from(self.text())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, kind);
        if let Some(after) = self.retry_after {
            // Whole seconds; none would be to try again at once.
            let seconds = (after.as_secs_f64().ceil() as u64).max(1);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.body).unwrap_or_default()
    }
}

/// "Seats taken" of SEATS_TAKEN.
fn title(reason: &str) -> String {
    let mut words = reason.replace('_', " ").to_lowercase();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh::{Refusal, Violation, call, text};

    fn told(refusal: Refusal) -> (u16, Option<String>, Value) {
        let problem = Problem::of(&refusal.into_status(), "r-1");
        let body = serde_json::from_str(&problem.text()).unwrap();
        let response = problem.into_response();
        let retry = response.headers().get(RETRY_AFTER);
        let retry = retry.map(|after| after.to_str().unwrap().to_owned());
        (response.status().as_u16(), retry, body)
    }

    #[test]
    fn nothing_that_a_context_says_is_lost() {
        let words = text("seats are taken", "이미 예매된 좌석입니다.");
        let refusal = Refusal::precondition("SEATS_TAKEN", words).with("seats", "1A");
        let (status, retry, body) = told(refusal);
        assert_eq!((status, retry), (400, None));
        assert_eq!(
            body,
            json!({
                "type": "urn:problem:yemae:SEATS_TAKEN",
                "title": "Seats taken",
                "status": 400,
                "detail": "이미 예매된 좌석입니다.",
                "code": "FAILED_PRECONDITION",
                "reason": "SEATS_TAKEN",
                "domain": "yemae",
                "metadata": {"seats": "1A"},
                "preconditions": [
                    {"type": "SEATS_TAKEN", "subject": "yemae", "description": "seats are taken"}
                ],
                "requestId": "r-1",
            })
        );
    }

    #[test]
    fn who_lacks_something_is_told_where_to_get_it() {
        for (reason, en, ko) in [
            ("TOKEN_MISSING", "yemae token", "토큰"),
            ("PERMISSION_DENIED", "--role", "역할"),
            ("UNKNOWN_ROUTE", "/docs", "주소"),
            ("UNSUPPORTED_MEDIA_TYPE", "-H", "헤더"),
        ] {
            let refusal = || Refusal::new(mesh::refusal::Kind::Invalid, reason, text("en", "ko"));
            let (_, _, body) = told(refusal());
            let help = body["help"].as_str().unwrap();
            assert!(help.contains(ko), "{help}");
            let english = call::Call {
                locale: "en".to_owned(),
                ..call::Call::default()
            };
            let scope = call::scope(std::sync::Arc::new(english), async { told(refusal()) });
            let (_, _, body) = futures::executor::block_on(scope);
            let help = body["help"].as_str().unwrap();
            assert!(help.contains(en), "{help}");
        }
        let unnamed = Violation::new("request_id", "must be");
        let (_, _, body) = told(Refusal::invalid(vec![unnamed]));
        assert!(body["help"].as_str().unwrap().contains("Idempotency-Key"));
        let (_, _, body) = told(Refusal::invalid(vec![Violation::new("seats", "must be")]));
        assert!(body.get("help").is_none());
    }

    #[test]
    fn fields_and_delays() {
        let (status, _, body) = told(Refusal::invalid(vec![Violation::new("seats", "must be")]));
        assert_eq!(status, 400);
        assert_eq!(
            body["violations"],
            json!([{"field": "seats", "description": "must be"}])
        );
        let busy = || Refusal::unavailable("BUSY", text("busy", "바쁨"));
        for (wait, seconds, delay) in [(1, "1", "0.001s"), (1000, "1", "1s"), (1001, "2", "1.001s")]
        {
            let wait = Duration::from_millis(wait);
            let (status, retry, body) = told(busy().retry_after(wait));
            assert_eq!((status, retry.as_deref()), (503, Some(seconds)));
            assert_eq!(body["retryDelay"], delay);
        }
    }

    #[test]
    fn a_bare_status_is_told_too() {
        let problem = Problem::of(&Status::data_loss("gone"), "r-1");
        let body: Value = serde_json::from_str(&problem.text()).unwrap();
        assert_eq!(problem.status, 500);
        assert_eq!(
            (&body["reason"], &body["detail"]),
            (&json!("DATA_LOSS"), &json!("gone"))
        );
        let response = Problem::of(&Status::unauthenticated("who?"), "r-1").into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
