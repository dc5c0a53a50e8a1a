//! Why the owner can't do that.

use mesh::Refusal;

/// What comes before it has not been done.
pub const NOT_READY: Refusal = Refusal::cannot(
    "ORDER_NOT_READY",
    "it is not that far yet",
    "아직 처리할 수 없는 단계입니다.",
);
/// The store's setting was faster.
pub const ACCEPTED_BY_ITSELF: Refusal = Refusal::cannot(
    "ORDER_ACCEPTED_ALREADY",
    "the store's setting has accepted it",
    "자동 접수로 이미 접수된 주문입니다.",
);
/// The courier has left.
pub const DELIVERING: Refusal = Refusal::cannot(
    "ORDER_DELIVERING",
    "the courier has left with it",
    "이미 배달이 출발했습니다.",
);
/// The store gave it back.
pub const REJECTED: Refusal = Refusal::cannot(
    "ORDER_REJECTED",
    "the store gave it back",
    "이미 거절한 주문입니다.",
);
/// It was cancelled.
pub const CANCELLED: Refusal =
    Refusal::cannot("ORDER_CANCELLED", "it was cancelled", "취소된 주문입니다.");
