//! What every order side is asked besides creating: to show an order or a page of them, and to cancel one.

use crate::domain::order::{Cause, No, Order};
use crate::side::{Orders, Side};
use crate::{orders, wire};
use mesh::{Fields, Page, Refusal, Text, call, fields, text};
use proto::shared::v1 as shared;

impl<S: Side> Orders<S> {
    /// Shows an order: the caller's own; staff and admins see any. Another's is NOT_FOUND.
    pub async fn read(&self, order_id: &str) -> Result<Order, Refusal> {
        let user = call::user()?;
        let id = fields::read(|fields| id::<S>(fields, order_id))?;
        let any = user.is("staff") || user.is("admin");
        let order = self
            .site
            .store
            .read(move |db| orders::find(db, &id))
            .await?;
        visible::<S>(order, (!any).then_some(user.subject.as_str()))
    }

    /// A page of the caller's own orders, newest first, and the token of the next one.
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
            let next = page.cut(&mut own, |order| order.id.clone());
            Ok((own, next))
        });
        listed.await
    }

    /// The caller asks to cancel an own order. FAILED_PRECONDITION NOT_CANCELLABLE, CANCEL_LIMIT.
    pub async fn cancel(&self, order_id: &str) -> Result<Order, Refusal> {
        let user = call::user()?;
        let id = fields::read(|fields| id::<S>(fields, order_id))?;
        self.ask_to_cancel(id, Some(user.subject), Cause::Customer, None)
            .await
    }

    /// An administrator asks to cancel anybody's order, for a reason the customer is told.
    pub async fn system_cancel(
        &self,
        order_id: &str,
        reason: Option<shared::Text>,
    ) -> Result<Order, Refusal> {
        let reason = reason.unwrap_or_default();
        let id = fields::read(|fields| {
            for (field, said) in [("reason.en", &reason.en), ("reason.ko", &reason.ko)] {
                fields.take(fields::line(field, said, 500));
            }
            id::<S>(fields, order_id)
        })?;
        let reason = wire::read_text(reason);
        self.ask_to_cancel(id, None, Cause::Admin, Some(reason))
            .await
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

/// Reads an order's id, in the field that is called by the order's noun: "booking_id".
fn id<S: Side>(fields: &mut Fields, text: &str) -> String {
    let field = format!("{}_id", S::SYSTEM.noun);
    fields.take(mesh::id::parse(&field, text))
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
