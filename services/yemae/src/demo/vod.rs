//! VOD's story: a movie is bought and given back, another one watched.

use super::{Cast, answered, check, refused_for, say, until_refunded, until_shown, until_told};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use proto::vod::library::v1::library_service_client::LibraryServiceClient;
use proto::vod::library::v1::{WatchMovieRequest, WatchMovieResponse};
use proto::vod::order::v1::order_service_client::OrderServiceClient;
use proto::vod::order::v1::{
    CancelOrderRequest, CancelOrderResponse, Order, OrderMovieRequest, OrderStatus,
};
use tonic::{Response, Status};

/// Won for the movie.
const PRICE: i64 = 5_000;

/// Tells it.
pub(crate) async fn tell(cast: &Cast) -> Result<(), Fault> {
    say("A movie is registered to be watched at home.");
    let movie = stage::vod::movie(&cast.staff, &cast.run, "Minari", PRICE).await?;

    say("Kim orders it. She pays before the order exists; the library buys the licence.");
    let kims = order(cast, &cast.kim, "kim-1", &movie).await?;
    check(
        kims.status() == OrderStatus::Ordered,
        "the order is ORDERED",
    )?;
    let again = order(cast, &cast.kim, "kim-1", &movie).await?;
    check(again == kims, "the same request again is the same order")?;
    let id = &kims.order_id;
    until_shown(&cast.kim, id, "PURCHASED").await?;

    say("Lee, whose order it is not, can't watch it.");
    let lee = cast.somebody("lee", &["customer"])?;
    refused_for("NOT_FOUND", watch(&lee, id).await)?;

    say("Kim has not watched it and cancels. The licence goes back, and so does the money.");
    answered(cancel(&cast.kim, id).await)?;
    until_refunded(&cast.kim, id).await?;
    refused_for("ORDER_CANCELLED", watch(&cast.kim, id).await)?;

    say("Lee orders it and watches; after that it can't be cancelled.");
    let lees = order(cast, &lee, "lee-1", &movie).await?.order_id;
    until_shown(&lee, &lees, "PURCHASED").await?;
    let first = answered(watch(&lee, &lees).await)?;
    check(
        first.playback_url.contains(&movie),
        "there is a link to the movie",
    )?;
    until_shown(&lee, &lees, "WATCHED").await?;
    refused_for("NOT_CANCELLABLE", cancel(&lee, &lees).await)?;
    let second = answered(watch(&lee, &lees).await)?;
    check(
        second.playback_url != first.playback_url && second.watched_at == first.watched_at,
        "watching again is a fresh link of the same order",
    )?;

    say("Kim was told every step, in her language.");
    until_told(&cast.kim, id, 6).await
}

async fn order(cast: &Cast, by: &Mesh, request: &str, movie: &str) -> Result<Order, Fault> {
    let request = OrderMovieRequest {
        request_id: cast.request(request),
        movie_id: movie.to_owned(),
        expected_total: Some(won(PRICE)),
        payment_method: "pm_demo".to_owned(),
    };
    let ordered = OrderServiceClient::new(by.channel())
        .order_movie(request)
        .await;
    Ok(answered(ordered)?.order.unwrap_or_default())
}

async fn cancel(by: &Mesh, order_id: &str) -> Result<Response<CancelOrderResponse>, Status> {
    let request = CancelOrderRequest {
        order_id: order_id.to_owned(),
    };
    OrderServiceClient::new(by.channel())
        .cancel_order(request)
        .await
}

async fn watch(by: &Mesh, order_id: &str) -> Result<Response<WatchMovieResponse>, Status> {
    let request = WatchMovieRequest {
        order_id: order_id.to_owned(),
    };
    LibraryServiceClient::new(by.channel())
        .watch_movie(request)
        .await
}
