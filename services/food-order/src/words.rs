//! What a food order says about itself.

use ordering::{Progress, Status, System};
use proto::food::order::v1::OrderStatus;
use proto::food::store::v1::QueueStatus;

/// The context that cooks and delivers, and decides.
pub(crate) const STORE: &str = "food-store";

/// The words and wiring of food orders.
pub(crate) static SYSTEM: System = System {
    context: "food-order",
    name: "food",
    events: "yemae.food.order.v1.Order",
    detail: "yemae.food.order.v1.Meal",
    noun: "order",
    progress: &[
        progress(OrderStatus::Ordered, "ORDERED", "Ordered", "주문접수", None),
        progress(
            OrderStatus::Cooking,
            "COOKING",
            "Cooking",
            "조리시작",
            Some(QueueStatus::Cooking),
        ),
        progress(
            OrderStatus::Delivering,
            "DELIVERING",
            "On its way",
            "배달출발",
            Some(QueueStatus::Delivering),
        ),
        Progress {
            last: true,
            ..progress(
                OrderStatus::Delivered,
                "DELIVERED",
                "Delivered",
                "배달완료",
                Some(QueueStatus::Delivered),
            )
        },
    ],
    cancelling: status(
        OrderStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: status(OrderStatus::Cancelled, "CANCELLED", "Cancelled", "주문취소"),
    fulfilled_by: &[STORE],
    decider: STORE,
};

const fn status(
    code: OrderStatus,
    name: &'static str,
    en: &'static str,
    ko: &'static str,
) -> Status {
    Status {
        code: code as i32,
        name,
        en,
        ko,
    }
}

const fn progress(
    code: OrderStatus,
    name: &'static str,
    en: &'static str,
    ko: &'static str,
    by: Option<QueueStatus>,
) -> Progress {
    Progress {
        status: status(code, name, en, ko),
        by: match by {
            Some(step) => Some((STORE, step as i32)),
            None => None,
        },
        last: false,
        reason: None,
    }
}
