//! What a food order says about itself.

use ordering::{Progress, Status, System};
use proto::food::order::v1::OrderStatus;
use proto::food::store::v1::QueueStatus;

/// The context that cooks and delivers, and decides.
pub(crate) const STORE: &str = "food-store";

/// The words and wiring of food orders.
pub static SYSTEM: System = System {
    context: "food-order",
    name: "food",
    events: "yemae.food.order.v1.Order",
    detail: "yemae.food.order.v1.Meal",
    noun: "order",
    progress: &[
        Progress::placed(word(OrderStatus::Ordered, "ORDERED", "Ordered", "주문접수")),
        Progress::by(
            STORE,
            QueueStatus::Cooking as i32,
            word(OrderStatus::Cooking, "COOKING", "Cooking", "조리시작"),
        ),
        Progress::by(
            STORE,
            QueueStatus::Delivering as i32,
            word(
                OrderStatus::Delivering,
                "DELIVERING",
                "On its way",
                "배달출발",
            ),
        ),
        Progress::by(
            STORE,
            QueueStatus::Delivered as i32,
            word(OrderStatus::Delivered, "DELIVERED", "Delivered", "배달완료"),
        )
        .last(),
    ],
    cancelling: word(
        OrderStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: word(OrderStatus::Cancelled, "CANCELLED", "Cancelled", "주문취소"),
    fulfilled_by: &[STORE],
    decider: STORE,
};

const fn word(of: OrderStatus, name: &'static str, en: &'static str, ko: &'static str) -> Status {
    Status::new(of as i32, name, en, ko)
}
