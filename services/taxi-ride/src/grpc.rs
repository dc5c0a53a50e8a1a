//! The ride service.

use crate::selling::Selling;
use crate::tariff;
use crate::words::SYSTEM;
use mesh::{Refusal, Reply, fields};
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use proto::taxi::ride::v1::ride_service_server::RideService;
use proto::taxi::ride::v1::{
    CallTaxiRequest, CallTaxiResponse, CancelRideRequest, CancelRideResponse, EstimateRideRequest,
    EstimateRideResponse, GetRideRequest, GetRideResponse, ListRidesRequest, ListRidesResponse,
    Ride, SystemCancelRideRequest, SystemCancelRideResponse, Trip,
};
use tonic::{Request, Response};

/// The handlers of `RideService`.
pub(crate) struct Handlers {
    pub(crate) rides: Orders<Selling>,
}

#[tonic::async_trait]
impl RideService for Handlers {
    async fn estimate_ride(
        &self,
        request: Request<EstimateRideRequest>,
    ) -> Reply<EstimateRideResponse> {
        let request = request.into_inner();
        let (from, to) = (request.from.as_ref(), request.to.as_ref());
        fields::read(|fields| tariff::check(fields, from, to))?;
        let meters = tariff::trip(from, to).meters;
        let total = Some(wire::money(&tariff::fare(meters)));
        Ok(Response::new(EstimateRideResponse { meters, total }))
    }

    async fn call_taxi(&self, request: Request<CallTaxiRequest>) -> Reply<CallTaxiResponse> {
        let called = self.rides.create(request.into_inner());
        Ok(Response::new(called.await?))
    }

    async fn get_ride(&self, request: Request<GetRideRequest>) -> Reply<GetRideResponse> {
        let found = self.rides.read(&request.into_inner().ride_id).await?;
        let ride = Some(ride(&found)?);
        Ok(Response::new(GetRideResponse { ride }))
    }

    async fn list_rides(&self, request: Request<ListRidesRequest>) -> Reply<ListRidesResponse> {
        let request = request.into_inner();
        let page = self.rides.page(request.page_size, &request.page_token);
        let (rides, next_page_token) = page.await?;
        let rides = rides.iter().map(ride).collect::<Result<_, _>>()?;
        Ok(Response::new(ListRidesResponse {
            rides,
            next_page_token,
        }))
    }

    async fn cancel_ride(&self, request: Request<CancelRideRequest>) -> Reply<CancelRideResponse> {
        let asked = self.rides.cancel(&request.into_inner().ride_id).await?;
        let ride = Some(ride(&asked)?);
        Ok(Response::new(CancelRideResponse { ride }))
    }

    async fn system_cancel_ride(
        &self,
        request: Request<SystemCancelRideRequest>,
    ) -> Reply<SystemCancelRideResponse> {
        let request = request.into_inner();
        let asked = self.rides.system_cancel(&request.ride_id, request.reason);
        let ride = Some(ride(&asked.await?)?);
        Ok(Response::new(SystemCancelRideResponse { ride }))
    }
}

/// A ride on the wire.
pub(crate) fn ride(order: &Order) -> Result<Ride, Refusal> {
    let told = wire::order(order, &SYSTEM);
    Ok(Ride {
        trip: Some(wire::detail::<Trip>(&told)?),
        ride_id: told.order_id,
        customer_id: told.customer_id,
        version: told.version,
        status: told.status.unwrap_or_default().code,
        total: told.amount,
        called_at: told.placed_at,
        changed_at: told.changed_at,
        cancellable: told.cancellable,
        cancellation: told.cancellation,
        timeline: told.timeline,
        refs: told.refs,
    })
}
