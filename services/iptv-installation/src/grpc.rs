//! What installers do with their own jobs.

use crate::domain::{self, Job};
use crate::jobs::{self, DAY, Row};
use mesh::{Page, Refusal, Reply, Site, Time, call, fields, id};
use ordering::domain::fulfilment::{Answer, Decided, Fulfilment};
use ordering::wire;
use proto::iptv::installation::v1::installation_service_server::InstallationService;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AcceptJobResponse, AnswerCancellationRequest, AnswerCancellationResponse,
    CompleteJobRequest, CompleteJobResponse, GetJobRequest, GetJobResponse, ListJobsRequest,
    ListJobsResponse, QueuedJob,
};
use tonic::{Request, Response};

/// The handlers of `InstallationService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl InstallationService for Handlers {
    async fn list_jobs(&self, request: Request<ListJobsRequest>) -> Reply<ListJobsResponse> {
        let (installer, request) = (call::user()?.subject, request.into_inner());
        let page = Page::of(request.page_size, &request.page_token)?;
        let now = self.site.clock.now();
        let listed = self.site.store.read(move |db| {
            let since = now.minus(DAY);
            let rows = jobs::list(db, &installer, &page, &request.statuses, since)?;
            page.show(rows, Row::key, |row| row.show(db, now))
        });
        let (jobs, next_page_token) = listed.await?;
        Ok(Response::new(ListJobsResponse {
            jobs,
            next_page_token,
        }))
    }

    async fn get_job(&self, request: Request<GetJobRequest>) -> Reply<GetJobResponse> {
        let installer = call::user()?.subject;
        let order_id = id::canonical(&request.get_ref().order_id);
        let now = self.site.clock.now();
        let found = self
            .site
            .store
            .read(move |db| jobs::own(db, &order_id, &installer)?.show(db, now));
        let job = Some(found.await?);
        Ok(Response::new(GetJobResponse { job }))
    }

    async fn accept_job(&self, request: Request<AcceptJobRequest>) -> Reply<AcceptJobResponse> {
        let job = self.work(&request.get_ref().order_id, |job, done, now| {
            domain::accept(job, done, now)
        });
        let job = Some(job.await?);
        Ok(Response::new(AcceptJobResponse { job }))
    }

    async fn complete_job(
        &self,
        request: Request<CompleteJobRequest>,
    ) -> Reply<CompleteJobResponse> {
        let job = self.work(&request.get_ref().order_id, domain::complete);
        let job = Some(job.await?);
        Ok(Response::new(CompleteJobResponse { job }))
    }

    async fn answer_cancellation(
        &self,
        request: Request<AnswerCancellationRequest>,
    ) -> Reply<AnswerCancellationResponse> {
        let request = request.into_inner();
        fields::read(|fields| {
            let rule = "is required for a no";
            fields.check(request.agreed || request.reason.is_some(), "reason", rule);
        })?;
        let answer = Answer {
            number: request.number,
            agreed: request.agreed,
            reason: request.reason.map(wire::read_text),
        };
        let job = self.work(&request.order_id, move |job, done, _| {
            domain::answer(job, done, answer.clone()).map(|()| None)
        });
        let job = Some(job.await?);
        Ok(Response::new(AnswerCancellationResponse { job }))
    }
}

impl Handlers {
    /// Does what `decision` decides with a job of the caller's.
    async fn work(
        &self,
        order_id: &str,
        decision: impl Fn(&mut Job, &mut Fulfilment, Time) -> Decided + Send + Sync + 'static,
    ) -> Result<QueuedJob, Refusal> {
        let (installer, order_id) = (call::user()?.subject, id::canonical(order_id));
        let worked = self.site.store.write(order_id.clone(), move |tx| {
            let row = jobs::own(tx.db(), &order_id, &installer)?;
            let row = jobs::decide(tx, row, None, &decision)?;
            let now = tx.now();
            row.show(tx.db(), now)
        });
        worked.await
    }
}
