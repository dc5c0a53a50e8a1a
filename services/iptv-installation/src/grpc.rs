//! What installers do with their own jobs.

use crate::domain::{self, Answer, Change, Job, No};
use crate::jobs::{self, DAY, Row};
use mesh::{Page, Refusal, Store, Time, call, fields, id, text};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, wire};
use proto::iptv::installation::v1::installation_service_server::InstallationService;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AcceptJobResponse, AnswerCancellationRequest, AnswerCancellationResponse,
    CompleteJobRequest, CompleteJobResponse, GetJobRequest, GetJobResponse, ListJobsRequest,
    ListJobsResponse, QueuedJob,
};
use tonic::{Request, Response, Status};

/// The handlers of `InstallationService`.
pub struct Handlers {
    pub store: Store,
}

#[tonic::async_trait]
impl InstallationService for Handlers {
    async fn list_jobs(
        &self,
        request: Request<ListJobsRequest>,
    ) -> Result<Response<ListJobsResponse>, Status> {
        let installer = call::user()?.subject;
        let request = request.into_inner();
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
        let now = self.store.clock().now();
        let listed = self.store.read(move |db| {
            let since = now.minus(DAY);
            let mut rows = jobs::list(db, &installer, &page, &request.statuses, since)?;
            let next_page_token = page.cut(&mut rows, Row::key);
            let jobs = rows.into_iter().map(|row| row.show(db, now));
            Ok(ListJobsResponse {
                jobs: jobs.collect::<Result<_, _>>()?,
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }

    async fn get_job(
        &self,
        request: Request<GetJobRequest>,
    ) -> Result<Response<GetJobResponse>, Status> {
        let installer = call::user()?.subject;
        let order_id = id::canonical(&request.get_ref().order_id);
        let now = self.store.clock().now();
        let found = self
            .store
            .read(move |db| jobs::own(db, &order_id, &installer)?.show(db, now));
        let job = Some(found.await?);
        Ok(Response::new(GetJobResponse { job }))
    }

    async fn accept_job(
        &self,
        request: Request<AcceptJobRequest>,
    ) -> Result<Response<AcceptJobResponse>, Status> {
        let id = request.into_inner().order_id;
        let accepted = self.work(&id, |job, done, now| domain::accept(job, done, now));
        let job = Some(accepted.await?);
        Ok(Response::new(AcceptJobResponse { job }))
    }

    async fn complete_job(
        &self,
        request: Request<CompleteJobRequest>,
    ) -> Result<Response<CompleteJobResponse>, Status> {
        let id = request.into_inner().order_id;
        let completed = self.work(&id, domain::complete);
        let job = Some(completed.await?);
        Ok(Response::new(CompleteJobResponse { job }))
    }

    async fn answer_cancellation(
        &self,
        request: Request<AnswerCancellationRequest>,
    ) -> Result<Response<AnswerCancellationResponse>, Status> {
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
        let answered = self.work(&request.order_id, move |job, done, _| {
            domain::answer(job, done, answer.clone()).map(|()| None)
        });
        let job = Some(answered.await?);
        Ok(Response::new(AnswerCancellationResponse { job }))
    }
}

impl Handlers {
    /// Does what `decision` decides with a job of the caller's.
    async fn work(
        &self,
        id: &str,
        decision: impl Fn(&mut Job, &mut Fulfilment, Time) -> Result<Option<Change>, No>
        + Send
        + Sync
        + 'static,
    ) -> Result<QueuedJob, Refusal> {
        let installer = call::user()?.subject;
        let order_id = id::canonical(id);
        let worked = self.store.write(order_id.clone(), move |tx| {
            let now = tx.now();
            let row = jobs::own(tx.db(), &order_id, &installer)?;
            let (answer, row) = jobs::decide(
                tx,
                &row,
                None,
                |_| (),
                |job, done| fulfilments::or_why_not(decision(job, done, now)),
            )?;
            answer.map_err(refused)?;
            row.show(tx.db(), now)
        });
        worked.await
    }
}

fn refused(no: No) -> Refusal {
    let (reason, en, ko) = match no {
        No::Cancelled => (
            "JOB_CANCELLED",
            "the subscription was cancelled",
            "취소된 가입신청입니다.",
        ),
        No::Locked => (
            "JOB_LOCKED",
            "you agreed to cancel it; support has not decided",
            "취소에 동의한 작업입니다. 상담원의 결정을 기다려 주세요.",
        ),
        No::NotAccepted => (
            "JOB_NOT_ACCEPTED",
            "it was not accepted yet",
            "먼저 설치접수를 해야 합니다.",
        ),
        No::NotAsked => (
            "CANCELLATION_NOT_ASKED",
            "nobody asks about such a request to cancel",
            "해당 취소 문의가 없습니다.",
        ),
        No::Answered => (
            "CANCELLATION_ANSWERED",
            "it was answered otherwise",
            "이미 다르게 답변한 취소 문의입니다.",
        ),
    };
    Refusal::precondition(reason, text(en, ko))
}
