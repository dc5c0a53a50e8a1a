//! Requests, as payment reads them.

use crate::domain::{Amount, Ask};
use crate::provider::Method;
use mesh::{Page, Refusal, fields, id};
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, ListPaymentsRequest, VoidRequest};

/// How one payment is named.
pub enum Named {
    /// By its id.
    Id(String),
    /// By its charge key.
    Key(String),
}

/// The payments that are asked for.
pub struct Listed {
    /// Which page of them. They are listed by their id.
    pub page: Page<String>,
    /// Only of this order.
    pub order_id: Option<String>,
}

/// The charge that Approve asks for, by `context`, and how it is paid.
pub fn approve(request: ApproveRequest, context: String) -> (Ask, Method) {
    let amount = request.amount.map(|money| Amount {
        minor_units: money.minor_units,
        currency: money.currency,
    });
    let ask = Ask {
        charge_key: request.charge_key,
        order_id: id::canonical(&request.order_id),
        context,
        amount,
    };
    (ask, Method(request.payment_method))
}

/// The charge that Void names.
pub fn void(request: VoidRequest, context: String) -> Ask {
    Ask {
        charge_key: request.charge_key,
        order_id: id::canonical(&request.order_id),
        context,
        amount: None,
    }
}

/// The payment that GetPayment names.
pub fn get(request: GetPaymentRequest) -> Named {
    if request.payment_id.is_empty() {
        Named::Key(request.charge_key)
    } else {
        Named::Id(id::canonical(&request.payment_id))
    }
}

/// The payments that ListPayments asks for.
pub fn list(request: &ListPaymentsRequest) -> Result<Listed, Refusal> {
    Ok(Listed {
        page: fields::read(|f| Page::read(f, request.page_size, &request.page_token))?,
        order_id: Some(id::canonical(&request.order_id)).filter(|order_id| !order_id.is_empty()),
    })
}
