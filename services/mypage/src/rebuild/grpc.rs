//! What an admin asks of rebuilds.

use super::rows;
use mesh::{Refusal, Site, id, request};
use proto::mypage::v1::rebuild_service_server::RebuildService;
use proto::mypage::v1::{
    GetRebuildRequest, GetRebuildResponse, StartRebuildRequest, StartRebuildResponse,
};
use tonic::{Request, Response, Status};

/// The handlers of `RebuildService`.
pub struct Handlers {
    pub site: Site,
}

#[tonic::async_trait]
impl RebuildService for Handlers {
    async fn start_rebuild(
        &self,
        request: Request<StartRebuildRequest>,
    ) -> Result<Response<StartRebuildResponse>, Status> {
        let request = request.into_inner();
        let key = request::Key::new(&request.request_id, &request)?;
        let started = request::once(&self.site.store, "rebuild", key, |tx| {
            let rebuild = Some(rows::ask(tx)?);
            Ok(StartRebuildResponse { rebuild })
        });
        Ok(Response::new(started.await?))
    }

    async fn get_rebuild(
        &self,
        request: Request<GetRebuildRequest>,
    ) -> Result<Response<GetRebuildResponse>, Status> {
        let named = id::canonical(&request.get_ref().rebuild_id);
        let rebuild_id = Some(named).filter(|named| !named.is_empty());
        let found = self
            .site
            .store
            .read(move |db| rows::find(db, rebuild_id.as_deref()));
        let rebuild = found.await?.ok_or_else(|| Refusal::not_found("rebuild"))?;
        let rebuild = Some(rebuild);
        Ok(Response::new(GetRebuildResponse { rebuild }))
    }
}
