//! The ways in which a charge is refused.

use mesh::{Kind, Refusal, Violation, text};
use std::time::Duration;

/// When to ask again: the first step of the callers' own backoff.
const SOON: Duration = Duration::from_millis(100);

/// Money may have been taken.
pub fn unconfirmed() -> Refusal {
    delayed(
        "PAYMENT_UNCONFIRMED",
        "whether the money was taken is not known yet; ask again with the same key or void it",
    )
}

/// No money was taken, and the same key may be tried again.
pub(super) fn busy() -> Refusal {
    delayed(
        "PAYMENT_BUSY",
        "the payment provider cannot take it now, and no money moved; try again with the same key or void it",
    )
}

fn delayed(reason: &'static str, en: &'static str) -> Refusal {
    let ko = "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.";
    Refusal::unavailable(reason, text(en, ko)).retry_after(SOON)
}

pub(super) fn declined() -> Refusal {
    Refusal::precondition(
        "PAYMENT_DECLINED",
        text(
            "the payment was declined; no money moved",
            "결제가 거절되었습니다. 다른 결제수단으로 다시 시도해 주세요.",
        ),
    )
}

pub(super) fn voided() -> Refusal {
    Refusal::precondition(
        "PAYMENT_VOIDED",
        text(
            "this charge was voided and takes nothing any more",
            "취소된 결제입니다.",
        ),
    )
}

pub(super) fn refunded() -> Refusal {
    Refusal::precondition(
        "PAYMENT_REFUNDED",
        text(
            "all of this payment goes back, or went back, as the refund of its cancelled order",
            "환불된 결제입니다.",
        ),
    )
}

pub(super) fn foreign() -> Refusal {
    Refusal::new(
        Kind::Denied,
        "FOREIGN_CHARGE_KEY",
        text("this charge_key is another context's", "권한이 없습니다."),
    )
}

/// The same key for something else.
pub(super) fn other_charge(order: bool, amount: bool) -> Result<(), Refusal> {
    let differs = |field: &str| {
        Violation::new(
            field,
            "differs from what this charge_key was first used with",
        )
    };
    let violations: Vec<_> = [(order, "order_id"), (amount, "amount")]
        .into_iter()
        .filter(|(is_wrong, _)| *is_wrong)
        .map(|(_, field)| differs(field))
        .collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Refusal::invalid(violations))
    }
}
