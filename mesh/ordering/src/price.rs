//! What a customer expects to pay, and what is known to be sold.

use crate::domain::Money;
use crate::wire;
use mesh::{Fields, Refusal, Tx, text};
use proto::shared::v1 as shared;

/// Who expects to pay nothing need not say by what.
pub(crate) fn check(fields: &mut Fields, expected: Option<&shared::Money>, payment_method: &str) {
    let is_free = expected.is_some_and(|total| total.minor_units == 0);
    let is_paid = is_free || !payment_method.is_empty();
    fields.check(
        is_paid,
        "payment_method",
        "is required where there is something to pay",
    );
}

/// FAILED_PRECONDITION PRICE_CHANGED unless this is what the customer expects to pay.
pub(crate) fn is_expected(expected: Option<&shared::Money>, amount: &Money) -> Result<(), Refusal> {
    if expected == Some(&wire::money(amount)) {
        return Ok(());
    }
    let total = format!("{} {}", amount.minor_units, amount.currency);
    Err(Refusal::precondition(
        "PRICE_CHANGED",
        text(
            format!("the total is now {total}"),
            format!("금액이 변경되었습니다. 현재 금액: {total}"),
        ),
    )
    .with("current_total", amount.minor_units)
    .with("currency", &amount.currency))
}

/// There is no such thing to sell: NOT_FOUND; but UNAVAILABLE CATALOGUE_LOADING until the order side's own copy of the
/// catalogue has once caught up.
pub fn not_sold(tx: &mut Tx<'_>, what: &str) -> Result<Refusal, Refusal> {
    if tx.has_caught_up()? {
        return Ok(Refusal::not_found(what));
    }
    Ok(Refusal::unavailable(
        "CATALOGUE_LOADING",
        text(
            "the catalogue is still loading; try again",
            "판매 정보를 불러오는 중입니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .waits_for("the stream"))
}
