//! What an order says about itself.

use ordering::{Progress, Status, System};
use proto::vod::library::v1::LibraryStep;
use proto::vod::order::v1::OrderStatus;

/// The context that buys the licence and lets the customer watch.
const LIBRARY: &str = "vod-library";

const fn progress(
    code: OrderStatus,
    name: &'static str,
    (en, ko): (&'static str, &'static str),
    by: Option<LibraryStep>,
) -> Progress {
    Progress {
        status: status(code, name, (en, ko)),
        by: match by {
            Some(step) => Some((LIBRARY, step as i32)),
            None => None,
        },
        last: matches!(code, OrderStatus::Watched),
        reason: None,
    }
}

const fn status(
    code: OrderStatus,
    name: &'static str,
    (en, ko): (&'static str, &'static str),
) -> Status {
    Status {
        code: code as i32,
        name,
        en,
        ko,
    }
}

/// The words and wiring of VOD orders.
pub(crate) static SYSTEM: System = System {
    context: "vod-order",
    name: "vod",
    events: "yemae.vod.order.v1.Order",
    detail: "yemae.vod.order.v1.Title",
    noun: "order",
    progress: &[
        progress(
            OrderStatus::Ordered,
            "ORDERED",
            ("Ordered", "주문완료"),
            None,
        ),
        progress(
            OrderStatus::Purchasing,
            "PURCHASING",
            ("Buying the licence", "구매진행"),
            Some(LibraryStep::Purchasing),
        ),
        progress(
            OrderStatus::Purchased,
            "PURCHASED",
            ("Ready to watch", "구매완료"),
            Some(LibraryStep::Purchased),
        ),
        progress(
            OrderStatus::Watched,
            "WATCHED",
            ("Watched", "시청"),
            Some(LibraryStep::Watched),
        ),
    ],
    cancelling: status(
        OrderStatus::Cancelling,
        "CANCELLING",
        ("Cancellation requested", "취소접수"),
    ),
    cancelled: status(
        OrderStatus::Cancelled,
        "CANCELLED",
        ("Cancelled", "구매취소"),
    ),
    fulfilled_by: &[LIBRARY],
    decider: LIBRARY,
};
