//! How a call is refused over HTTP, by gRPC's codes and the reasons that the contracts state.

use super::problem::{self, headers};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One of gRPC's codes at this door.
pub(super) struct Class {
    pub(super) code: &'static str,
    pub(super) status: u16,
    /// The reasons that any method may give with it.
    reasons: &'static [&'static str],
    about: &'static str,
}

const CLASSES: [Class; 11] = [
    Class {
        code: "INVALID_ARGUMENT",
        status: 400,
        reasons: &["INVALID_FIELDS", "MALFORMED_REQUEST"],
        about: "The request is wrong: `violations` names every field that is.",
    },
    Class {
        code: "FAILED_PRECONDITION",
        status: 400,
        reasons: &[],
        about: "The state of things does not allow it; the same again changes nothing.",
    },
    Class {
        code: "UNAUTHENTICATED",
        status: 401,
        reasons: &["TOKEN_MISSING", "TOKEN_EXPIRED", "TOKEN_INVALID"],
        about: "There is no token, or it is not valid.",
    },
    Class {
        code: "PERMISSION_DENIED",
        status: 403,
        reasons: &["PERMISSION_DENIED"],
        about: "The token is valid, and does not permit this.",
    },
    Class {
        code: "NOT_FOUND",
        status: 404,
        reasons: &["NOT_FOUND"],
        about: "There is no such thing, or it is somebody else's.",
    },
    Class {
        code: "ABORTED",
        status: 409,
        reasons: &["CONFLICT"],
        about: "Somebody else came first: the whole request may be sent again.",
    },
    Class {
        code: "RESOURCE_EXHAUSTED",
        status: 429,
        reasons: &["RATE_LIMITED", "OVERLOADED"],
        about: "Too many calls, of this caller or of all: later.",
    },
    Class {
        code: "INTERNAL",
        status: 500,
        reasons: &["INTERNAL"],
        about: "A bug of ours.",
    },
    Class {
        code: "UNIMPLEMENTED",
        status: 501,
        reasons: &["UNKNOWN_METHOD"],
        about: "The context that runs does not have it, or none does.",
    },
    Class {
        code: "UNAVAILABLE",
        status: 503,
        reasons: &["PEER_UNREACHABLE"],
        about: "Not now: the same request again, after the time in `Retry-After`.",
    },
    Class {
        code: "DEADLINE_EXCEEDED",
        status: 504,
        reasons: &["DEADLINE_EXCEEDED"],
        about: "It took too long, and whether it was done is not known: the same request again tells.",
    },
];
const OTHER: &str =
    "Any other refusal, such as of a body that is too long (413) or is no JSON (415).";

/// Every code that a refusal may have.
pub(super) fn codes() -> Vec<&'static str> {
    CLASSES.iter().map(|class| class.code).collect()
}

/// The refusals that any method may give.
pub(super) fn responses() -> Map<String, Value> {
    let general = CLASSES.iter().filter(|class| !class.reasons.is_empty());
    let mut responses: Map<_, _> = general
        .map(|class| {
            let examples = problem::examples(class, class.reasons.iter().copied());
            (
                class.code.to_owned(),
                response(class.about, class.status, examples),
            )
        })
        .collect();
    responses.insert("OTHER".to_owned(), response(OTHER, 400, Map::new()));
    responses
}

/// The refusals of a method whose comment is `comment`. `finds`: it may find nothing; `changes`: it may lose a race.
pub(super) fn of(comment: &str, finds: bool, changes: bool) -> Map<String, Value> {
    let stated = stated(comment);
    let mut by_status: BTreeMap<u16, Vec<(&Class, &[&str])>> = BTreeMap::new();
    for class in &CLASSES {
        let reasons = stated.get(class.code);
        let any = match class.code {
            "NOT_FOUND" => finds,
            "ABORTED" => changes,
            "FAILED_PRECONDITION" => false,
            _ => true,
        };
        if any || reasons.is_some() {
            let reasons = reasons.map(Vec::as_slice).unwrap_or_default();
            let of_status = by_status.entry(class.status).or_default();
            of_status.push((class, reasons));
        }
    }
    let mut responses: Map<_, _> = by_status
        .into_iter()
        .map(|(status, classes)| (status.to_string(), one(status, &classes)))
        .collect();
    let other = json!({"$ref": "#/components/responses/OTHER"});
    responses.insert("default".to_owned(), other);
    responses
}

fn one(status: u16, classes: &[(&Class, &[&str])]) -> Value {
    if let [(class, [])] = classes {
        return json!({"$ref": format!("#/components/responses/{}", class.code)});
    }
    let mut about = Vec::new();
    let mut examples = Map::new();
    for (class, reasons) in classes {
        let own: Vec<_> = reasons.iter().map(|reason| format!("`{reason}`")).collect();
        let own = if own.is_empty() {
            String::new()
        } else {
            format!(" {}", own.join(", "))
        };
        about.push(format!("{}{own}: {}", class.code, class.about));
        let all = reasons.iter().chain(class.reasons).copied();
        examples.extend(problem::examples(class, all));
    }
    response(&about.join("\n\n"), status, examples)
}

fn response(about: &str, status: u16, examples: Map<String, Value>) -> Value {
    let mut headers = headers::on_every_reply();
    if matches!(status, 409 | 429 | 503 | 504) {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    }
    if status == 401 {
        headers["WWW-Authenticate"] = json!({"$ref": "#/components/headers/WWW-Authenticate"});
    }
    json!({
        "description": about,
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples,
        }},
    })
}

/// The reasons that a comment states, by the code it names before them: "FAILED_PRECONDITION SEATS_TAKEN, PRICE_CHANGED".
/// A code without a reason is there with none.
pub(super) fn stated(comment: &str) -> BTreeMap<&'static str, Vec<&str>> {
    let mut stated: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut under = None;
    for word in comment.split_whitespace() {
        let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if let Some(class) = CLASSES.iter().find(|class| class.code == word) {
            under = Some(stated.entry(class.code).or_default());
        } else if let Some(reasons) = under.as_mut()
            && is_reason(word)
            && !reasons.contains(&word)
        {
            reasons.push(word);
        }
    }
    stated
}

fn is_reason(word: &str) -> bool {
    word.contains('_')
        && word
            .bytes()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusals::http_status;
    use mesh::refusal::code_name;

    #[test]
    fn each_code_has_the_status_that_the_door_answers() {
        for class in CLASSES {
            let code = (0..=16).map(tonic::Code::from_i32);
            let code = code.into_iter().find(|code| code_name(*code) == class.code);
            let answered = http_status(code.unwrap(), "");
            assert_eq!(answered.as_u16(), class.status, "{}", class.code);
        }
    }

    #[test]
    fn reasons_stand_behind_their_code() {
        let told = stated(
            "Books. FAILED_PRECONDITION SEATS_TAKEN, PRICE_CHANGED: nothing was charged. UNAVAILABLE PAYMENT_BUSY: \
             CANCELLING until then. NOT_FOUND while it is not there.",
        );
        let expected = BTreeMap::from([
            ("FAILED_PRECONDITION", vec!["SEATS_TAKEN", "PRICE_CHANGED"]),
            ("UNAVAILABLE", vec!["PAYMENT_BUSY"]),
            ("NOT_FOUND", vec![]),
        ]);
        assert_eq!(told, expected);
        assert!(stated("Again: OK, ORDER_CANCELLED.").is_empty());
    }
}
