//! Why a movie can't be watched.

use mesh::Refusal;

/// Its licence is not bought yet.
pub const NOT_PURCHASED: Refusal = Refusal::cannot(
    "NOT_PURCHASED",
    "the licence is still being bought",
    "아직 구매가 완료되지 않았습니다.",
);
/// The order was cancelled, or can't be fulfilled.
pub const CANCELLED: Refusal = Refusal::cannot(
    "ORDER_CANCELLED",
    "the order was cancelled",
    "취소된 주문입니다.",
);
