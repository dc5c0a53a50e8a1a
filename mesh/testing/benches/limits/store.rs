//! Commands that write one row: an event into the outbox.

use crate::{CALLERS, rate};
use mesh::store::{Setup, Url};
use mesh::{Clock, Contracts, Event, Store, id};
use proto::payment::v1::{Payment, PaymentRefunded};
use std::sync::Arc;

/// Commands a second of one caller, each with a commit of its own, and of all callers, which share commits.
pub(crate) async fn measure() -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder for a database");
    let file = folder.path().join("limits.db");
    let setup = Setup {
        context: "payment".to_owned(),
        url: Url(file.to_string_lossy().into_owned()),
        clock: Clock::system(),
        contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).expect("the contracts")),
    };
    let store = Store::open(setup, Vec::new()).expect("a database");
    let command = move || {
        let (store, id) = (store.clone(), id::new());
        async move {
            let event = PaymentRefunded {
                payment: Some(Payment {
                    payment_id: id.clone(),
                    ..Payment::default()
                }),
            };
            let written = store.write(id.clone(), move |tx| tx.enqueue(Event::new(&id, 1, &event)));
            written.await.expect("a commit");
        }
    };
    (rate(1, command.clone()).await, rate(CALLERS, command).await)
}
