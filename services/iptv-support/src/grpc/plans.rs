//! Plans.

use crate::plans::{self, Plan};
use mesh::{Page, Reply, Site, fields, id, request};
use proto::iptv::support::v1::plan_service_server::PlanService;
use proto::iptv::support::v1::{
    ClosePlanRequest, ClosePlanResponse, GetPlanRequest, GetPlanResponse, ListPlansRequest,
    ListPlansResponse, RegisterPlanRequest, RegisterPlanResponse,
};
use tonic::{Request, Response};

/// The handlers of `PlanService`.
pub struct Plans {
    pub site: Site,
}

#[tonic::async_trait]
impl PlanService for Plans {
    async fn register_plan(
        &self,
        request: Request<RegisterPlanRequest>,
    ) -> Reply<RegisterPlanResponse> {
        let request = request.into_inner();
        fields::read(|fields| plans::check(fields, &request))?;
        let key = request::Key::new(&request.request_id, &request)?;
        let registered = request::once(&self.site.store, key.lane(), key, move |tx| {
            let plan = Some(plans::register(tx, &request)?);
            Ok(RegisterPlanResponse { plan })
        });
        Ok(Response::new(registered.await?))
    }

    async fn get_plan(&self, request: Request<GetPlanRequest>) -> Reply<GetPlanResponse> {
        let plan_id = id::canonical(&request.get_ref().plan_id);
        let found = self.site.store.read(move |db| plans::read(db, &plan_id));
        let plan = Some((&found.await?).into());
        Ok(Response::new(GetPlanResponse { plan }))
    }

    async fn list_plans(&self, request: Request<ListPlansRequest>) -> Reply<ListPlansResponse> {
        let request = request.into_inner();
        let page = Page::of(request.page_size, &request.page_token)?;
        let listed = self.site.store.read(move |db| {
            let rows = plans::list(db, &page)?;
            page.show(rows, Plan::key, |row| Ok((&row).into()))
        });
        let (plans, next_page_token) = listed.await?;
        Ok(Response::new(ListPlansResponse {
            plans,
            next_page_token,
        }))
    }

    async fn close_plan(&self, request: Request<ClosePlanRequest>) -> Reply<ClosePlanResponse> {
        let plan_id = id::canonical(&request.get_ref().plan_id);
        let closed = self.site.store.write(plan_id.clone(), move |tx| {
            let plan = Some(plans::close(tx, &plan_id)?);
            Ok(ClosePlanResponse { plan })
        });
        Ok(Response::new(closed.await?))
    }
}
