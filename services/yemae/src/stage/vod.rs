//! VOD's stage: a movie to watch at home.

use super::{found, won};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{GetMovieRequest, MovieStatus, Rating, RegisterMovieRequest};
use proto::vod::order::v1::OrderMovieRequest;
use proto::vod::order::v1::order_service_client::OrderServiceClient;

/// Fills in a movie that no cinema shows; what one shows is sold on demand too.
pub(crate) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    let staff = mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?;
    // The same requests every time: the same movies. The first that is not closed is the one on sale.
    let mut run = "demo".to_owned();
    for number in 2.. {
        let movie_id = register(&staff, &run, "미나리 (Minari)", 4_000).await?;
        if !is_closed(&staff, &movie_id).await? {
            return until_sold(&staff, &movie_id).await;
        }
        run = format!("demo-{number}");
    }
    Ok(())
}

async fn is_closed(staff: &Mesh, movie_id: &str) -> Result<bool, Fault> {
    let movie_id = movie_id.to_owned();
    let found = MovieServiceClient::new(staff.channel())
        .get_movie(GetMovieRequest { movie_id })
        .await;
    let found = found.map_err(|status| rpc::fault(&status))?.into_inner();
    Ok(found.movie.unwrap_or_default().status() == MovieStatus::Closed)
}

/// Registers a movie to be watched at home alone, and waits until it is sold. `run` tells it from others. `staff` must
/// also be a customer.
pub(crate) async fn movie(
    staff: &Mesh,
    run: &str,
    title: &str,
    price: i64,
) -> Result<String, Fault> {
    let movie_id = register(staff, run, title, price).await?;
    until_sold(staff, &movie_id).await?;
    Ok(movie_id)
}

async fn register(staff: &Mesh, run: &str, title: &str, price: i64) -> Result<String, Fault> {
    let request = RegisterMovieRequest {
        request_id: format!("{run}-vod-movie"),
        title: title.to_owned(),
        running_minutes: 115,
        rating: Rating::All.into(),
        ticket_price: None,
        vod_price: Some(won(price)),
    };
    let made = MovieServiceClient::new(staff.channel())
        .register_movie(request)
        .await;
    let made = made.map_err(|status| rpc::fault(&status))?.into_inner();
    Ok(made.movie.unwrap_or_default().movie_id)
}

async fn until_sold(as_customer: &Mesh, movie_id: &str) -> Result<(), Fault> {
    let is_sold = found(|| is_sold(as_customer, movie_id)).await;
    is_sold.ok_or_else(|| Fault::no(format!("vod-order never heard of the movie {movie_id}")))
}

/// Whether it is sold: a request at a wrong price is refused for the price, not as unknown.
async fn is_sold(as_customer: &Mesh, movie_id: &str) -> Option<()> {
    let request = OrderMovieRequest {
        request_id: format!("probe-{}", mesh::id::new()),
        movie_id: movie_id.to_owned(),
        expected_total: Some(won(0)),
        payment_method: "pm_probe".to_owned(),
    };
    let refused = OrderServiceClient::new(as_customer.channel())
        .order_movie(request)
        .await
        .err();
    let reason = refused.as_ref().and_then(mesh::refusal::reason);
    (reason? == "PRICE_CHANGED").then_some(())
}
