//! Dead letters, as an operator is told of them.

use super::mask;
use crate::house::Resident;
use mesh::dead_letter::{self, Content};
use mesh::{Page, Refusal, Time, fields};
use proto::operator::v1::{
    DeadLetter, GetDeadLetterResponse, ListDeadLettersRequest, ListDeadLettersResponse,
};

/// A page of a context's.
pub(super) async fn list(
    of: &Resident,
    request: ListDeadLettersRequest,
) -> Result<ListDeadLettersResponse, Refusal> {
    let page = fields::read(|fields| Page::read(fields, request.page_size, &request.page_token))?;
    let listed = of
        .site
        .store
        .read(move |db| Ok(dead_letter::list(db, &page)?));
    let (letters, next_page_token) = listed.await?;
    let context = of.site.context;
    Ok(ListDeadLettersResponse {
        dead_letters: letters.into_iter().map(|own| tell(context, own)).collect(),
        next_page_token,
    })
}

/// One of a context's.
pub(super) async fn get(of: &Resident, id: String) -> Result<GetDeadLetterResponse, Refusal> {
    let store = &of.site.store;
    let (letter, Content { body, .. }) = store.read(move |db| dead_letter::find(db, &id)).await?;
    let content = mask::event(store.contracts().pool(), &letter.name, &body);
    Ok(GetDeadLetterResponse {
        size: i64::try_from(body.len()).unwrap_or(i64::MAX),
        content: content.unwrap_or_default(),
        dead_letter: Some(tell(of.site.context, letter)),
    })
}

fn tell(context: &str, letter: dead_letter::DeadLetter) -> DeadLetter {
    DeadLetter {
        context: context.to_owned(),
        dead_letter_id: letter.id,
        subject: letter.subject,
        version: letter.version,
        name: letter.name,
        reason: letter.reason,
        tries: letter.tries,
        put_aside_at: Some(Time(letter.at).into()),
    }
}
