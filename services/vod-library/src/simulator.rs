//! A studio that lives in this process. Its book is durable before it answers; how it misbehaves is set at run time.
//!
//! Like a real one it goes on with a purchase whose caller left, so a licence may be sold after the library gave it up.

mod behavior;
mod book;

pub use book::{Book, find as book};

use crate::domain::Answer;
use crate::studio::{Licence, Silence, Studio};
use behavior::{Behavior, Fate};
use futures::future::BoxFuture;
use mesh::{Site, task};
use ordering::simulated::Mood;
use proto::vod::library::v1::studio_simulator_service_server::StudioSimulatorService;
use proto::vod::library::v1::{SetStudioBehaviorRequest, SetStudioBehaviorResponse};
use std::sync::Arc;
use tokio::time::sleep;
use tonic::{Request, Response, Status};

/// The simulated studio. Cheap to clone; every clone is the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Mood<Behavior>>);

impl Simulator {
    /// One that sells everything at once until it is told otherwise. The same seed draws the same fates.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mood::new(Behavior::default(), seed)))
    }

    fn is_down(&self) -> bool {
        self.0.with(|behavior, _| behavior.down)
    }
}

impl Studio for Simulator {
    fn buy<'a>(&'a self, site: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            // Down is a door that stays shut: the purchase surely never arrived.
            if self.is_down() {
                return Answer::Nothing;
            }
            let (fate, latency) = self.0.with(|behavior, random| behavior.draw(random));
            let (site, key, attempt) = (site.clone(), licence.key.clone(), licence.attempt);
            let done = task::detach(async move {
                if !latency.is_zero() {
                    sleep(latency).await;
                }
                match fate {
                    Fate::Sold | Fate::ReplyLost => book::sell(&site, key).await,
                    Fate::Refused => book::refuse(&site, key, attempt).await,
                    Fate::Lost => Ok(Answer::Unsure),
                }
            });
            let answer = done.await;
            if matches!(fate, Fate::ReplyLost | Fate::Lost) {
                std::future::pending::<()>().await;
            }
            answer.map_or(Answer::Unsure, |kept| kept.unwrap_or(Answer::Unsure))
        })
    }

    fn ask<'a>(&'a self, site: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if self.is_down() {
                return Answer::Unsure;
            }
            let asked = book::ask(site, &licence.key, licence.attempt).await;
            asked.unwrap_or(Answer::Unsure)
        })
    }

    fn give_back<'a>(&'a self, site: &'a Site, key: &'a str) -> BoxFuture<'a, Result<(), Silence>> {
        Box::pin(async move {
            if self.is_down() {
                return Err(Silence("the simulator is down".to_owned()));
            }
            let closed = book::close(site, key).await;
            closed.map_err(|why| Silence(why.to_string()))
        })
    }
}

#[tonic::async_trait]
impl StudioSimulatorService for Simulator {
    async fn set_studio_behavior(
        &self,
        request: Request<SetStudioBehaviorRequest>,
    ) -> Result<Response<SetStudioBehaviorResponse>, Status> {
        let behavior = request.into_inner().behavior;
        let read = Behavior::read(&behavior.unwrap_or_default())?;
        self.0.with(|behavior, _| *behavior = read);
        tracing::info!(?behavior, "the simulated studio behaves anew");
        Ok(Response::new(SetStudioBehaviorResponse { behavior }))
    }
}
