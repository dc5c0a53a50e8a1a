//! What an order side asks of payment, and what it makes of the answer.

use crate::domain::intent::charge_key;
use crate::intents::Intent;
use crate::wire;
use mesh::{Refusal, call, client, refusal, text};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, PaymentState, VoidRequest};
use std::time::Duration;
use tonic::{Code, Status};

type Client = PaymentServiceClient<client::Client>;

/// What became of asking for a charge.
#[derive(Debug)]
pub(crate) enum Charged {
    /// Approved, as this payment.
    Approved(String),
    /// Surely not, and never under this key.
    Declined(Refusal),
    /// It surely never reached payment.
    NeverSent,
    /// It may have been charged, or may be a moment later.
    Unknown,
}

/// Asks for the attempt's charge, leaving `margin` of the caller's time.
pub(crate) async fn charge(
    mut payment: Client,
    intent: &Intent,
    payment_method: &str,
    margin: Duration,
) -> Charged {
    let request = ApproveRequest {
        charge_key: charge_key(&intent.order_id, intent.attempt),
        order_id: intent.order_id.clone(),
        amount: Some(wire::money(&intent.draft.amount)),
        payment_method: payment_method.to_owned(),
    };
    match call::sooner(margin, payment.approve(request)).await {
        Ok(response) => {
            let paid = response.into_inner().payment.unwrap_or_default();
            let whole = paid.amount == Some(wire::money(&intent.draft.amount));
            if paid.state() == PaymentState::Approved && whole {
                Charged::Approved(paid.payment_id)
            } else {
                Charged::Unknown
            }
        }
        Err(status) => not_charged(&status),
    }
}

fn not_charged(status: &Status) -> Charged {
    let declined = status.code() == Code::FailedPrecondition
        && refusal::reason(status).as_deref() == Some("PAYMENT_DECLINED");
    if declined {
        Charged::Declined(Refusal::precondition(
            "PAYMENT_DECLINED",
            text(
                "the payment was declined; nothing was charged",
                "결제가 거절되었습니다. 청구된 금액은 없습니다.",
            ),
        ))
    } else if client::never_sent(status) {
        Charged::NeverSent
    } else {
        Charged::Unknown
    }
}

/// What payment knows of an attempt's charge.
pub(crate) enum Known {
    Approved(String),
    Declined,
    /// Whatever it is, it is not an approval that can be built on.
    Otherwise,
}

/// Reads what became of an attempt's charge. An error: payment can't be asked now.
pub(crate) async fn known(mut payment: Client, intent: &Intent) -> Result<Known, Status> {
    let charge_key = charge_key(&intent.order_id, intent.attempt);
    match payment
        .get_payment(GetPaymentRequest {
            charge_key,
            payment_id: String::new(),
        })
        .await
    {
        Ok(response) => {
            let payment = response.into_inner().payment.unwrap_or_default();
            Ok(match payment.state() {
                PaymentState::Approved => Known::Approved(payment.payment_id),
                PaymentState::Declined => Known::Declined,
                _ => Known::Otherwise,
            })
        }
        Err(status) if status.code() == Code::NotFound => Ok(Known::Otherwise),
        Err(status) => Err(status),
    }
}

/// Makes sure that nothing stays charged under a key. An error: not yet.
pub(crate) async fn void(
    mut payment: Client,
    charge_key: &str,
    order_id: &str,
) -> Result<(), Status> {
    let request = VoidRequest {
        charge_key: charge_key.to_owned(),
        order_id: order_id.to_owned(),
    };
    match payment.void(request).await {
        Ok(_) => Ok(()),
        Err(status) if refusal::reason(&status).as_deref() == Some("PAYMENT_REFUNDED") => Ok(()),
        Err(status) => Err(status),
    }
}

/// The customer hears this when the charge never left.
pub(crate) fn busy() -> Refusal {
    Refusal::unavailable(
        "PAYMENT_BUSY",
        text(
            "payment is busy; nothing was charged and nothing was ordered. Try again with the same request_id",
            "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .waits_for("payment")
}

/// The customer hears this when the charge may have left: it is being voided.
pub(crate) fn unconfirmed() -> Refusal {
    Refusal::unavailable(
        "PAYMENT_UNCONFIRMED",
        text(
            "the payment was not confirmed; nothing was ordered, and whatever was charged goes back. Try again with the same request_id",
            "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .retry_after(Duration::from_secs(2))
    .waits_for("payment")
}
