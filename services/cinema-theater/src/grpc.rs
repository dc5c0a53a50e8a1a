//! What people and other contexts ask theater.

mod holds;
mod screenings;
mod screens;
mod seats;

use futures::stream::BoxStream;
use mesh::Store;
use proto::cinema::theater::v1::theater_service_server::TheaterService;
use proto::cinema::theater::v1::{
    CreateScreenRequest, CreateScreenResponse, GetSeatMapRequest, GetSeatMapResponse,
    HoldSeatsRequest, HoldSeatsResponse, ListScreeningsRequest, ListScreeningsResponse,
    ListScreensRequest, ListScreensResponse, ReleaseHoldRequest, ReleaseHoldResponse,
    ScheduleScreeningRequest, ScheduleScreeningResponse, WatchSeatMapRequest, WatchSeatMapResponse,
};
use tonic::{Request, Response, Status};

/// The handlers of `TheaterService`.
pub struct Handlers {
    /// Theater's own database.
    pub store: Store,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TheaterService for Handlers {
    async fn create_screen(
        &self,
        request: Request<CreateScreenRequest>,
    ) -> Answer<CreateScreenResponse> {
        let answer = screens::create(&self.store, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn list_screens(
        &self,
        request: Request<ListScreensRequest>,
    ) -> Answer<ListScreensResponse> {
        let answer = screens::list(&self.store, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn schedule_screening(
        &self,
        request: Request<ScheduleScreeningRequest>,
    ) -> Answer<ScheduleScreeningResponse> {
        let answer = screenings::schedule(&self.store, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn list_screenings(
        &self,
        request: Request<ListScreeningsRequest>,
    ) -> Answer<ListScreeningsResponse> {
        let answer = screenings::list(&self.store, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn get_seat_map(
        &self,
        request: Request<GetSeatMapRequest>,
    ) -> Answer<GetSeatMapResponse> {
        let answer = seats::get(&self.store, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    type WatchSeatMapStream = BoxStream<'static, Result<WatchSeatMapResponse, Status>>;

    async fn watch_seat_map(
        &self,
        request: Request<WatchSeatMapRequest>,
    ) -> Answer<Self::WatchSeatMapStream> {
        let answers = seats::watch(&self.store, request.into_inner()).await?;
        Ok(Response::new(answers))
    }

    async fn hold_seats(&self, request: Request<HoldSeatsRequest>) -> Answer<HoldSeatsResponse> {
        let hold = holds::hold(&self.store, request.into_inner()).await?;
        Ok(Response::new(hold))
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Answer<ReleaseHoldResponse> {
        holds::release(&self.store, request.into_inner()).await?;
        Ok(Response::new(ReleaseHoldResponse {}))
    }
}
