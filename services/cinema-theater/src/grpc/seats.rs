//! The seat map.

use crate::seat_map;
use futures::StreamExt;
use futures::stream::BoxStream;
use mesh::{Refusal, Store, id};
use proto::cinema::theater::v1::{
    GetSeatMapRequest, GetSeatMapResponse, WatchSeatMapRequest, WatchSeatMapResponse,
};
use tonic::Status;

pub async fn get(store: &Store, request: GetSeatMapRequest) -> Result<GetSeatMapResponse, Refusal> {
    let id = id::canonical(&request.screening_id);
    let now = store.clock().now();
    let map = store.read(move |db| seat_map::read(db, &id, now));
    Ok(GetSeatMapResponse {
        seat_map: Some(map.await?),
    })
}

pub async fn watch(
    store: &Store,
    request: WatchSeatMapRequest,
) -> Result<BoxStream<'static, Result<WatchSeatMapResponse, Status>>, Refusal> {
    let id = id::canonical(&request.screening_id);
    let (known, now) = (id.clone(), store.clock().now());
    store
        .read(move |db| seat_map::read(db, &known, now))
        .await?;
    let maps = seat_map::watch(store.clone(), id, request.after_version);
    let answers = maps.map(|map| {
        let seat_map = Some(map?);
        Ok(WatchSeatMapResponse { seat_map })
    });
    Ok(answers.boxed())
}
