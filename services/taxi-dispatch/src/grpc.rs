//! What drivers say, and do with their rides.

use crate::domain::Drive;
use crate::drivers;
use crate::drives::{self, Row};
use crate::watch::Mine;
use futures::TryStreamExt;
use mesh::{Page, Refusal, Reply, Site, Time, call, id, watch};
use ordering::domain::fulfilment::Decided;
use proto::taxi::dispatch::v1::dispatch_service_server::DispatchService;
use proto::taxi::dispatch::v1::{
    ArriveRequest, ArriveResponse, DeclineRideRequest, DeclineRideResponse, DriverRide,
    GetMyRideRequest, GetMyRideResponse, ListMyRidesRequest, ListMyRidesResponse, PickUpRequest,
    PickUpResponse, ReportDriverRequest, ReportDriverResponse, WatchMyRidesRequest,
    WatchMyRidesResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response};

/// The handlers of `DispatchService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl DispatchService for Handlers {
    async fn report_driver(
        &self,
        request: Request<ReportDriverRequest>,
    ) -> Reply<ReportDriverResponse> {
        let (driver_id, said) = (call::user()?.subject, request.into_inner());
        let reported = self.site.store.write(driver_id.clone(), move |tx| {
            let driver = Some(drivers::report(tx, &driver_id, &said)?);
            Ok(ReportDriverResponse { driver })
        });
        Ok(Response::new(reported.await?))
    }

    async fn get_my_ride(&self, request: Request<GetMyRideRequest>) -> Reply<GetMyRideResponse> {
        let driver_id = call::user()?.subject;
        let ride_id = id::canonical(&request.get_ref().ride_id);
        let found = self.site.store.read(move |db| {
            let ride = Some(drives::own(db, &ride_id, &driver_id)?.show()?);
            Ok(GetMyRideResponse { ride })
        });
        Ok(Response::new(found.await?))
    }

    async fn list_my_rides(
        &self,
        request: Request<ListMyRidesRequest>,
    ) -> Reply<ListMyRidesResponse> {
        let (driver_id, request) = (call::user()?.subject, request.into_inner());
        let page = Page::of(request.page_size, &request.page_token)?;
        let listed = self.site.store.read(move |db| {
            let rows = drives::list(db, &driver_id, &page)?;
            page.show(rows, Row::key, Row::show)
        });
        let (rides, next_page_token) = listed.await?;
        Ok(Response::new(ListMyRidesResponse {
            rides,
            next_page_token,
        }))
    }

    type WatchMyRidesStream = BoxStream<WatchMyRidesResponse>;

    async fn watch_my_rides(
        &self,
        request: Request<WatchMyRidesRequest>,
    ) -> Reply<Self::WatchMyRidesStream> {
        let cursor = request.into_inner().cursor;
        let mine = Mine {
            driver_id: call::user()?.subject,
        };
        let rides = watch::stream(&self.site, &cursor, mine)?;
        let messages = rides.map_ok(|(ride, cursor)| WatchMyRidesResponse {
            ride: Some(ride),
            cursor,
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn decline_ride(
        &self,
        request: Request<DeclineRideRequest>,
    ) -> Reply<DeclineRideResponse> {
        let driver_id = call::user()?.subject;
        let ride_id = id::canonical(&request.get_ref().ride_id);
        let declined = self.site.store.write(ride_id.clone(), move |tx| {
            if drivers::is_declined(tx.db(), &ride_id, &driver_id)? {
                return Ok(DeclineRideResponse {});
            }
            let row = drives::own(tx.db(), &ride_id, &driver_id)?;
            drivers::has_declined(tx, &ride_id, &driver_id)?;
            let next = row.nearest(tx.db())?;
            drives::decide(tx, row, None, |drive, now| drive.decline(next, now))?;
            Ok(DeclineRideResponse {})
        });
        Ok(Response::new(declined.await?))
    }

    async fn pick_up(&self, request: Request<PickUpRequest>) -> Reply<PickUpResponse> {
        let ride = self.work(&request.get_ref().ride_id, |drive, now| drive.pick_up(now));
        let ride = Some(ride.await?);
        Ok(Response::new(PickUpResponse { ride }))
    }

    async fn arrive(&self, request: Request<ArriveRequest>) -> Reply<ArriveResponse> {
        let ride = self.work(&request.get_ref().ride_id, |drive, now| drive.arrive(now));
        let ride = Some(ride.await?);
        Ok(Response::new(ArriveResponse { ride }))
    }
}

impl Handlers {
    /// Does what `decision` decides with a ride of the caller's.
    async fn work(
        &self,
        ride_id: &str,
        decision: fn(&mut Drive<'_>, Time) -> Decided,
    ) -> Result<DriverRide, Refusal> {
        let (driver_id, ride_id) = (call::user()?.subject, id::canonical(ride_id));
        let worked = self.site.store.write(ride_id.clone(), move |tx| {
            let row = drives::own(tx.db(), &ride_id, &driver_id)?;
            drives::decide(tx, row, None, decision)?.show()
        });
        worked.await
    }
}
