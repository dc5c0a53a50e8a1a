//! Somebody who orders. Each call is timed, and told as it was seen.

use super::Tell;
use super::moves::Wanted;
use super::page::Watchers;
use super::scene::Place;
use super::seen::Seen;
use crate::fault::Fault;
use crate::rpc::Mesh;
use mesh::Clock;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

/// Before a step is tried, and tried again because the order has not come so far.
const STEP: Duration = Duration::from_millis(200);
/// How often it is tried.
const STEPS: u32 = 20;

#[derive(Clone)]
pub(super) struct Person {
    mesh: Mesh,
    tell: Tell,
    clock: Clock,
}

/// So many, and those who watch the pages of some of them.
pub(super) fn people(
    mesh: &Mesh,
    number: usize,
    tell: &mpsc::UnboundedSender<Seen>,
) -> Result<(Vec<Person>, Watchers), Fault> {
    // What a breaker of ours would refuse was never asked for, and nothing could be told of it.
    let mesh = mesh.unguarded();
    let own = (0..number).map(|n| mesh.acting_as(&format!("load-{n}"), &["customer"]));
    let own = own.collect::<Result<Vec<_>, _>>()?;
    let watchers = Watchers::begin(own.iter());
    let person = |(number, mesh)| Person {
        mesh,
        tell: Tell {
            tell: tell.clone(),
            page: watchers.of(number),
        },
        clock: Clock::system(),
    };
    Ok((own.into_iter().enumerate().map(person).collect(), watchers))
}

impl Person {
    /// One try. A yes is what the customer has waited for since the first one; a no is as late as this one.
    pub(super) async fn create(
        &self,
        place: &Place,
        request_id: &str,
        wanted: &Wanted,
        since: Instant,
    ) -> Result<String, Status> {
        let tried = Instant::now();
        let answer = place.moves.create(&self.mesh, request_id, wanted).await;
        let begun = if answer.is_ok() { since } else { tried };
        self.tell(place, "create", &answer, request_id, begun);
        answer
    }

    pub(super) async fn cancel(&self, place: &Place, order_id: String) {
        let begun = Instant::now();
        let answer = place.moves.cancel(&self.mesh, &order_id).await;
        let answer = answer.map(|()| order_id);
        self.tell(place, "cancel", &answer, "", begun);
    }

    /// It takes a moment until the order is where this can be done.
    pub(super) async fn progress(self, place: Place, order_id: String) {
        for _ in 0..STEPS {
            tokio::time::sleep(STEP).await;
            let begun = Instant::now();
            if let Some(answer) = place.moves.progress(&self.mesh, &order_id).await {
                let answer = answer.map(|()| order_id);
                return self.tell(&place, "progress", &answer, "", begun);
            }
        }
    }

    fn tell(
        &self,
        place: &Place,
        op: &str,
        answer: &Result<String, Status>,
        request_id: &str,
        begun: Instant,
    ) {
        let seen = Seen::new(op, answer, request_id, begun, &self.clock);
        self.tell.tell(seen.of(place.system));
    }
}
