//! Requests, checked: every wrong field at once.

use crate::domain::{Amount, Ask};
use crate::provider::Method;
use mesh::{Fields, Page, Refusal, fields, id};
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, ListPaymentsRequest, VoidRequest};

/// The longest key or token.
const LONGEST: usize = 128;

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
pub fn approve(request: ApproveRequest, context: String) -> Result<(Ask, Method), Refusal> {
    fields::read(|fields| {
        let ask = ask(fields, &request.charge_key, &request.order_id, context);
        let amount = request.amount.as_ref().map(|money| {
            fields.money("amount", &money.currency, money.minor_units, 1);
            Amount {
                minor_units: money.minor_units,
                currency: money.currency.clone(),
            }
        });
        fields.check(amount.is_some(), "amount", "is required");
        let method = fields.take(fields::word(
            "payment_method",
            &request.payment_method,
            LONGEST,
        ));
        (Ask { amount, ..ask }, Method(method))
    })
}

/// The charge that Void names.
pub fn void(request: &VoidRequest, context: String) -> Result<Ask, Refusal> {
    fields::read(|fields| ask(fields, &request.charge_key, &request.order_id, context))
}

fn ask(fields: &mut Fields, charge_key: &str, order_id: &str, context: String) -> Ask {
    Ask {
        charge_key: fields.take(fields::word("charge_key", charge_key, LONGEST)),
        order_id: fields.take(id::parse("order_id", order_id)),
        context,
        amount: None,
    }
}

/// The payment that GetPayment names.
pub fn get(request: &GetPaymentRequest) -> Result<Named, Refusal> {
    let (payment_id, charge_key) = (&request.payment_id, &request.charge_key);
    fields::read(
        |fields| match (payment_id.is_empty(), charge_key.is_empty()) {
            (false, true) => Named::Id(fields.take(id::parse("payment_id", payment_id))),
            (true, false) => {
                Named::Key(fields.take(fields::word("charge_key", charge_key, LONGEST)))
            }
            (given_none, _) => {
                fields.check(!given_none, "payment_id", "must be given, or charge_key");
                let rule = if given_none {
                    "must be given, or payment_id"
                } else {
                    "must be empty where payment_id is given"
                };
                fields.check(false, "charge_key", rule);
                Named::Id(String::new())
            }
        },
    )
}

/// The payments that ListPayments asks for.
pub fn list(request: &ListPaymentsRequest) -> Result<Listed, Refusal> {
    fields::read(|fields| Listed {
        page: Page::read(fields, request.page_size, &request.page_token),
        order_id: Some(&request.order_id)
            .filter(|order_id| !order_id.is_empty())
            .map(|order_id| fields.take(id::parse("order_id", order_id))),
    })
}
