//! What is sold, and for how much.

use crate::world::{PRICE, Vod, won};
use mesh::id;
use mesh::refusal::reason;
use proto::cinema::movie::v1::MovieStatus;
use proto::vod::order::v1::{ListOrdersRequest, OrderMovieRequest, OrderStatus};
use tonic::Code;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_movie_on_demand_is_ordered_at_its_vod_price_and_the_same_request_is_the_same_order() {
    let vod = Vod::new().await;
    let order = vod.ordered(vod.request("one")).await.unwrap();
    assert_eq!(order.status(), OrderStatus::Ordered);
    assert_eq!(order.total, Some(won(PRICE)));
    assert_eq!(order.title.as_ref().unwrap().movie_title, "Soul");
    assert!(order.cancellable);
    vod.movie(2, MovieStatus::Open, Some(PRICE + 1)).await;
    assert_eq!(vod.ordered(vod.request("one")).await.unwrap(), order);
}

#[tokio::test]
async fn a_movie_without_a_vod_price_or_that_is_not_open_is_not_on_demand() {
    let vod = Vod::new().await;
    for (version, status, price) in [
        (2, MovieStatus::Open, None),
        (3, MovieStatus::PendingScreen, Some(PRICE)),
        (4, MovieStatus::Closed, Some(PRICE)),
    ] {
        vod.movie(version, status, price).await;
        let refused = vod.ordered(vod.request("one")).await.unwrap_err();
        assert_eq!(reason(&refused).as_deref(), Some("NOT_ON_DEMAND"));
    }
    // Nothing was made: the same request may succeed.
    vod.movie(5, MovieStatus::Open, Some(PRICE)).await;
    vod.ordered(vod.request("one")).await.unwrap();
}

#[tokio::test]
async fn a_price_that_has_changed_is_told_before_any_payment() {
    let vod = Vod::new().await;
    vod.movie(2, MovieStatus::Open, Some(PRICE + 1)).await;
    let poor = OrderMovieRequest {
        payment_method: "pm_poor".to_owned(),
        ..vod.request("one")
    };
    let refused = vod.ordered(poor).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("PRICE_CHANGED"));
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.metadata["current_total"], (PRICE + 1).to_string());
}

#[tokio::test]
async fn a_declined_payment_is_no_order() {
    let vod = Vod::new().await;
    let poor = OrderMovieRequest {
        payment_method: "pm_poor".to_owned(),
        ..vod.request("one")
    };
    let refused = vod.ordered(poor).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("PAYMENT_DECLINED"));
    let listed = vod
        .ann()
        .list_orders(ListOrdersRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.into_inner().orders, []);
}

#[tokio::test]
async fn a_movie_for_nothing_needs_no_payment_method() {
    let vod = Vod::new().await;
    vod.movie(2, MovieStatus::Open, Some(0)).await;
    let free = OrderMovieRequest {
        expected_total: Some(won(0)),
        payment_method: String::new(),
        ..vod.request("one")
    };
    let order = vod.ordered(free).await.unwrap();
    assert_eq!(order.total, Some(won(0)));
}

#[tokio::test]
async fn an_unknown_movie_is_not_found_but_loading_until_the_catalogue_was_copied_once() {
    let vod = Vod::new().await;
    let unknown = OrderMovieRequest {
        movie_id: id::new(),
        ..vod.request("one")
    };
    let refused = vod.ordered(unknown.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let store = &vod.world.site("vod-order").store;
    let forget = store.write((), |tx| {
        use diesel::prelude::*;
        diesel::delete(mesh::schema::caught_up::table).execute(tx.db())?;
        Ok(())
    });
    forget.await.unwrap();
    let refused = vod.ordered(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused).as_deref(), Some("CATALOGUE_LOADING"));
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let vod = Vod::new().await;
    let refused = vod.ordered(OrderMovieRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let wrong: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
    assert_eq!(wrong, ["request_id", "movie_id", "expected_total"]);
}
