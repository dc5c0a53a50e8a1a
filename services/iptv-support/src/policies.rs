//! Whenever an order is placed, it has a case; whenever a cancellation is asked for, the case waits for a rep; whenever the
//! installer has done something, the case knows.

use crate::cases::{self, Row};
use crate::domain::{self, Verdict};
use mesh::{Change, Refusal, Tx};
use ordering::wire::{self, Wish};
use proto::iptv::installation::v1::{Job, JobStatus};
use proto::ordering::v1::Order;

/// An order was placed, moved on, is to be cancelled or was.
pub fn order_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let row = match cases::find(tx.db(), &order.order_id)? {
        Some(row) => row,
        None => Row::new(order)?,
    };
    let decided = cases::decide(tx, row, Some(order.version), |case, done, now| {
        Ok(match wire::wish(order) {
            Wish::Fulfil => domain::open(done, now),
            Wish::Answer(number) => domain::ask(case, done, number, why(order), now),
            Wish::Void => domain::void(done, now),
        })
    });
    decided.map(drop)
}

fn why(order: &Order) -> Option<mesh::Text> {
    let asked = order.cancellation.as_ref()?;
    asked.reason.clone().map(wire::read_text)
}

/// Whether a job says anything that a case needs to know.
pub fn says_something(news: &Change<Job>) -> bool {
    news.entity.answered > 0 || news.entity.status() == JobStatus::Completed
}

/// An installer has completed a job, or answered. A case without its order is none of ours: there is a job only because
/// a case says so.
pub fn job_changed(tx: &mut Tx<'_>, news: &Change<Job>) -> Result<(), Refusal> {
    let job = &news.entity;
    let Some(row) = cases::find(tx.db(), &job.order_id)? else {
        return Ok(());
    };
    let installed = job.status() == JobStatus::Completed;
    let verdict = Verdict {
        agreed: job.agreed,
        reason: job.reason.clone().map(wire::read_text),
    };
    let answer = (job.answered > 0).then_some((job.answered, verdict));
    let decided = cases::decide(tx, row, None, |case, done, now| {
        Ok(domain::hear(case, done, installed, answer, now))
    });
    decided.map(drop)
}
