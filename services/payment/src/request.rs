//! Requests, checked: every wrong field at once.

use crate::domain::{Amount, Ask};
use crate::provider::Method;
use mesh::{Refusal, Violation, id};
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, ListPaymentsRequest, VoidRequest};
use proto::shared::v1::Money;

/// The longest key or token.
const LONGEST: usize = 128;
/// How many payments a page has when nothing is asked for, and at most.
const PAGE: (i64, i64) = (50, 200);

/// How one payment is named.
pub enum Named {
    /// By its id.
    Id(String),
    /// By its charge key.
    Key(String),
}

/// A page that is asked for.
pub struct Page {
    /// How many.
    pub size: i64,
    /// Only payments older than this one.
    pub before: Option<String>,
    /// Only of this order.
    pub order_id: Option<String>,
}

/// The charge that Approve asks for, by `context`, and how it is paid.
pub fn approve(request: ApproveRequest, context: String) -> Result<(Ask, Method), Refusal> {
    let mut wrong = Vec::new();
    let ask = Ask {
        charge_key: take(&mut wrong, word("charge_key", request.charge_key)),
        order_id: take(&mut wrong, id::parse("order_id", &request.order_id)),
        context,
        amount: Some(amount(&mut wrong, request.amount)),
    };
    let method = take(&mut wrong, word("payment_method", request.payment_method));
    whole((ask, Method(method)), wrong)
}

/// The charge that Void names.
pub fn void(request: VoidRequest, context: String) -> Result<Ask, Refusal> {
    let mut wrong = Vec::new();
    let ask = Ask {
        charge_key: take(&mut wrong, word("charge_key", request.charge_key)),
        order_id: take(&mut wrong, id::parse("order_id", &request.order_id)),
        context,
        amount: None,
    };
    whole(ask, wrong)
}

/// The payment that GetPayment names.
pub fn get(request: GetPaymentRequest) -> Result<Named, Refusal> {
    let named = match (request.payment_id.as_str(), request.charge_key.as_str()) {
        ("", "") => Err(vec![
            Violation::new("payment_id", "must be given, or charge_key"),
            Violation::new("charge_key", "must be given, or payment_id"),
        ]),
        (text, "") => id::parse("payment_id", text)
            .map(Named::Id)
            .map_err(|it| vec![it]),
        ("", _) => word("charge_key", request.charge_key)
            .map(Named::Key)
            .map_err(|it| vec![it]),
        _ => Err(vec![Violation::new(
            "charge_key",
            "must be empty where payment_id is given",
        )]),
    };
    named.map_err(Refusal::invalid)
}

/// The page that ListPayments asks for. A token is the id of the last payment of the page before.
pub fn list(request: &ListPaymentsRequest) -> Result<Page, Refusal> {
    let mut wrong = Vec::new();
    let (usual, most) = PAGE;
    let size = match i64::from(request.page_size) {
        0 => Ok(usual),
        size if (1..=most).contains(&size) => Ok(size),
        _ => Err(Violation::new(
            "page_size",
            format!("must be 1 to {most}, or 0 for {usual}"),
        )),
    };
    let page = Page {
        size: take(&mut wrong, size),
        before: take(&mut wrong, optional("page_token", &request.page_token)),
        order_id: take(&mut wrong, optional("order_id", &request.order_id)),
    };
    whole(page, wrong)
}

fn optional(field: &str, text: &str) -> Result<Option<String>, Violation> {
    if text.is_empty() {
        return Ok(None);
    }
    id::parse(field, text).map(Some).map_err(|it| match field {
        "page_token" => Violation::new(field, "must be empty or what this list answered before"),
        _ => it,
    })
}

fn word(field: &str, text: String) -> Result<String, Violation> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if printable && (1..=LONGEST).contains(&text.len()) {
        return Ok(text);
    }
    let rule = format!("must be 1 to {LONGEST} printable ASCII characters");
    Err(Violation::new(field, rule))
}

fn amount(wrong: &mut Vec<Violation>, money: Option<Money>) -> Amount {
    let Some(money) = money else {
        wrong.push(Violation::new("amount", "must be given"));
        return Amount::default();
    };
    if money.currency.len() != 3 || !money.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        wrong.push(Violation::new(
            "amount.currency",
            "must be an ISO 4217 code in upper case",
        ));
    }
    if money.minor_units <= 0 {
        wrong.push(Violation::new("amount.minor_units", "must be above zero"));
    }
    Amount {
        minor_units: money.minor_units,
        currency: money.currency,
    }
}

fn take<T: Default>(wrong: &mut Vec<Violation>, value: Result<T, Violation>) -> T {
    value.unwrap_or_else(|violation| {
        wrong.push(violation);
        T::default()
    })
}

fn whole<T>(value: T, wrong: Vec<Violation>) -> Result<T, Refusal> {
    if wrong.is_empty() {
        Ok(value)
    } else {
        Err(Refusal::invalid(wrong))
    }
}
