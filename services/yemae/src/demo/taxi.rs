//! Taxi's story: one ride is cancelled on the way, one is declined and driven by the next nearest.

use super::{
    Cast, answered, check, on_page, refused_for, say, until, until_refunded, until_shown,
    until_told,
};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage;
use mesh::client::Client;
use proto::shared::v1::Money;
use proto::taxi::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::taxi::dispatch::v1::{
    ArriveRequest, DeclineRideRequest, DriveStatus, GetMyRideRequest, PickUpRequest,
    ReportDriverRequest,
};
use proto::taxi::ride::v1::ride_service_client::RideServiceClient;
use proto::taxi::ride::v1::{
    CallTaxiRequest, CancelRideRequest, CancelRideResponse, EstimateRideRequest, Place, Ride,
    RideStatus,
};
use tonic::{Response, Status};

/// Jeju Airport, far from whoever else drives: millionths of a degree north and east.
const AIRPORT: (i32, i32) = (33_507_078, 126_492_778);

/// Tells it.
pub(crate) async fn tell(cast: &Cast) -> Result<(), Fault> {
    say("Choi and Yun drive taxis on Jeju, and are free; Choi is nearer to the airport.");
    let choi = cast.somebody(&format!("choi-{}", cast.run), &["driver"])?;
    let yun = cast.somebody(&format!("yun-{}", cast.run), &["driver"])?;
    let chois = stage::taxi::driver_at(AIRPORT, ("최 (Choi)", "K5 56다 7890", "010-0000-0003"), 1);
    let yuns = stage::taxi::driver_at(AIRPORT, ("윤 (Yun)", "K8 78라 9012", "010-0000-0004"), 2);
    stage::taxi::report(&choi, &chois).await?;
    stage::taxi::report(&yun, &yuns).await?;

    say("Kim asks what a ride costs, and calls a taxi. She pays before the ride exists.");
    let total = estimate(&cast.kim).await?;
    let kims = request(cast.request("kim-taxi-1"), &total);
    let called = call(&cast.kim, &kims).await?;
    check(called.status() == RideStatus::Called, "the ride is CALLED")?;
    check(
        called.total.as_ref() == Some(&total),
        "it costs the estimate",
    )?;
    let again = call(&cast.kim, &kims).await?;
    check(again == called, "the same request again is the same ride")?;
    let id = &called.ride_id;
    until_shown(&cast.kim, id, "ASSIGNED").await?;
    let is_his = status(&choi, id).await == Some(DriveStatus::Assigned);
    check(is_his, "Choi is on the way")?;
    until_comes(&cast.kim, id, &chois).await?;

    say("Kim cancels. Dispatch agrees, Choi is told and free, and the money goes back.");
    answered(cancel(&cast.kim, id).await)?;
    until_refunded(&cast.kim, id).await?;
    until("Choi sees it as cancelled", async || {
        status(&choi, id).await == Some(DriveStatus::Cancelled)
    })
    .await?;

    say("Lee calls a taxi too. Choi declines, and Yun, the next nearest, comes.");
    let lee = cast.somebody("lee", &["customer"])?;
    let lees = call(&lee, &request(cast.request("lee-taxi-1"), &total)).await?;
    let ride_id = lees.ride_id;
    let decline = DeclineRideRequest {
        ride_id: ride_id.clone(),
    };
    until("Choi declines", async || {
        of(&choi).decline_ride(decline.clone()).await.is_ok()
    })
    .await?;
    let is_hers = status(&yun, &ride_id).await == Some(DriveStatus::Assigned);
    check(is_hers, "Yun is on the way")?;
    until_comes(&lee, &ride_id, &yuns).await?;

    say("Yun picks Lee up: from then on it can't be cancelled. They arrive.");
    let pick_up = PickUpRequest {
        ride_id: ride_id.clone(),
    };
    answered(of(&yun).pick_up(pick_up).await)?;
    until_shown(&lee, &ride_id, "PICKED_UP").await?;
    refused_for("NOT_CANCELLABLE", cancel(&lee, &ride_id).await)?;
    let arrive = ArriveRequest {
        ride_id: ride_id.clone(),
    };
    answered(of(&yun).arrive(arrive).await)?;
    until_shown(&lee, &ride_id, "ARRIVED").await?;

    say("Kim was told every step, in her language. Choi and Yun go home.");
    until_told(&cast.kim, id, 5).await?;
    for (driver, said) in [(&choi, chois), (&yun, yuns)] {
        let home = ReportDriverRequest {
            free: false,
            ..said
        };
        stage::taxi::report(driver, &home).await?;
    }
    Ok(())
}

fn airport() -> Place {
    Place {
        name: "제주공항 (Jeju Airport)".to_owned(),
        latitude: AIRPORT.0,
        longitude: AIRPORT.1,
    }
}

fn peak() -> Place {
    Place {
        name: "성산일출봉 (Seongsan)".to_owned(),
        latitude: 33_458_056,
        longitude: 126_942_500,
    }
}

fn of(driver: &Mesh) -> DispatchServiceClient<Client> {
    DispatchServiceClient::new(driver.channel())
}

async fn estimate(by: &Mesh) -> Result<Money, Fault> {
    let request = EstimateRideRequest {
        from: Some(airport()),
        to: Some(peak()),
    };
    let told = RideServiceClient::new(by.channel())
        .estimate_ride(request)
        .await;
    Ok(answered(told)?.total.unwrap_or_default())
}

fn request(request_id: String, total: &Money) -> CallTaxiRequest {
    CallTaxiRequest {
        request_id,
        from: Some(airport()),
        to: Some(peak()),
        expected_total: Some(total.clone()),
        payment_method: "pm_demo".to_owned(),
    }
}

async fn call(by: &Mesh, request: &CallTaxiRequest) -> Result<Ride, Fault> {
    let called = RideServiceClient::new(by.channel())
        .call_taxi(request.clone())
        .await;
    Ok(answered(called)?.ride.unwrap_or_default())
}

async fn cancel(by: &Mesh, ride_id: &str) -> Result<Response<CancelRideResponse>, Status> {
    let request = CancelRideRequest {
        ride_id: ride_id.to_owned(),
    };
    RideServiceClient::new(by.channel())
        .cancel_ride(request)
        .await
}

/// Waits until the customer's page says who comes, in which car, and where to reach him.
async fn until_comes(by: &Mesh, ride_id: &str, driver: &ReportDriverRequest) -> Result<(), Fault> {
    until(
        &format!("the page says that {} comes", driver.name),
        async || {
            let refs = on_page(by, ride_id).await.refs;
            let says = |said: &String| refs.iter().any(|own| own.value == *said);
            [&driver.name, &driver.car, &driver.phone]
                .into_iter()
                .all(says)
        },
    )
    .await
}

/// Where a ride of this driver's stands; None: it is not his.
async fn status(driver: &Mesh, ride_id: &str) -> Option<DriveStatus> {
    let request = GetMyRideRequest {
        ride_id: ride_id.to_owned(),
    };
    let found = answered(of(driver).get_my_ride(request).await).ok()?;
    Some(found.ride?.status())
}
