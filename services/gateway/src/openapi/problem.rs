//! A refusal in the form of RFC 9457, as the document tells it.

use super::errors::{self, Class};
use super::words::capital;
use serde_json::{Map, Value, json};

/// What a refusal holds.
pub(super) fn schema() -> Value {
    let violation = json!({
        "type": "object",
        "required": ["field", "description"],
        "properties": {
            "field": {
                "type": "string",
                "description": "Its path as the contract spells it.",
                "examples": ["expected_total.currency"],
            },
            "description": {"type": "string", "description": "What would be right."},
        },
    });
    let precondition = json!({
        "type": "object",
        "required": ["type", "description"],
        "properties": {
            "type": {"type": "string", "description": "The reason."},
            "subject": {"type": "string", "description": "The context whose state it is."},
            "description": {"type": "string", "description": "What is the matter, in English."},
        },
    });
    json!({
        "type": "object",
        "description": "Why a call was refused (RFC 9457). Programs go by `reason`.",
        "required": ["type", "title", "status", "detail", "code", "reason", "requestId"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "The reason, as the RFC wants it."},
            "title": {"type": "string", "description": "The reason, in words."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {
                "type": "string",
                "description": "For people, in the language of `Accept-Language`: English or Korean.",
            },
            "help": {"type": "string", "description": "The way out, where there is one; in the same language."},
            "code": {"type": "string", "description": "gRPC's code.", "examples": errors::codes()},
            "reason": {
                "type": "string",
                "description": "For programs: it never changes. The code, where there is no closer one.",
                "examples": ["SEATS_TAKEN"],
            },
            "requestId": {"type": "string", "description": "As in `X-Request-Id`."},
            "domain": {"type": "string", "description": "The context that refused."},
            "metadata": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Facts that go with the reason.",
            },
            "violations": {"type": "array", "description": "Every field that is wrong.", "items": violation},
            "preconditions": {"type": "array", "description": "What does not allow it.", "items": precondition},
            "retryDelay": {
                "type": "string",
                "description": "When the same request makes sense again, closer than `Retry-After`.",
                "examples": ["0.1s"],
            },
        },
    })
}

/// An example of a refusal for each reason, under its name.
pub(super) fn examples<'a>(
    class: &Class,
    reasons: impl Iterator<Item = &'a str>,
) -> Map<String, Value> {
    reasons
        .map(|reason| (reason.to_owned(), json!({"value": example(class, reason)})))
        .collect()
}

fn example(class: &Class, reason: &str) -> Value {
    let title = capital(&reason.replace('_', " ").to_lowercase());
    let mut value = json!({
        "type": format!("urn:problem:yemae:{reason}"),
        "title": title,
        "status": class.status,
        "detail": title,
        "code": class.code,
        "reason": reason,
        "requestId": "0193f5a0-7c00-7000-8000-000000000001",
    });
    if reason == "INVALID_FIELDS" {
        value["violations"] = json!([{"field": "page_size", "description": "must be 1 to 200"}]);
    }
    value
}

/// The headers that replies carry.
pub(super) mod headers {
    use serde_json::{Value, json};

    /// What each is.
    pub(in super::super) fn all() -> Value {
        json!({
            "Retry-After": {
                "description": "After how many seconds the same request makes sense again.",
                "schema": {"type": "integer", "minimum": 1},
            },
            "WWW-Authenticate": {
                "description": "That a token is wanted.",
                "schema": {"type": "string", "const": "Bearer"},
            },
            "RateLimit-Policy": {
                "description": "How many calls of one kind a caller has in how many seconds: `q` in `w`.",
                "schema": {"type": "string", "examples": ["\"writes\";q=40;w=2"]},
            },
            "RateLimit": {
                "description": "How many of them are left, and in how many seconds there are more: `r` and `t`.",
                "schema": {"type": "string", "examples": ["\"writes\";r=39;t=1"]},
            },
            "X-Request-Id": {
                "description": "Names the call in logs and traces: the caller's own, or one made here.",
                "schema": {"type": "string"},
            },
        })
    }

    /// Those of every reply.
    pub(in super::super) fn on_every_reply() -> Value {
        let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
        json!({
            "RateLimit-Policy": reference("RateLimit-Policy"),
            "RateLimit": reference("RateLimit"),
            "X-Request-Id": reference("X-Request-Id"),
        })
    }
}
