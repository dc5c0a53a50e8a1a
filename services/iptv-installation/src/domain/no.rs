//! Why the installer can't do that.

use mesh::Refusal;

/// The subscription was cancelled.
pub const CANCELLED: Refusal = Refusal::cannot(
    "JOB_CANCELLED",
    "the subscription was cancelled",
    "취소된 가입신청입니다.",
);
/// He has agreed to cancel it, and support has not decided.
pub const LOCKED: Refusal = Refusal::cannot(
    "JOB_LOCKED",
    "you agreed to cancel it; support has not decided",
    "취소에 동의한 작업입니다. 상담원의 결정을 기다려 주세요.",
);
/// He has not accepted it.
pub const NOT_ACCEPTED: Refusal = Refusal::cannot(
    "JOB_NOT_ACCEPTED",
    "it was not accepted yet",
    "먼저 설치접수를 해야 합니다.",
);
/// There is no such question.
pub const NOT_ASKED: Refusal = Refusal::cannot(
    "CANCELLATION_NOT_ASKED",
    "nobody asks about such a request to cancel",
    "해당 취소 문의가 없습니다.",
);
/// It was answered otherwise.
pub const ANSWERED: Refusal = Refusal::cannot(
    "CANCELLATION_ANSWERED",
    "it was answered otherwise",
    "이미 다르게 답변한 취소 문의입니다.",
);
