//! What a taxi adds to the lifecycle: from where to where, and what that costs.

use crate::{grpc, tariff, words};
use mesh::{Fields, Refusal, Tx, text};
use ordering::domain::order::Order;
use ordering::{Draft, Side, System};
use prost::Message;
use proto::shared::v1 as shared;
use proto::taxi::ride::v1::{CallTaxiRequest, CallTaxiResponse, Place, Trip};

/// The order side of taxis.
#[derive(Clone, Copy)]
pub(crate) struct Selling;

impl Side for Selling {
    type Request = CallTaxiRequest;
    type Response = CallTaxiResponse;

    const SYSTEM: &'static System = &words::SYSTEM;
    const CREATE: &'static str = "CallTaxi";

    fn request_id(request: &CallTaxiRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &CallTaxiRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &CallTaxiRequest) -> Option<&shared::Money> {
        request.expected_total.as_ref()
    }

    fn check(fields: &mut Fields, request: &CallTaxiRequest) {
        tariff::check(fields, request.from.as_ref(), request.to.as_ref());
    }

    fn admit(
        &self,
        _tx: &mut Tx<'_>,
        _order_id: &str,
        request: &CallTaxiRequest,
    ) -> Result<Draft, Refusal> {
        let trip = tariff::trip(request.from.as_ref(), request.to.as_ref());
        Ok(draft(&trip))
    }

    fn response(&self, order: &Order) -> Result<CallTaxiResponse, Refusal> {
        Ok(CallTaxiResponse {
            ride: Some(grpc::ride(order)?),
        })
    }
}

/// The title goes wherever the customer is told, so it names no place: that is for who looks at the ride.
fn draft(trip: &Trip) -> Draft {
    let far = format!("{}.{}", trip.meters / 1000, trip.meters % 1000 / 100);
    let name = |place: &Option<Place>| place.clone().unwrap_or_default().name;
    Draft {
        title: text(format!("Taxi, {far} km"), format!("택시 {far}km")),
        amount: tariff::fare(trip.meters),
        refs: vec![
            (text("From", "출발지"), name(&trip.from)),
            (text("To", "도착지"), name(&trip.to)),
        ],
        not_from: None,
        detail: trip.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_how_far_and_names_no_place() {
        let place = |name: &str| Place {
            name: name.to_owned(),
            ..Place::default()
        };
        let draft = draft(&Trip {
            from: Some(place("my house")),
            to: Some(place("her house")),
            meters: 5_290,
        });
        assert_eq!(draft.title, text("Taxi, 5.2 km", "택시 5.2km"));
        let places: Vec<_> = draft.refs.into_iter().map(|(_, name)| name).collect();
        assert_eq!(places, ["my house", "her house"]);
    }
}
