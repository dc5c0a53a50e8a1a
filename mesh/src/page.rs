//! Pages of a list. A token holds the key of the last row that was shown, so a page begins right behind it whatever
//! was added or removed meanwhile.

use crate::fields::{self, Fields};
use crate::refusal::{Refusal, Violation};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use diesel::dsl::{And, Desc, Eq, Gt, Lt, Or};
use diesel::prelude::*;
use diesel::query_dsl::methods::{FilterDsl, LimitDsl, OrderDsl};
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many rows a page has when nothing is asked for.
pub const USUAL: i32 = 50;
/// How many rows a page has at most.
pub const MOST: i32 = 200;

/// What most lists are ordered by: since when a row has been there, µs, then its id.
pub type Key = (i64, String);

/// The page that was asked for. `K` is what the list is ordered by, unique for each row: `(registered_at, movie_id)`.
#[derive(Debug)]
pub struct Page<K = Key> {
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

    /// The page that a request of only these fields asks for.
    pub fn of(page_size: i32, page_token: &str) -> Result<Self, Refusal> {
        fields::read(|fields| Self::read(fields, page_size, page_token))
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

    /// Cuts `rows` to the page and shows each as its list does. Answers also its `next_page_token`.
    pub fn show<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> K,
        show: impl FnMut(R) -> Result<T, Refusal>,
    ) -> Result<(Vec<T>, String), Refusal> {
        let next_page_token = self.cut(&mut rows, key);
        let shown: Result<_, _> = rows.into_iter().map(show).collect();
        Ok((shown?, next_page_token))
    }
}

/// Behind a row, in the order that `C` and `D` stand for.
type Behind<C, D, E> = Or<C, And<E, D>>;

impl Page {
    /// This page of `rows`, which are boxed and not ordered yet: those with the highest `at` first.
    pub fn newest_first<Q, A, I>(&self, rows: Q, at: A, id: I) -> Q
    where
        A: Expression<SqlType = BigInt> + ExpressionMethods + Copy,
        I: Expression<SqlType = Text> + ExpressionMethods + Copy,
        Q: OrderDsl<(Desc<A>, Desc<I>), Output = Q> + LimitDsl<Output = Q>,
        Q: FilterDsl<Behind<Lt<A, i64>, Lt<I, String>, Eq<A, i64>>, Output = Q>,
    {
        let ordered = OrderDsl::order(rows, (at.desc(), id.desc()));
        let page = LimitDsl::limit(ordered, self.limit());
        match self.after.clone() {
            Some((last, last_id)) => {
                let same = at.eq(last).and(id.lt(last_id));
                FilterDsl::filter(page, at.lt(last).or(same))
            }
            None => page,
        }
    }

    /// The same of those with the lowest `at` first.
    pub fn oldest_first<Q, A, I>(&self, rows: Q, at: A, id: I) -> Q
    where
        A: Expression<SqlType = BigInt> + ExpressionMethods + Copy,
        I: Expression<SqlType = Text> + ExpressionMethods + Copy,
        Q: OrderDsl<(A, I), Output = Q> + LimitDsl<Output = Q>,
        Q: FilterDsl<Behind<Gt<A, i64>, Gt<I, String>, Eq<A, i64>>, Output = Q>,
    {
        let ordered = OrderDsl::order(rows, (at, id));
        let page = LimitDsl::limit(ordered, self.limit());
        match self.after.clone() {
            Some((last, last_id)) => {
                let same = at.eq(last).and(id.gt(last_id));
                FilterDsl::filter(page, at.gt(last).or(same))
            }
            None => page,
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
