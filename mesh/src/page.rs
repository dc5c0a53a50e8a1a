//! Pages of a list. A token holds the key of the last row that was shown, so a page begins right behind it whatever
//! was added or removed meanwhile.

use crate::fields::Fields;
use crate::refusal::Violation;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many rows a page has when nothing is asked for.
pub const USUAL: i32 = 50;
/// How many rows a page has at most.
pub const MOST: i32 = 200;

/// The page that was asked for. `K` is what the list is ordered by, unique for each row: `(registered_at, movie_id)`.
#[derive(Debug)]
pub struct Page<K> {
    size: usize,
    /// Only rows behind this one; none on the first page.
    pub after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads the request's fields of these names.
    pub fn read(fields: &mut Fields, page_size: i32, page_token: &str) -> Self {
        let fits = (0..=MOST).contains(&page_size);
        fields.check(
            fits,
            "page_size",
            &format!("must be 1 to {MOST}, or 0 for {USUAL}"),
        );
        let rows = if page_size == 0 { USUAL } else { page_size };
        Self {
            size: usize::try_from(rows).unwrap_or_default(),
            after: fields.take(parse("page_token", page_token)),
        }
    }

    /// How many rows to query: one more than are shown, which tells whether there is a next page.
    pub fn limit(&self) -> i64 {
        self.size as i64 + 1
    }

    /// Cuts `rows`, queried up to [`Page::limit`], to the page. Answers its `next_page_token`, empty on the last page.
    pub fn cut<R>(&self, rows: &mut Vec<R>, key: impl Fn(&R) -> K) -> String {
        let is_last = rows.len() <= self.size;
        rows.truncate(self.size);
        match rows.last() {
            Some(row) if !is_last => token(&key(row)),
            _ => String::new(),
        }
    }
}

/// An opaque token that holds `key`.
pub fn token(key: &impl Serialize) -> String {
    let json = serde_json::to_vec(key).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

/// What the token in `field` holds; nothing when it is empty.
pub fn parse<K: DeserializeOwned>(field: &str, token: &str) -> Result<Option<K>, Violation> {
    if token.is_empty() {
        return Ok(None);
    }
    let json = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    // PostgreSQL refuses a NUL in a text, which would make a forged token our bug.
    let has_nul = json.windows(6).any(|part| part == br"\u0000");
    serde_json::from_slice(&json)
        .ok()
        .filter(|_| !has_nul)
        .ok_or_else(|| Violation::new(field, "must be empty or what this list answered before"))
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;

    fn page(size: i32, token: &str) -> Result<Page<(i64, String)>, Vec<String>> {
        fields::read(|fields| Page::read(fields, size, token))
            .map_err(|no| no.violations.into_iter().map(|v| v.field).collect())
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<(i64, String)> = (0..5).map(|n| (n, format!("id {n}"))).collect();
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let page = page(2, &next).unwrap();
            let behind =
                |row: &&(i64, String)| page.after.as_ref().is_none_or(|after| *row > after);
            let mut rows: Vec<_> = all
                .iter()
                .filter(behind)
                .take(page.limit() as usize)
                .cloned()
                .collect();
            next = page.cut(&mut rows, Clone::clone);
            seen.push(rows.len());
            if next.is_empty() {
                break;
            }
        }
        assert_eq!(seen, [2, 2, 1]);
    }

    #[test]
    fn a_full_last_page_has_no_next() {
        let mut rows = vec![(1, String::new()), (2, String::new())];
        assert_eq!(page(2, "").unwrap().cut(&mut rows, Clone::clone), "");
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn sizes_and_tokens_of_others_are_violations() {
        assert_eq!(page(0, "").unwrap().limit(), 51);
        assert!(page(200, "").is_ok());
        assert_eq!(page(-1, "?").unwrap_err(), ["page_size", "page_token"]);
        assert_eq!(page(201, "").unwrap_err(), ["page_size"]);
        let forged = [token(&"another list's"), token(&(1, "\0")), "!".to_owned()];
        for token in forged {
            assert_eq!(page(1, &token).unwrap_err(), ["page_token"]);
        }
    }
}
