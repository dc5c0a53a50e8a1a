//! Who watches at home: orders a movie, and sometimes watches it.

use super::moves::{Moves, PAYMENT_METHOD, Wanted, Wish, unless};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use futures::future::BoxFuture;
use proto::vod::library::v1::WatchMovieRequest;
use proto::vod::library::v1::library_service_client::LibraryServiceClient;
use proto::vod::order::v1::order_service_client::OrderServiceClient;
use proto::vod::order::v1::{CancelOrderRequest, OrderMovieRequest};
use std::sync::Arc;
use tonic::Status;

/// Won for watching it.
const PRICE: i64 = 5_000;

/// One movie that everybody may have.
struct Vod {
    movie_id: String,
}

/// Sets the scene.
pub(crate) async fn set(mesh: &Mesh, run: &str) -> Result<Arc<dyn Moves>, Fault> {
    let staff = mesh.acting_as("load-staff", &["staff", "admin", "customer"])?;
    let movie_id = stage::vod::movie(&staff, run, "Load", PRICE).await?;
    Ok(Arc::new(Vod { movie_id }))
}

impl Moves for Vod {
    fn want(&self, _: Wish) -> Option<Wanted> {
        Some(Wanted {
            of: self.movie_id.clone(),
            parts: Vec::new(),
            won: PRICE,
        })
    }

    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>> {
        let request = OrderMovieRequest {
            request_id: request_id.to_owned(),
            movie_id: wanted.of.clone(),
            expected_total: Some(won(wanted.won)),
            payment_method: PAYMENT_METHOD.to_owned(),
        };
        Box::pin(async move {
            let mut orders = OrderServiceClient::new(by.channel());
            let answer = orders.order_movie(request).await?.into_inner();
            Ok(answer.order.unwrap_or_default().order_id)
        })
    }

    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        let order_id = order_id.to_owned();
        Box::pin(async move {
            let mut orders = OrderServiceClient::new(by.channel());
            let answer = orders.cancel_order(CancelOrderRequest { order_id }).await;
            answer.map(drop)
        })
    }

    /// Watches it, once its licence is bought.
    fn progress<'a>(
        &'a self,
        by: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>> {
        let order_id = order_id.to_owned();
        Box::pin(async move {
            let mut library = LibraryServiceClient::new(by.channel());
            let answer = library.watch_movie(WatchMovieRequest { order_id }).await;
            unless(answer, &["NOT_FOUND", "NOT_PURCHASED"])
        })
    }
}
