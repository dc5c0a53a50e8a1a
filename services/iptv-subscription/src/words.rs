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
pub(crate) static SYSTEM: System = System {
    context: "iptv-subscription",
    name: "iptv",
    events: "yemae.iptv.subscription.v1.Subscription",
    detail: "yemae.iptv.subscription.v1.Service",
    noun: "subscription",
    progress: &[
        Progress {
            status: Status {
                code: SubscriptionStatus::Subscribed as i32,
                name: "SUBSCRIBED",
                en: "Subscribed",
                ko: "가입신청",
            },
            by: None,
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: SubscriptionStatus::Assigned as i32,
                name: "ASSIGNED",
                en: "Installer assigned",
                ko: "기사배정",
            },
            by: Some((SUPPORT, CaseStatus::Assigned as i32)),
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: SubscriptionStatus::Installing as i32,
                name: "INSTALLING",
                en: "Installation accepted",
                ko: "설치접수",
            },
            by: Some((INSTALLATION, JobStatus::Accepted as i32)),
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: SubscriptionStatus::Installed as i32,
                name: "INSTALLED",
                en: "Installed",
                ko: "설치완료",
            },
            by: Some((INSTALLATION, JobStatus::Completed as i32)),
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: SubscriptionStatus::Active as i32,
                name: "ACTIVE",
                en: "Active",
                ko: "가입완료",
            },
            by: Some((SUPPORT, CaseStatus::Active as i32)),
            last: true,
            reason: None,
        },
    ],
    cancelling: Status {
        code: SubscriptionStatus::Cancelling as i32,
        name: "CANCELLING",
        en: "Cancellation requested",
        ko: "취소접수",
    },
    cancelled: Status {
        code: SubscriptionStatus::Cancelled as i32,
        name: "CANCELLED",
        en: "Cancelled",
        ko: "가입취소",
    },
    fulfilled_by: &[SUPPORT, INSTALLATION],
    decider: SUPPORT,
};
