//! A typed no. What a context answers when it will not or cannot, and the one place where that becomes a gRPC status.

mod kind;
mod violations;

pub use kind::{Kind, code_name};
pub use violations::Violation;

use crate::call;
use std::borrow::Cow;
use std::time::Duration;
use tonic::Status;
use tonic_types::{ErrorDetail, ErrorDetails, StatusExt};

/// A text for people, in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// Korean.
    pub ko: Cow<'static, str>,
}

/// A [`Text`] of two literals or strings.
pub fn text(en: impl Into<Cow<'static, str>>, ko: impl Into<Cow<'static, str>>) -> Text {
    Text {
        en: en.into(),
        ko: ko.into(),
    }
}

impl Text {
    /// In the language of `locale`: Korean unless it asks for English.
    pub fn in_language(&self, locale: &str) -> &str {
        if locale.starts_with("en") {
            &self.en
        } else {
            &self.ko
        }
    }
}

/// A typed no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}: {}", text.en)]
pub struct Refusal {
    /// Its kind.
    pub kind: Kind,
    /// UPPER_SNAKE, stable, for programs: "SEATS_TAKEN".
    pub reason: Cow<'static, str>,
    /// For people.
    pub text: Text,
    /// Every field that is wrong, when the kind is [`Kind::Invalid`].
    pub violations: Vec<Violation>,
    /// When repeating makes sense.
    pub retry_after: Option<Duration>,
    /// More for programs: the current total, the seats that are taken.
    pub metadata: Vec<(&'static str, String)>,
    /// For us alone: what the caller is not told.
    cause: Option<Box<str>>,
}

/// The fact that names whom an UNAVAILABLE is about, where that is not who answers.
pub(crate) const WAITS_FOR: &str = "waits_for";

impl Refusal {
    /// A refusal of any kind.
    pub fn new(kind: Kind, reason: impl Into<Cow<'static, str>>, text: Text) -> Self {
        Self {
            kind,
            reason: reason.into(),
            text,
            violations: Vec::new(),
            retry_after: None,
            metadata: Vec::new(),
            cause: None,
        }
    }

    /// The request's fields are wrong: all of them at once, unless there are more than anybody reads.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let (violations, more) = violations::told(violations);
        let fields: Vec<_> = violations
            .iter()
            .map(|v| format!("{} {}", v.field, v.description))
            .collect();
        let fields = fields.join("; ");
        let (mut en, mut ko) = (fields.clone(), format!("입력값을 확인해 주세요: {fields}"));
        if more > 0 {
            en.push_str(&format!("; and {more} more"));
            ko.push_str(&format!(" 외 {more}건"));
        }
        let mut refusal = Self::new(Kind::Invalid, "INVALID_FIELDS", text(en, ko));
        refusal.violations = violations;
        refusal
    }

    /// There is no such thing, or not for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "NOT_FOUND",
            text(format!("{what} not found"), "찾을 수 없습니다."),
        )
    }

    /// The state does not allow it.
    pub fn precondition(reason: impl Into<Cow<'static, str>>, text: Text) -> Self {
        Self::new(Kind::Precondition, reason, text)
    }

    /// [`Refusal::precondition`] in words that are always the same: for a constant.
    pub const fn cannot(reason: &'static str, en: &'static str, ko: &'static str) -> Self {
        Self {
            kind: Kind::Precondition,
            reason: Cow::Borrowed(reason),
            text: Text {
                en: Cow::Borrowed(en),
                ko: Cow::Borrowed(ko),
            },
            violations: Vec::new(),
            retry_after: None,
            metadata: Vec::new(),
            cause: None,
        }
    }

    /// Not now.
    pub fn unavailable(reason: impl Into<Cow<'static, str>>, text: Text) -> Self {
        Self::new(Kind::Unavailable, reason, text).retry_after(Duration::from_secs(1))
    }

    /// Says that it is about somebody whom this context waits for, and not about itself: the breakers of
    /// its callers leave it alone.
    #[must_use]
    pub fn waits_for(self, whom: &str) -> Self {
        self.with(WAITS_FOR, whom)
    }

    /// Lost a race.
    pub fn conflict() -> Self {
        Self::new(
            Kind::Aborted,
            "CONFLICT",
            text(
                "somebody else changed it at the same moment; try again",
                "동시에 변경되었습니다. 다시 시도해 주세요.",
            ),
        )
        .retry_after(Duration::from_millis(100))
    }

    /// A bug of ours; `why` reaches the log, not the caller.
    pub fn internal(why: impl std::fmt::Display) -> Self {
        tracing::error!(%why, "internal error");
        let mut refusal = Self::new(
            Kind::Internal,
            "INTERNAL",
            text("internal error", "내부 오류입니다."),
        );
        refusal.cause = Some(why.to_string().into());
        refusal
    }

    /// What it is for those who run the mesh: with the cause that a caller is not told.
    pub(crate) fn why(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.reason),
            None => self.to_string(),
        }
    }

    /// Says when to repeat.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds a fact for programs.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// Whether the same command may simply be run again inside the store.
    pub(crate) fn is_conflict(&self) -> bool {
        self.kind == Kind::Aborted && self.reason == "CONFLICT"
    }

    /// Whether the state of the world, not the command, is to blame: trying the same later may work.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unavailable | Kind::Aborted | Kind::Exhausted | Kind::Deadline
        )
    }

    /// The status that tells it, in the language of the call being served.
    pub fn into_status(self) -> Status {
        let call = call::current();
        let domain = call.as_ref().map_or("yemae", |call| call.context.as_str());
        let locale = call.as_ref().map_or("ko", |call| call.locale.as_str());
        let metadata = self
            .metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        let mut details = ErrorDetails::with_error_info(
            self.reason.clone(),
            domain,
            metadata.collect::<std::collections::HashMap<_, _>>(),
        );
        for violation in &self.violations {
            details.add_bad_request_violation(&violation.field, &violation.description);
        }
        if self.kind == Kind::Precondition {
            details.add_precondition_failure_violation(
                self.reason.clone(),
                domain,
                self.text.en.clone(),
            );
        }
        if let Some(after) = self.retry_after {
            details.set_retry_info(Some(after));
        }
        details.set_localized_message(locale, self.text.in_language(locale));
        Status::with_error_details(self.kind.code(), self.to_string(), details)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.into_status()
    }
}

/// When who got this status from a peer is to come back, if it said.
pub fn comes_back(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The reason in a status that a peer answered, if it gave one.
pub fn reason(status: &Status) -> Option<String> {
    status
        .get_error_details_vec()
        .into_iter()
        .find_map(|detail| match detail {
            ErrorDetail::ErrorInfo(info) => Some(info.reason),
            _ => None,
        })
}
