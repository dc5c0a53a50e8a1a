//! Screens.

use crate::screens::{self, New, Screen};
use mesh::{Page, Refusal, Store, fields, request};
use proto::cinema::theater::v1::{
    CreateScreenRequest, CreateScreenResponse, ListScreensRequest, ListScreensResponse,
};

pub async fn create(
    store: &Store,
    request: CreateScreenRequest,
) -> Result<CreateScreenResponse, Refusal> {
    let key = request::Key::new(&request.request_id, &request)?;
    let new = New {
        theater: request.theater,
        name: request.name,
        seat_rows: request.rows,
        seat_columns: request.columns,
    };
    let created = request::once(store, new.theater.clone(), key, move |tx| {
        let screen = Some(screens::create(tx, &new)?.into());
        Ok(CreateScreenResponse { screen })
    });
    created.await
}

pub async fn list(
    store: &Store,
    request: ListScreensRequest,
) -> Result<ListScreensResponse, Refusal> {
    let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
    let theater = Some(request.theater).filter(|theater| !theater.is_empty());
    let listed = store.read(move |db| {
        let mut screens = screens::list(db, &page, theater)?;
        let next_page_token = page.cut(&mut screens, Screen::key);
        Ok(ListScreensResponse {
            screens: screens.into_iter().map(Into::into).collect(),
            next_page_token,
        })
    });
    listed.await
}
