//! What IPTV adds to the lifecycle: what a plan costs to install, and where that is.

use crate::{grpc, premises, words};
use mesh::{Fields, Refusal, Tx, fields, id, text};
use ordering::domain::order::Order;
use ordering::{Draft, Side, System, catalogue, not_sold, wire};
use prost::Message;
use proto::iptv::subscription::v1::{Service, SubscribeRequest, SubscribeResponse};
use proto::iptv::support::v1::Plan;
use proto::shared::v1 as shared;

/// The order side of IPTV.
#[derive(Clone, Copy)]
pub(crate) struct Selling;

impl Side for Selling {
    type Request = SubscribeRequest;
    type Response = SubscribeResponse;

    const SYSTEM: &'static System = &words::SYSTEM;
    const CREATE: &'static str = "Subscribe";

    fn request_id(request: &SubscribeRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &SubscribeRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &SubscribeRequest) -> Option<&shared::Money> {
        request.expected_total.as_ref()
    }

    fn check(fields: &mut Fields, request: &SubscribeRequest) {
        let home = request.home.clone().unwrap_or_default();
        fields.take(fields::line("home.address", &home.address, 200));
        let rule = "must be 5 to 20 digits, spaces and dashes, with or without a plus";
        fields.check(is_phone(&home.phone), "home.phone", rule);
        fields.take(fields::line("region", &request.region, 50));
        let rule = "must be a day: \"2026-12-24\"";
        fields.check(is_day(&request.wished_on), "wished_on", rule);
        fields.take(id::parse("plan_id", &request.plan_id));
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        order_id: &str,
        request: &SubscribeRequest,
    ) -> Result<Draft, Refusal> {
        let Some(plan) = catalogue::find::<Plan>(tx, &request.plan_id)? else {
            return Err(not_sold(tx, "plan")?);
        };
        if !plan.open {
            return Err(Refusal::precondition(
                "PLAN_CLOSED",
                text("the plan is not sold any more", "판매가 종료된 상품입니다."),
            ));
        }
        premises::keep(tx, order_id, &request.home.clone().unwrap_or_default())?;
        let monthly_fee = plan.monthly_fee.unwrap_or_default();
        let nothing = shared::Money {
            currency: monthly_fee.currency.clone(),
            minor_units: 0,
        };
        let service = Service {
            plan_id: plan.plan_id,
            plan_name: plan.name.clone(),
            monthly_fee: Some(monthly_fee),
            region: request.region.clone(),
            wished_on: request.wished_on.clone(),
        };
        Ok(Draft {
            title: text(plan.name.clone(), plan.name),
            amount: wire::read_money(plan.installation_fee.unwrap_or(nothing)),
            refs: vec![
                (text("Region", "지역"), request.region.clone()),
                (text("Wished date", "희망일"), request.wished_on.clone()),
            ],
            not_from: None,
            detail: service.encode_to_vec(),
        })
    }

    fn response(&self, order: &Order) -> Result<SubscribeResponse, Refusal> {
        Ok(SubscribeResponse {
            subscription: Some(grpc::subscription(order)?),
        })
    }

    /// What is not placed needs no installer.
    fn undo(&self, tx: &mut Tx<'_>, order_id: &str, _attempt: i32) -> Result<(), Refusal> {
        premises::forget(tx, order_id).map(drop)
    }
}

fn is_phone(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let fits = (5..=20).contains(&number.len());
    fits && number.starts_with(|c: char| c.is_ascii_digit())
        && number
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'))
}

/// Whether this is a day of the calendar, as ISO 8601 writes it.
fn is_day(text: &str) -> bool {
    let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').filter(digits).collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let as_written = text.len() == 10 && year.len() == 4 && month.len() == 2;
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    as_written && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        for day in ["2026-12-24", "2028-02-29", "2026-01-01", "2000-02-29"] {
            assert!(is_day(day), "{day}");
        }
        for none in [
            "",
            "2026-12",
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-011",
            "24-12-2026",
            "2026-12-24Z",
            "2026-+1-01",
        ] {
            assert!(!is_day(none), "{none}");
        }
    }

    #[test]
    fn phones_are_digits_with_gaps() {
        for phone in ["010-1234-5678", "+82 10 1234 5678", "12345"] {
            assert!(is_phone(phone), "{phone}");
        }
        for none in [
            "",
            "1234",
            "call me",
            "-12345",
            "+",
            "123456789012345678901",
            "０１０12345",
        ] {
            assert!(!is_phone(none), "{none}");
        }
    }
}
