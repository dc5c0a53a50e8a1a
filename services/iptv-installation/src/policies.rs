//! Whenever a case names an installer, he has a job; whenever support asks, the job is asked about; whenever an order is
//! cancelled, its job is.

use crate::domain;
use crate::jobs;
use mesh::{Change, Refusal, Tx};
use ordering::wire::{self, Wish};
use proto::iptv::subscription::v1::Service;
use proto::iptv::support::v1::Case;
use proto::ordering::v1::Order;

/// An order was placed, moved on, is to be cancelled or was. A request to cancel it is support's to ask about.
pub fn order_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let service = wire::detail::<Service>(order)?;
    let row = jobs::find(tx.db(), &order.order_id)?;
    let is_cancelled = wire::wish(order) == Wish::Void;
    let decided = jobs::decide(tx, row, Some((order.version, service)), |_, done, now| {
        Ok(is_cancelled.then(|| domain::void(done, now)).flatten())
    });
    decided.map(drop)
}

/// Whether a case concerns an installer.
pub fn names_an_installer(news: &Change<Case>) -> bool {
    !news.entity.installer_id.is_empty()
}

/// Support has assigned an installer, asks about a request to cancel, or has decided it.
pub fn case_changed(tx: &mut Tx<'_>, news: &Change<Case>) -> Result<(), Refusal> {
    let case = &news.entity;
    let row = jobs::find(tx.db(), &case.order_id)?;
    let told = domain::Case {
        installer_id: case.installer_id.clone(),
        question: case.question,
        asked_at: case.asked_at.map(Into::into),
        refused: case.refused,
    };
    let decided = jobs::decide(tx, row, None, |job, done, now| {
        Ok(domain::hear(job, done, told, now))
    });
    decided.map(drop)
}
