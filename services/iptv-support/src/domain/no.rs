//! What a rep is told who can't do that.

use mesh::{Refusal, Violation};

/// It was cancelled.
pub const CANCELLED: Refusal = Refusal::cannot(
    "CASE_CANCELLED",
    "it was cancelled",
    "취소된 가입신청입니다.",
);
/// A request to cancel is open.
pub const CANCELLATION_OPEN: Refusal = Refusal::cannot(
    "CANCELLATION_OPEN",
    "somebody asked to cancel it; that comes first",
    "취소접수를 먼저 처리해야 합니다.",
);
/// Somebody else is assigned, or somebody else assigned him.
pub const ASSIGNED: Refusal = Refusal::cannot(
    "CASE_ASSIGNED",
    "another rep was faster, or somebody else is assigned",
    "이미 기사가 배정되었습니다.",
);
/// It is not installed.
pub const NOT_INSTALLED: Refusal = Refusal::cannot(
    "CASE_NOT_INSTALLED",
    "it is not installed yet",
    "아직 설치가 완료되지 않았습니다.",
);
/// Another rep completed it.
pub const COMPLETED: Refusal = Refusal::cannot(
    "CASE_COMPLETED",
    "another rep has completed it",
    "다른 상담원이 이미 완료했습니다.",
);
/// There is no such request to cancel.
pub const NOT_ASKED: Refusal = Refusal::cannot(
    "CANCELLATION_NOT_ASKED",
    "there is no such request to cancel",
    "해당 취소 요청이 없습니다.",
);
/// Another rep has taken it up.
pub const RECEIVED: Refusal = Refusal::cannot(
    "CANCELLATION_RECEIVED",
    "another rep has taken it up",
    "다른 상담원이 이미 접수했습니다.",
);
/// No rep has taken it up.
pub const NOT_RECEIVED: Refusal = Refusal::cannot(
    "CANCELLATION_NOT_RECEIVED",
    "no rep has taken up such a request",
    "아직 접수하지 않은 취소 요청입니다.",
);
/// The installer has not answered.
pub const UNANSWERED: Refusal = Refusal::cannot(
    "CANCELLATION_UNANSWERED",
    "the installer has not answered",
    "설치기사의 답변을 기다리고 있습니다.",
);
/// The installer said no.
pub const INSTALLER_REFUSED: Refusal = Refusal::cannot(
    "INSTALLER_REFUSED",
    "the installer said no",
    "설치기사가 취소불가로 답했습니다.",
);
/// It was decided otherwise, or by another rep.
pub const DECIDED: Refusal = Refusal::cannot(
    "CANCELLATION_DECIDED",
    "it was decided otherwise, or by another rep",
    "이미 처리된 취소 요청입니다.",
);

/// What the installer agreed to is refused without a reason.
pub fn reason_required() -> Refusal {
    let rule = "is required to refuse what the installer agreed to";
    Refusal::invalid(vec![Violation::new("reason", rule)])
}
