//! What drivers say, and do with their rides.

use crate::domain::{Change, Drive, No};
use crate::drivers;
use crate::drives::{self, Row};
use crate::watch::Mine;
use futures::TryStreamExt;
use mesh::{Page, Refusal, Site, Time, call, fields, id, text, watch};
use ordering::fulfilments;
use proto::taxi::dispatch::v1::dispatch_service_server::DispatchService;
use proto::taxi::dispatch::v1::{
    ArriveRequest, ArriveResponse, DeclineRideRequest, DeclineRideResponse, DriverRide,
    GetMyRideRequest, GetMyRideResponse, ListMyRidesRequest, ListMyRidesResponse, PickUpRequest,
    PickUpResponse, ReportDriverRequest, ReportDriverResponse, WatchMyRidesRequest,
    WatchMyRidesResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

/// The handlers of `DispatchService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl DispatchService for Handlers {
    async fn report_driver(
        &self,
        request: Request<ReportDriverRequest>,
    ) -> Result<Response<ReportDriverResponse>, Status> {
        let (driver_id, said) = (call::user()?.subject, request.into_inner());
        let reported = self.site.store.write(driver_id.clone(), move |tx| {
            let driver = Some(drivers::report(tx, &driver_id, &said)?);
            Ok(ReportDriverResponse { driver })
        });
        Ok(Response::new(reported.await?))
    }

    async fn get_my_ride(
        &self,
        request: Request<GetMyRideRequest>,
    ) -> Result<Response<GetMyRideResponse>, Status> {
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
    ) -> Result<Response<ListMyRidesResponse>, Status> {
        let (driver_id, request) = (call::user()?.subject, request.into_inner());
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
        let listed = self.site.store.read(move |db| {
            let mut rows = drives::list(db, &driver_id, &page)?;
            let next_page_token = page.cut(&mut rows, Row::key);
            Ok(ListMyRidesResponse {
                rides: rows.into_iter().map(Row::show).collect::<Result<_, _>>()?,
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }

    type WatchMyRidesStream = BoxStream<WatchMyRidesResponse>;

    async fn watch_my_rides(
        &self,
        request: Request<WatchMyRidesRequest>,
    ) -> Result<Response<Self::WatchMyRidesStream>, Status> {
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
    ) -> Result<Response<DeclineRideResponse>, Status> {
        let driver_id = call::user()?.subject;
        let ride_id = id::canonical(&request.get_ref().ride_id);
        let declined = self.site.store.write(ride_id.clone(), move |tx| {
            if drivers::is_declined(tx.db(), &ride_id, &driver_id)? {
                return Ok(DeclineRideResponse {});
            }
            let (row, now) = (drives::own(tx.db(), &ride_id, &driver_id)?, tx.now());
            drivers::has_declined(tx, &ride_id, &driver_id)?;
            let next = row.nearest(tx.db())?;
            decide(tx, &row, |drive| drive.decline(next, now))?;
            Ok(DeclineRideResponse {})
        });
        Ok(Response::new(declined.await?))
    }

    async fn pick_up(
        &self,
        request: Request<PickUpRequest>,
    ) -> Result<Response<PickUpResponse>, Status> {
        let picked_up = self.command(&request.get_ref().ride_id, |drive, now| drive.pick_up(now));
        let ride = Some(picked_up.await?);
        Ok(Response::new(PickUpResponse { ride }))
    }

    async fn arrive(
        &self,
        request: Request<ArriveRequest>,
    ) -> Result<Response<ArriveResponse>, Status> {
        let arrived = self.command(&request.get_ref().ride_id, |drive, now| drive.arrive(now));
        let ride = Some(arrived.await?);
        Ok(Response::new(ArriveResponse { ride }))
    }
}

impl Handlers {
    /// Does what `decision` decides with a ride of the caller's.
    async fn command(
        &self,
        ride: &str,
        decision: fn(&mut Drive<'_>, Time) -> Result<Option<Change>, No>,
    ) -> Result<DriverRide, Refusal> {
        let (driver_id, ride_id) = (call::user()?.subject, id::canonical(ride));
        let commanded = self.site.store.write(ride_id.clone(), move |tx| {
            let (row, now) = (drives::own(tx.db(), &ride_id, &driver_id)?, tx.now());
            decide(tx, &row, |drive| decision(drive, now))?.show()
        });
        commanded.await
    }
}

/// Takes a driver's decision, or refuses it.
fn decide(
    tx: &mut mesh::Tx<'_>,
    row: &Row,
    decision: impl FnOnce(&mut Drive<'_>) -> Result<Option<Change>, No>,
) -> Result<Row, Refusal> {
    let (answer, row) = drives::decide(tx, row, None, |drive| {
        fulfilments::or_why_not(decision(drive))
    })?;
    answer.map_err(refused)?;
    Ok(row)
}

fn refused(no: No) -> Refusal {
    let (reason, text) = match no {
        No::NotPickedUp => (
            "RIDE_NOT_PICKED_UP",
            text("the customer was not picked up yet", "아직 탑승 전입니다."),
        ),
        No::PickedUp => (
            "RIDE_PICKED_UP",
            text("the customer was picked up", "이미 탑승한 호출입니다."),
        ),
        No::Cancelled => (
            "RIDE_CANCELLED",
            text("the ride was cancelled", "취소된 호출입니다."),
        ),
    };
    Refusal::precondition(reason, text)
}
