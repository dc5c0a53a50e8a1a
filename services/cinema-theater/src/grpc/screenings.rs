//! Screenings.

use crate::screenings::{self, Plan, Screening};
use mesh::{Page, Refusal, Store, fields, id, request};
use proto::cinema::theater::v1::{
    ListScreeningsRequest, ListScreeningsResponse, ScheduleScreeningRequest,
    ScheduleScreeningResponse,
};

pub async fn schedule(
    store: &Store,
    request: ScheduleScreeningRequest,
) -> Result<ScheduleScreeningResponse, Refusal> {
    let plan = Plan {
        movie_id: id::canonical(&request.movie_id),
        screen_id: id::canonical(&request.screen_id),
        starts_at: request.starts_at.unwrap_or_default().into(),
    };
    let key = request::Key::new(&request.request_id, &request)?;
    let scheduled = request::once(store, plan.screen_id.clone(), key, move |tx| {
        let screening = Some(screenings::schedule(tx, &plan)?.into());
        Ok(ScheduleScreeningResponse { screening })
    });
    scheduled.await
}

pub async fn list(
    store: &Store,
    request: ListScreeningsRequest,
) -> Result<ListScreeningsResponse, Refusal> {
    let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
    let movie_id = Some(id::canonical(&request.movie_id)).filter(|movie_id| !movie_id.is_empty());
    let from = request.from.map_or_else(|| store.clock().now(), Into::into);
    let listed = store.read(move |db| {
        let mut screenings = screenings::list(db, &page, movie_id, from)?;
        let next_page_token = page.cut(&mut screenings, Screening::key);
        Ok(ListScreeningsResponse {
            screenings: screenings.into_iter().map(Into::into).collect(),
            next_page_token,
        })
    });
    listed.await
}
