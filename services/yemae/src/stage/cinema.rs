//! The cinema's stage: a movie on a screen.

use super::{found, won};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use mesh::{Clock, Time};
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{GetMovieRequest, MovieStatus, Rating, RegisterMovieRequest};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{
    CreateScreenRequest, ListScreeningsRequest, ScheduleScreeningRequest, Screening,
};
use std::time::Duration;

/// What `up --demo` shows: title and price in won.
const MOVIES: [(&str, i64); 2] = [("Soul", 14_000), ("기생충 (Parasite)", 15_000)];
/// Won for watching one of them at home.
const VOD_PRICE: i64 = 5_000;

/// Fills in movies, theaters and screenings, unless something is showing already.
pub(crate) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    let staff = mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?;
    let listed = TheaterServiceClient::new(staff.channel())
        .list_screenings(ListScreeningsRequest::default())
        .await;
    let listed = listed.map_err(|status| rpc::fault(&status))?.into_inner();
    if !listed.screenings.is_empty() {
        return Ok(());
    }
    for (title, price) in MOVIES {
        screening(&staff, &mesh::id::new(), title, price, 10, 12).await?;
    }
    Ok(())
}

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
    let tomorrow = Duration::from_secs(24 * 3600);
    schedule(staff, run, &movie_id, &screen_id, tomorrow).await
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
    let made = made.map_err(|status| rpc::fault(&status))?.into_inner();
    Ok(made.screen.unwrap_or_default().screen_id)
}

/// Registers a movie, which is also sold to watch at home, and waits until it is showing.
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
        ticket_price: Some(won(price)),
        vod_price: Some(won(VOD_PRICE)),
    };
    let made = movies.register_movie(request).await;
    let made = made.map_err(|status| rpc::fault(&status))?.into_inner();
    let movie_id = made.movie.unwrap_or_default().movie_id;
    let is_open = found(|| is_open(staff, &movie_id)).await;
    is_open.map(|()| movie_id.clone()).ok_or_else(|| {
        Fault::no(format!(
            "no screen became the home of the movie {movie_id}: is every screen taken?"
        ))
    })
}

async fn is_open(staff: &Mesh, movie_id: &str) -> Option<()> {
    let request = GetMovieRequest {
        movie_id: movie_id.to_owned(),
    };
    let answer = MovieServiceClient::new(staff.channel())
        .get_movie(request)
        .await;
    let movie = answer.ok()?.into_inner().movie?;
    (movie.status() == MovieStatus::Open).then_some(())
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
    let mut refused = None;
    // Theater hears of the opened movie a moment after us.
    let made = found(async || {
        let made = TheaterServiceClient::new(staff.channel())
            .schedule_screening(request.clone())
            .await;
        made.map_err(|status| refused = Some(status)).ok()
    });
    let Some(made) = made.await else {
        return Err(refused.map_or_else(|| Fault::no("no answer"), |status| rpc::fault(&status)));
    };
    let screening = made.into_inner().screening.unwrap_or_default();
    let is_on_sale = found(|| is_on_sale(staff, &screening.screening_id)).await;
    is_on_sale.map(|()| screening.clone()).ok_or_else(|| {
        Fault::no(format!(
            "booking never heard of the screening {}",
            screening.screening_id
        ))
    })
}

/// Whether booking sells it: a request at a wrong price is refused for the price, not as unknown.
async fn is_on_sale(as_customer: &Mesh, screening_id: &str) -> Option<()> {
    let request = CreateBookingRequest {
        request_id: format!("probe-{}", mesh::id::new()),
        screening_id: screening_id.to_owned(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(won(0)),
        payment_method: "pm_probe".to_owned(),
        hold_id: String::new(),
    };
    let refused = BookingServiceClient::new(as_customer.channel())
        .create_booking(request)
        .await
        .err()?;
    (mesh::refusal::reason(&refused)? == "PRICE_CHANGED").then_some(())
}
