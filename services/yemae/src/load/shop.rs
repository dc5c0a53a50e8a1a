//! Customers who try each order once, and want nothing that others want.

use super::moves::{Wanted, Wish};
use super::page::{Visible, Watchers};
use super::person::{Person, people};
use super::scene::{Place, Scene};
use super::seen::{Seen, is_definite};
use crate::fault::Fault;
use crate::rpc::Mesh;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

/// So many people share the orders; a token for each order would be made for nothing.
const PEOPLE: usize = 100;
/// So many orders, one after the other, have one that may be cancelled: each system is to have its turn with it.
pub(super) const BLOCK: usize = 10;

pub(super) struct Shop<'a> {
    scene: &'a Scene,
    people: Vec<Person>,
    watchers: Watchers,
    /// Tells this step from others on the same scene.
    step: &'a str,
}

impl<'a> Shop<'a> {
    pub(super) fn open(
        mesh: &Mesh,
        scene: &'a Scene,
        step: &'a str,
        tell: &mpsc::UnboundedSender<Seen>,
    ) -> Result<Self, Fault> {
        let (people, watchers) = people(mesh, PEOPLE, tell)?;
        Ok(Self {
            scene,
            people,
            watchers,
            step,
        })
    }

    /// What the order of this number is for; none when there is nothing at this moment.
    pub(super) fn want(&self, number: usize) -> Option<Wanted> {
        self.place(number).moves.want(Wish::One)
    }

    /// Closes it, and says how soon its customers saw what they had ordered.
    pub(super) async fn close(self) -> Visible {
        drop(self.people);
        self.watchers.end().await
    }

    /// Orders; answers the order's id, or what was said instead.
    pub(super) async fn order(&self, number: usize, wanted: Wanted) -> Result<String, Status> {
        let place = self.place(number);
        let request_id = format!("{}-{}-{number}", self.scene.run, self.step);
        let since = Instant::now();
        let answer = self.person(number);
        let answer = answer.create(place, &request_id, &wanted, since).await;
        if answer.as_ref().is_err_and(is_definite) {
            place.moves.give_back(wanted);
        }
        answer
    }

    /// Cancels what was ordered under the same number.
    pub(super) async fn cancel(&self, number: usize, order_id: String) {
        let place = self.place(number);
        self.person(number).cancel(place, order_id).await;
    }

    /// The systems take turns, and begin each block with another one.
    fn place(&self, number: usize) -> &Place {
        let places = &self.scene.places;
        &places[(number + number / BLOCK) % places.len()]
    }

    fn person(&self, number: usize) -> &Person {
        &self.people[number % self.people.len()]
    }
}
