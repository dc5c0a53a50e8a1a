//! A payment as the contract shows it.

use crate::domain::{Payment, Shown};
use proto::payment::v1;
use proto::shared::v1::Money;

/// The contract's message of it.
pub fn payment(payment: &Payment) -> v1::Payment {
    v1::Payment {
        payment_id: payment.payment_id.clone(),
        order_id: payment.order_id.clone(),
        context: payment.context.clone(),
        version: payment.version,
        state: state(payment.state.shown()).into(),
        amount: Some(Money {
            currency: payment.amount.currency.clone(),
            minor_units: payment.amount.minor_units,
        }),
        charge_key: payment.charge_key.clone(),
        asked_at: Some(payment.asked_at.into()),
        changed_at: Some(payment.changed_at.into()),
    }
}

/// The contract's word for it.
pub fn state(shown: Shown) -> v1::PaymentState {
    match shown {
        Shown::Initiated => v1::PaymentState::Initiated,
        Shown::Approved => v1::PaymentState::Approved,
        Shown::Declined => v1::PaymentState::Declined,
        Shown::Unknown => v1::PaymentState::Unknown,
        Shown::Voided => v1::PaymentState::Voided,
        Shown::Refunded => v1::PaymentState::Refunded,
    }
}
