//! What a subscription says about itself.

use ordering::{Progress, Status, System};
use proto::iptv::installation::v1::JobStatus;
use proto::iptv::subscription::v1::SubscriptionStatus;
use proto::iptv::support::v1::CaseStatus;

/// The rep's desk: it has the plans, and decides.
pub(crate) const SUPPORT: &str = "iptv-support";
/// Who installs.
const INSTALLATION: &str = "iptv-installation";

/// The words and wiring of subscriptions.
pub static SYSTEM: System = System {
    context: "iptv-subscription",
    name: "iptv",
    events: "yemae.iptv.subscription.v1.Subscription",
    detail: "yemae.iptv.subscription.v1.Service",
    noun: "subscription",
    progress: &[
        Progress::placed(word(
            SubscriptionStatus::Subscribed,
            "SUBSCRIBED",
            "Subscribed",
            "가입신청",
        )),
        Progress::by(
            SUPPORT,
            CaseStatus::Assigned as i32,
            word(
                SubscriptionStatus::Assigned,
                "ASSIGNED",
                "Installer assigned",
                "기사배정",
            ),
        ),
        Progress::by(
            INSTALLATION,
            JobStatus::Accepted as i32,
            word(
                SubscriptionStatus::Installing,
                "INSTALLING",
                "Installation accepted",
                "설치접수",
            ),
        ),
        Progress::by(
            INSTALLATION,
            JobStatus::Completed as i32,
            word(
                SubscriptionStatus::Installed,
                "INSTALLED",
                "Installed",
                "설치완료",
            ),
        ),
        Progress::by(
            SUPPORT,
            CaseStatus::Active as i32,
            word(SubscriptionStatus::Active, "ACTIVE", "Active", "가입완료"),
        )
        .last(),
    ],
    cancelling: word(
        SubscriptionStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: word(
        SubscriptionStatus::Cancelled,
        "CANCELLED",
        "Cancelled",
        "가입취소",
    ),
    fulfilled_by: &[SUPPORT, INSTALLATION],
    decider: SUPPORT,
};

const fn word(
    of: SubscriptionStatus,
    name: &'static str,
    en: &'static str,
    ko: &'static str,
) -> Status {
    Status::new(of as i32, name, en, ko)
}
