//! What every order side is asked besides creating: to show an order or a page of them, and to cancel one.

use crate::domain::order::{Cause, No, Order};
use crate::side::{Orders, Side};
use crate::{orders, wire};
use mesh::{Page, Refusal, Text, call, fields, id, text};
use prost::Message;
use proto::shared::v1 as shared;

/// The most bytes of orders on one page: half of what a gRPC client takes as one message, 4 MiB, unless it is told
/// otherwise. One order is far smaller: a timeline of 64 entries with a reason of 500 characters in each language.
const MOST_BYTES: usize = 2 << 20;

impl<S: Side> Orders<S> {
    /// Shows an order: the caller's own; staff and admins see any. Another's is NOT_FOUND.
    pub async fn read(&self, order_id: &str) -> Result<Order, Refusal> {
        let user = call::user()?;
        let id = id::canonical(order_id);
        let any = user.is("staff") || user.is("admin");
        let order = self
            .site
            .store
            .read(move |db| orders::find(db, &id))
            .await?;
        visible::<S>(order, (!any).then_some(user.subject.as_str()))
    }

    /// A page of the caller's own orders, newest first, and the token of the next one. It has fewer orders than were asked
    /// for when those are more than a message may carry.
    pub async fn page(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Order>, String), Refusal> {
        let user = call::user()?;
        let page: Page<String> = fields::read(|fields| Page::read(fields, page_size, page_token))?;
        let listed = self.site.store.read(move |db| {
            let before = page.after.as_deref();
            let mut own = orders::of_customer(db, &user.subject, before, page.limit())?;
            let key = |order: &Order| order.id.clone();
            let mut next = page.cut(&mut own, key);
            let fitting = fitting(
                own.iter()
                    .map(|own| wire::order(own, S::SYSTEM).encoded_len()),
            );
            if fitting < own.len() {
                own.truncate(fitting);
                next = own
                    .last()
                    .map(|last| mesh::page::token(&key(last)))
                    .unwrap_or_default();
            }
            Ok((own, next))
        });
        listed.await
    }

    /// The caller asks to cancel an own order. FAILED_PRECONDITION NOT_CANCELLABLE, CANCEL_LIMIT.
    pub async fn cancel(&self, order_id: &str) -> Result<Order, Refusal> {
        let user = call::user()?;
        let id = id::canonical(order_id);
        self.ask_to_cancel(id, Some(user.subject), Cause::Customer, None)
            .await
    }

    /// An administrator asks to cancel anybody's order, for a reason the customer is told.
    pub async fn system_cancel(
        &self,
        order_id: &str,
        reason: Option<shared::Text>,
    ) -> Result<Order, Refusal> {
        let (id, reason) = (id::canonical(order_id), reason.map(wire::read_text));
        self.ask_to_cancel(id, None, Cause::Admin, reason).await
    }

    async fn ask_to_cancel(
        &self,
        id: String,
        of: Option<String>,
        cause: Cause,
        reason: Option<Text>,
    ) -> Result<Order, Refusal> {
        let asked = self.site.store.write(id.clone(), move |tx| {
            let mut order = visible::<S>(orders::find(tx.db(), &id)?, of.as_deref())?;
            let now = tx.now();
            match order.ask_to_cancel(S::SYSTEM, cause, reason.clone(), now) {
                Ok(Some(change)) => orders::save(tx, S::SYSTEM, &order, change)?,
                Ok(None) => {}
                Err(no) => return Err(refused(no)),
            }
            Ok(order)
        });
        asked.await
    }
}

/// How many of these sizes fit on a page, in their order: at least one.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let so_far = sizes.scan(0, |sum: &mut usize, size| {
        *sum += size;
        Some(*sum)
    });
    so_far.take_while(|sum| *sum <= MOST_BYTES).count().max(1)
}

fn visible<S: Side>(order: Option<Order>, of: Option<&str>) -> Result<Order, Refusal> {
    order
        .filter(|order| of.is_none_or(|customer| order.customer_id == customer))
        .ok_or_else(|| Refusal::not_found(S::SYSTEM.noun))
}

fn refused(no: No) -> Refusal {
    match no {
        No::NotCancellable => Refusal::precondition(
            "NOT_CANCELLABLE",
            text(
                "it can't be cancelled any more",
                "취소불가: 더 이상 취소할 수 없습니다.",
            ),
        ),
        No::CancelLimit => Refusal::precondition(
            "CANCEL_LIMIT",
            text(
                "cancelling was asked for and refused too often",
                "취소 요청 횟수를 초과했습니다.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_what_fits_and_at_least_one() {
        let fitting = |sizes: &[usize]| fitting(sizes.iter().copied());
        assert_eq!(fitting(&[1, MOST_BYTES - 1, 1]), 2);
        assert_eq!(fitting(&[1; 200]), 200);
        assert_eq!(fitting(&[MOST_BYTES + 1, 1]), 1);
    }
}
