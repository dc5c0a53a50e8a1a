//! Screens.

use crate::domain::seat;
use crate::screens::{self, New, Screen};
use mesh::{Page, Refusal, Store, fields, request};
use proto::cinema::theater::v1::{
    CreateScreenRequest, CreateScreenResponse, ListScreensRequest, ListScreensResponse,
};

pub async fn create(
    store: &Store,
    request: CreateScreenRequest,
) -> Result<CreateScreenResponse, Refusal> {
    let new = fields::read(|fields| {
        fields.take(request::id(&request.request_id));
        let rows = (1..=seat::ROWS).contains(&request.rows);
        fields.check(rows, "rows", &format!("must be 1 to {}", seat::ROWS));
        let columns = (1..=seat::COLUMNS).contains(&request.columns);
        fields.check(
            columns,
            "columns",
            &format!("must be 1 to {}", seat::COLUMNS),
        );
        New {
            theater: fields.take(fields::line("theater", &request.theater, 100)),
            name: fields.take(fields::line("name", &request.name, 100)),
            seat_rows: request.rows,
            seat_columns: request.columns,
        }
    })?;
    let key = request::Key::new(&request.request_id, &request)?;
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
    let (page, theater) = fields::read(|fields| {
        let named = Some(request.theater.as_str()).filter(|theater| !theater.is_empty());
        let theater = named.map(|name| fields.take(fields::line("theater", name, 100)));
        let page = Page::read(fields, request.page_size, &request.page_token);
        (page, theater)
    })?;
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
