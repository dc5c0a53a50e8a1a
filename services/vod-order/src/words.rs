//! What an order says about itself.

use ordering::{Progress, Status, System};
use proto::vod::library::v1::LibraryStep;
use proto::vod::order::v1::OrderStatus;

/// The context that buys the licence and lets the customer watch.
const LIBRARY: &str = "vod-library";

/// The words and wiring of VOD orders.
pub static SYSTEM: System = System {
    context: "vod-order",
    name: "vod",
    events: "yemae.vod.order.v1.Order",
    detail: "yemae.vod.order.v1.Title",
    noun: "order",
    progress: &[
        Progress::placed(word(OrderStatus::Ordered, "ORDERED", "Ordered", "주문완료")),
        Progress::by(
            LIBRARY,
            LibraryStep::Purchasing as i32,
            word(
                OrderStatus::Purchasing,
                "PURCHASING",
                "Buying the licence",
                "구매진행",
            ),
        ),
        Progress::by(
            LIBRARY,
            LibraryStep::Purchased as i32,
            word(
                OrderStatus::Purchased,
                "PURCHASED",
                "Ready to watch",
                "구매완료",
            ),
        ),
        Progress::by(
            LIBRARY,
            LibraryStep::Watched as i32,
            word(OrderStatus::Watched, "WATCHED", "Watched", "시청"),
        )
        .last(),
    ],
    cancelling: word(
        OrderStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: word(OrderStatus::Cancelled, "CANCELLED", "Cancelled", "구매취소"),
    fulfilled_by: &[LIBRARY],
    decider: LIBRARY,
};

const fn word(of: OrderStatus, name: &'static str, en: &'static str, ko: &'static str) -> Status {
    Status::new(of as i32, name, en, ko)
}
