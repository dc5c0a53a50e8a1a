//! What a rep is told who can't do that.

use mesh::{Refusal, Violation, text};

/// Why the rep can't do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It was cancelled.
    Cancelled,
    /// A request to cancel is open.
    CancellationOpen,
    /// Somebody else is assigned, or somebody else assigned him.
    Assigned,
    /// It is not installed.
    NotInstalled,
    /// Another rep completed it.
    Completed,
    /// There is no such request to cancel.
    NotAsked,
    /// Another rep has taken it up.
    Received,
    /// No rep has taken it up.
    NotReceived,
    /// The installer has not answered.
    Unanswered,
    /// The installer said no.
    InstallerRefused,
    /// What the installer agreed to is refused without a reason.
    ReasonRequired,
    /// It was decided otherwise, or by another rep.
    Decided,
}

impl From<No> for Refusal {
    fn from(no: No) -> Self {
        let (reason, en, ko) = match no {
            No::Cancelled => (
                "CASE_CANCELLED",
                "it was cancelled",
                "취소된 가입신청입니다.",
            ),
            No::CancellationOpen => (
                "CANCELLATION_OPEN",
                "somebody asked to cancel it; that comes first",
                "취소접수를 먼저 처리해야 합니다.",
            ),
            No::Assigned => (
                "CASE_ASSIGNED",
                "another rep was faster, or somebody else is assigned",
                "이미 기사가 배정되었습니다.",
            ),
            No::NotInstalled => (
                "CASE_NOT_INSTALLED",
                "it is not installed yet",
                "아직 설치가 완료되지 않았습니다.",
            ),
            No::Completed => (
                "CASE_COMPLETED",
                "another rep has completed it",
                "다른 상담원이 이미 완료했습니다.",
            ),
            No::NotAsked => (
                "CANCELLATION_NOT_ASKED",
                "there is no such request to cancel",
                "해당 취소 요청이 없습니다.",
            ),
            No::Received => (
                "CANCELLATION_RECEIVED",
                "another rep has taken it up",
                "다른 상담원이 이미 접수했습니다.",
            ),
            No::NotReceived => (
                "CANCELLATION_NOT_RECEIVED",
                "no rep has taken up such a request",
                "아직 접수하지 않은 취소 요청입니다.",
            ),
            No::Unanswered => (
                "CANCELLATION_UNANSWERED",
                "the installer has not answered",
                "설치기사의 답변을 기다리고 있습니다.",
            ),
            No::InstallerRefused => (
                "INSTALLER_REFUSED",
                "the installer said no",
                "설치기사가 취소불가로 답했습니다.",
            ),
            No::Decided => (
                "CANCELLATION_DECIDED",
                "it was decided otherwise, or by another rep",
                "이미 처리된 취소 요청입니다.",
            ),
            No::ReasonRequired => {
                let rule = "is required to refuse what the installer agreed to";
                return Refusal::invalid(vec![Violation::new("reason", rule)]);
            }
        };
        Refusal::precondition(reason, text(en, ko))
    }
}
