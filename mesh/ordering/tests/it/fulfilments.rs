//! Two who change one fulfilment at the same moment.

use crate::toys::{Bug, Toys, ticket};
use mesh::Refusal;
use ordering::fulfilments::{find, update, update_found};
use testing::World;
use testing::chaos::Dice;

/// What was never stated is voided without a new version: whoever read it before must not make it whole again.
#[tokio::test]
async fn who_has_read_it_before_it_was_voided_makes_nothing_of_it() {
    let toys = Toys::new(Bug::None, &Dice::new(1));
    let world = World::new().with(ticket::context(&toys));
    let written = world.site(ticket::TICKET).store.write("one", |tx| {
        let now = tx.now();
        update(tx, "one", Some(1), |_| ((), None))?;
        let before = find(tx.db(), "one")?;
        update(tx, "one", None, |found| ((), found.void(now).then_some("")))?;
        let late = update_found(tx, "one", before, None, |found| {
            (
                (),
                found
                    .reach(1, now)
                    .then_some("yemae.cinema.ticket.v1.TicketIssued"),
            )
        });
        assert_eq!(late, Err(Refusal::conflict()));
        assert!(find(tx.db(), "one")?.unwrap().voided);
        Ok(())
    });
    written.await.unwrap();
}
