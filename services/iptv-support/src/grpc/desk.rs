//! Cases and installers.

use crate::cases::{self, PATIENCE, Row};
use crate::domain::{self, Case, Verdict};
use crate::installers;
use mesh::{Page, Refusal, Reply, Site, Time, call, id};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use ordering::wire;
use proto::iptv::support::v1::support_service_server::SupportService;
use proto::iptv::support::v1::{
    AssignInstallerRequest, AssignInstallerResponse, CompleteCaseRequest, CompleteCaseResponse,
    DecideCancellationRequest, DecideCancellationResponse, GetCaseRequest, GetCaseResponse,
    ListCasesRequest, ListCasesResponse, ListInstallersRequest, ListInstallersResponse,
    PutInstallerRequest, PutInstallerResponse, QueuedCase, ReceiveCancellationRequest,
    ReceiveCancellationResponse,
};
use tonic::{Request, Response};

/// The handlers of `SupportService`.
pub struct Desk {
    pub site: Site,
}

#[tonic::async_trait]
impl SupportService for Desk {
    async fn put_installer(
        &self,
        request: Request<PutInstallerRequest>,
    ) -> Reply<PutInstallerResponse> {
        let told = request.into_inner();
        let put = self.site.store.write(told.installer_id.clone(), move |tx| {
            let installer = Some(installers::put(tx, told.clone())?);
            Ok(PutInstallerResponse { installer })
        });
        Ok(Response::new(put.await?))
    }

    async fn list_installers(
        &self,
        request: Request<ListInstallersRequest>,
    ) -> Reply<ListInstallersResponse> {
        let region = request.into_inner().region;
        let listed = self.site.store.read(move |db| {
            let installers = installers::list(db, &region)?;
            Ok(ListInstallersResponse { installers })
        });
        Ok(Response::new(listed.await?))
    }

    async fn list_cases(&self, request: Request<ListCasesRequest>) -> Reply<ListCasesResponse> {
        let request = request.into_inner();
        let page = Page::of(request.page_size, &request.page_token)?;
        let mut statuses = request.statuses;
        if statuses.is_empty() {
            statuses.extend(domain::TO_DO);
        }
        let now = self.site.clock.now();
        let asked_before = request.unanswered.then_some(now.minus(PATIENCE));
        let listed = self.site.store.read(move |db| {
            let rows = cases::list(db, &page, &statuses, asked_before)?;
            page.show(rows, Row::key, |row| row.show(now))
        });
        let (cases, next_page_token) = listed.await?;
        Ok(Response::new(ListCasesResponse {
            cases,
            next_page_token,
        }))
    }

    async fn get_case(&self, request: Request<GetCaseRequest>) -> Reply<GetCaseResponse> {
        let order_id = id::canonical(&request.get_ref().order_id);
        let now = self.site.clock.now();
        let found = self
            .site
            .store
            .read(move |db| cases::read(db, &order_id)?.show(now));
        let case = Some(found.await?);
        Ok(Response::new(GetCaseResponse { case }))
    }

    async fn assign_installer(
        &self,
        request: Request<AssignInstallerRequest>,
    ) -> Reply<AssignInstallerResponse> {
        let (rep, request) = (call::user()?.subject, request.into_inner());
        let (order_id, installer) = (id::canonical(&request.order_id), request.installer_id);
        let assigned = self.site.store.write(order_id.clone(), move |tx| {
            let row = cases::read(tx.db(), &order_id)?;
            let name = installers::works_in(tx.db(), &installer, &row.region)?;
            let row = cases::decide(tx, row, None, |case, done, now| {
                domain::assign(case, done, &rep, (&installer, &name), now)
            })?;
            let case = Some(row.show(tx.now())?);
            Ok(AssignInstallerResponse { case })
        });
        Ok(Response::new(assigned.await?))
    }

    async fn complete_case(
        &self,
        request: Request<CompleteCaseRequest>,
    ) -> Reply<CompleteCaseResponse> {
        let case = self.work(&request.get_ref().order_id, domain::complete);
        let case = Some(case.await?);
        Ok(Response::new(CompleteCaseResponse { case }))
    }

    async fn receive_cancellation(
        &self,
        request: Request<ReceiveCancellationRequest>,
    ) -> Reply<ReceiveCancellationResponse> {
        let request = request.into_inner();
        let number = request.number;
        let case = self.work(&request.order_id, move |case, _, rep, now| {
            domain::receive(case, rep, number, now).map(|()| None)
        });
        let case = Some(case.await?);
        Ok(Response::new(ReceiveCancellationResponse { case }))
    }

    async fn decide_cancellation(
        &self,
        request: Request<DecideCancellationRequest>,
    ) -> Reply<DecideCancellationResponse> {
        let request = request.into_inner();
        let number = request.number;
        let verdict = Verdict {
            agreed: request.agreed,
            reason: request.reason.map(wire::read_text),
        };
        let case = self.work(&request.order_id, move |case, done, rep, now| {
            domain::decide(case, done, rep, number, verdict.clone(), now)
        });
        let case = Some(case.await?);
        Ok(Response::new(DecideCancellationResponse { case }))
    }
}

impl Desk {
    /// Does what `decision` decides with a case, as the rep who calls.
    async fn work(
        &self,
        order_id: &str,
        decision: impl Fn(&mut Case, &mut Fulfilment, &str, Time) -> Decided + Send + Sync + 'static,
    ) -> Result<QueuedCase, Refusal> {
        let (rep, order_id) = (call::user()?.subject, id::canonical(order_id));
        let worked = self.site.store.write(order_id.clone(), move |tx| {
            let row = cases::read(tx.db(), &order_id)?;
            let row = cases::decide(tx, row, None, |case, done, now| {
                decision(case, done, &rep, now)
            })?;
            row.show(tx.now())
        });
        worked.await
    }
}
