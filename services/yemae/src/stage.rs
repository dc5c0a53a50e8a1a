//! A stage to play on: a movie on a screen, made through the public RPCs.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use mesh::{Clock, Time};
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{GetMovieRequest, MovieStatus, Rating, RegisterMovieRequest};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{CreateScreenRequest, ScheduleScreeningRequest, Screening};
use proto::shared::v1::Money;
use std::time::Duration;
use tokio::time::Instant;

/// How long the contexts may take to hear of each other.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a screening of a new movie on a new screen, tomorrow. `run` tells it from others.
/// `staff` must also be a customer.
pub(crate) async fn screening(
    staff: &Mesh,
    run: &str,
    title: &str,
    price: i64,
    rows: i32,
    columns: i32,
) -> Result<Screening, Fault> {
    let screen_id = screen(staff, run, rows, columns).await?;
    let movie_id = movie(staff, run, title, price).await?;
    schedule(
        staff,
        run,
        &movie_id,
        &screen_id,
        Duration::from_secs(24 * 3600),
    )
    .await
}

/// Makes a screen of its own.
pub(crate) async fn screen(
    staff: &Mesh,
    run: &str,
    rows: i32,
    columns: i32,
) -> Result<String, Fault> {
    let request = CreateScreenRequest {
        request_id: format!("{run}-screen"),
        theater: "Gangnam".to_owned(),
        name: format!("Screen {run}"),
        rows,
        columns,
    };
    let made = TheaterServiceClient::new(staff.channel())
        .create_screen(request)
        .await;
    Ok(made
        .map_err(|status| rpc::fault(&status))?
        .into_inner()
        .screen
        .unwrap_or_default()
        .screen_id)
}

/// Registers a movie and waits until it is showing.
pub(crate) async fn movie(
    staff: &Mesh,
    run: &str,
    title: &str,
    price: i64,
) -> Result<String, Fault> {
    let mut movies = MovieServiceClient::new(staff.channel());
    let request = RegisterMovieRequest {
        request_id: format!("{run}-movie"),
        title: title.to_owned(),
        running_minutes: 100,
        rating: Rating::All.into(),
        ticket_price: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: price,
        }),
        vod_price: None,
    };
    let made = movies
        .register_movie(request)
        .await
        .map_err(|status| rpc::fault(&status))?;
    let movie_id = made.into_inner().movie.unwrap_or_default().movie_id;
    let end = Instant::now() + PATIENCE;
    loop {
        let found = movies
            .get_movie(GetMovieRequest {
                movie_id: movie_id.clone(),
            })
            .await;
        if found.is_ok_and(|found| {
            found.into_inner().movie.unwrap_or_default().status() == MovieStatus::Open
        }) {
            return Ok(movie_id);
        }
        if Instant::now() >= end {
            return Err(Fault::no(format!(
                "no screen became the home of the movie {movie_id}: is every screen taken?"
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Schedules a screening that starts `ahead` of now, and waits until booking has heard of it.
pub(crate) async fn schedule(
    staff: &Mesh,
    run: &str,
    movie_id: &str,
    screen_id: &str,
    ahead: Duration,
) -> Result<Screening, Fault> {
    let starts_at: Time = Clock::system().now().plus(ahead);
    let request = ScheduleScreeningRequest {
        request_id: format!("{run}-screening"),
        movie_id: movie_id.to_owned(),
        screen_id: screen_id.to_owned(),
        starts_at: Some(starts_at.into()),
    };
    let mut theater = TheaterServiceClient::new(staff.channel());
    let end = Instant::now() + PATIENCE;
    let screening = loop {
        match theater.schedule_screening(request.clone()).await {
            Ok(made) => break made.into_inner().screening.unwrap_or_default(),
            Err(status) if Instant::now() >= end => return Err(rpc::fault(&status)),
            // Theater hears of the opened movie a moment after us.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    loop {
        if is_on_sale(staff, &screening.screening_id).await {
            return Ok(screening);
        }
        if Instant::now() >= end {
            return Err(Fault::no(format!(
                "booking never heard of the screening {}",
                screening.screening_id
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether booking sells it: a request at a wrong price is refused for the price, not as unknown.
async fn is_on_sale(as_customer: &Mesh, screening_id: &str) -> bool {
    let request = CreateBookingRequest {
        request_id: format!("probe-{}", mesh::id::new()),
        screening_id: screening_id.to_owned(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 0,
        }),
        payment_method: "pm_probe".to_owned(),
        hold_id: String::new(),
    };
    let refused = BookingServiceClient::new(as_customer.channel())
        .create_booking(request)
        .await
        .err();
    refused
        .as_ref()
        .and_then(mesh::refusal::reason)
        .is_some_and(|reason| reason == "PRICE_CHANGED")
}
