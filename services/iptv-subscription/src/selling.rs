//! What IPTV adds to the lifecycle: what a plan costs to install, and where that is.

use crate::{grpc, premises, words};
use mesh::{Fields, Refusal, Tx, text};
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
        let rule = "must be a day: \"2026-12-24\"";
        fields.check(is_day(&request.wished_on), "wished_on", rule);
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

/// Whether this, which is spelled as ISO 8601 spells a day, is one of the calendar.
fn is_day(text: &str) -> bool {
    let numbers: Vec<u32> = text.split('-').flat_map(str::parse).collect();
    let [year, month, day] = numbers[..] else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day <= days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        for day in ["2026-12-24", "2028-02-29", "2026-01-01", "2000-02-29"] {
            assert!(is_day(day), "{day}");
        }
        for none in ["2026-02-29", "2100-02-29", "2026-04-31", "2026-02-31"] {
            assert!(!is_day(none), "{none}");
        }
    }
}
