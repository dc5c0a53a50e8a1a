//! Cases and installers.

use crate::cases::{self, PATIENCE, Row};
use crate::domain::{self, Case, Change, No, Verdict};
use crate::installers;
use mesh::{Page, Refusal, Store, Time, Tx, call, fields, id, text};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, wire};
use proto::iptv::support::v1::support_service_server::SupportService;
use proto::iptv::support::v1::{
    AssignInstallerRequest, AssignInstallerResponse, CompleteCaseRequest, CompleteCaseResponse,
    DecideCancellationRequest, DecideCancellationResponse, GetCaseRequest, GetCaseResponse,
    Installer, ListCasesRequest, ListCasesResponse, ListInstallersRequest, ListInstallersResponse,
    PutInstallerRequest, PutInstallerResponse, QueuedCase, ReceiveCancellationRequest,
    ReceiveCancellationResponse,
};
use tonic::{Request, Response, Status};

/// The handlers of `SupportService`.
pub struct Desk {
    pub store: Store,
}

/// What a rep does with a case.
type Done = Result<Option<Change>, No>;

#[tonic::async_trait]
impl SupportService for Desk {
    async fn put_installer(
        &self,
        request: Request<PutInstallerRequest>,
    ) -> Result<Response<PutInstallerResponse>, Status> {
        let request = request.into_inner();
        let told = Installer {
            installer_id: request.installer_id,
            name: request.name,
            region: request.region,
            open_cases: 0,
        };
        let put = self.store.write(told.installer_id.clone(), move |tx| {
            let installer = Some(installers::put(tx, &told)?);
            Ok(PutInstallerResponse { installer })
        });
        Ok(Response::new(put.await?))
    }

    async fn list_installers(
        &self,
        request: Request<ListInstallersRequest>,
    ) -> Result<Response<ListInstallersResponse>, Status> {
        let region = request.into_inner().region;
        let listed = self.store.read(move |db| {
            let installers = installers::list(db, &region)?;
            Ok(ListInstallersResponse { installers })
        });
        Ok(Response::new(listed.await?))
    }

    async fn list_cases(
        &self,
        request: Request<ListCasesRequest>,
    ) -> Result<Response<ListCasesResponse>, Status> {
        let request = request.into_inner();
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
        let mut statuses = request.statuses;
        if statuses.is_empty() {
            statuses.extend(domain::TO_DO);
        }
        let now = self.store.clock().now();
        let asked_before = request.unanswered.then_some(now.minus(PATIENCE));
        let listed = self.store.read(move |db| {
            let mut rows = cases::list(db, &page, &statuses, asked_before)?;
            let next_page_token = page.cut(&mut rows, Row::key);
            let cases = rows.into_iter().map(|row| row.show(now));
            Ok(ListCasesResponse {
                cases: cases.collect::<Result<_, _>>()?,
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }

    async fn get_case(
        &self,
        request: Request<GetCaseRequest>,
    ) -> Result<Response<GetCaseResponse>, Status> {
        let order_id = id::canonical(&request.get_ref().order_id);
        let now = self.store.clock().now();
        let found = self
            .store
            .read(move |db| cases::read(db, &order_id)?.show(now));
        let case = Some(found.await?);
        Ok(Response::new(GetCaseResponse { case }))
    }

    async fn assign_installer(
        &self,
        request: Request<AssignInstallerRequest>,
    ) -> Result<Response<AssignInstallerResponse>, Status> {
        let request = request.into_inner();
        let installer = request.installer_id;
        let wanted = installer.clone();
        let assigned = self.work(
            &request.order_id,
            move |tx, row| works_there(tx, row, &wanted),
            move |case, done, rep, now, name| {
                domain::assign(case, done, rep, (&installer, &name), now)
            },
        );
        let case = Some(assigned.await?);
        Ok(Response::new(AssignInstallerResponse { case }))
    }

    async fn complete_case(
        &self,
        request: Request<CompleteCaseRequest>,
    ) -> Result<Response<CompleteCaseResponse>, Status> {
        let completed = self.work(
            &request.get_ref().order_id,
            |_, _| Ok(()),
            |case, done, rep, now, ()| domain::complete(case, done, rep, now),
        );
        let case = Some(completed.await?);
        Ok(Response::new(CompleteCaseResponse { case }))
    }

    async fn receive_cancellation(
        &self,
        request: Request<ReceiveCancellationRequest>,
    ) -> Result<Response<ReceiveCancellationResponse>, Status> {
        let request = request.into_inner();
        let number = request.number;
        let received = self.work(
            &request.order_id,
            |_, _| Ok(()),
            move |case, _, rep, now, ()| domain::receive(case, rep, number, now).map(|()| None),
        );
        let case = Some(received.await?);
        Ok(Response::new(ReceiveCancellationResponse { case }))
    }

    async fn decide_cancellation(
        &self,
        request: Request<DecideCancellationRequest>,
    ) -> Result<Response<DecideCancellationResponse>, Status> {
        let request = request.into_inner();
        let number = request.number;
        let verdict = Verdict {
            agreed: request.agreed,
            reason: request.reason.map(wire::read_text),
        };
        let decided = self.work(
            &request.order_id,
            |_, _| Ok(()),
            move |case, done, rep, now, ()| {
                domain::decide(case, done, rep, number, verdict.clone(), now)
            },
        );
        let case = Some(decided.await?);
        Ok(Response::new(DecideCancellationResponse { case }))
    }
}

impl Desk {
    /// Does what `decision` decides with a case, as the rep who calls, with what `look` finds, if that allows it.
    async fn work<T>(
        &self,
        order_id: &str,
        look: impl Fn(&mut Tx<'_>, &Row) -> Result<T, Refusal> + Send + Sync + 'static,
        decision: impl Fn(&mut Case, &mut Fulfilment, &str, Time, T) -> Done + Send + Sync + 'static,
    ) -> Result<QueuedCase, Refusal> {
        let (rep, order_id) = (call::user()?.subject, id::canonical(order_id));
        let worked = self.store.write(order_id.clone(), move |tx| {
            let now = tx.now();
            let row = cases::read(tx.db(), &order_id)?;
            let found = look(tx, &row)?;
            let (answer, row) = cases::decide(tx, &row, None, |case, done| {
                fulfilments::or_why_not(decision(case, done, &rep, now, found))
            })?;
            answer?;
            row.show(now)
        });
        worked.await
    }
}

/// An installer works in one region. Answers what he is called.
fn works_there(tx: &mut Tx<'_>, row: &Row, installer_id: &str) -> Result<String, Refusal> {
    let (name, region) = installers::find(tx.db(), installer_id)?;
    if region == row.region {
        return Ok(name);
    }
    Err(Refusal::precondition(
        "INSTALLER_ELSEWHERE",
        text(
            format!("the installer works in {region}"),
            format!("{region} 지역의 설치기사입니다."),
        ),
    ))
}
