//! The operator's service of `up --processes`: every child is asked as whoever asked us.

use super::family::Doors;
use crate::operator;
use mesh::Refusal;
use mesh::client::Client;
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use proto::operator::v1::operator_service_server::{OperatorService, OperatorServiceServer};
use proto::operator::v1::{
    ContextStatus, DiscardDeadLetterRequest, DiscardDeadLetterResponse, GetDeadLetterRequest,
    GetDeadLetterResponse, GetStatusRequest, GetStatusResponse, ListDeadLettersRequest,
    ListDeadLettersResponse, RedriveDeadLetterRequest, RedriveDeadLetterResponse,
    RepublishOrdersRequest, RepublishOrdersResponse,
};
use tonic::body::Body;
use tonic::{Request, Response, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// A client of all of them together.
pub(super) fn ask(doors: Doors) -> Client {
    let server = OperatorServiceServer::new(Everybody(doors));
    BoxCloneSyncService::new(
        server
            .map_request(|request: http::Request<Body>| request)
            .map_response(|reply| reply.map(Body::new)),
    )
}

struct Everybody(Doors);

#[tonic::async_trait]
impl OperatorService for Everybody {
    async fn get_status(
        &self,
        request: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        let asker = request.metadata().clone();
        let answers = self.0.all().into_iter().map(|(name, child)| {
            let mut asked = Request::new(GetStatusRequest {});
            *asked.metadata_mut() = asker.clone();
            async move {
                (
                    name,
                    OperatorServiceClient::new(child).get_status(asked).await,
                )
            }
        });
        let mut contexts = Vec::new();
        for (name, answer) in futures::future::join_all(answers).await {
            match answer {
                Ok(answer) => contexts.extend(answer.into_inner().contexts),
                Err(status) if status.code() == tonic::Code::Unavailable => {
                    contexts.push(ContextStatus {
                        context: name.to_owned(),
                        trouble: status.message().to_owned(),
                        ..ContextStatus::default()
                    })
                }
                Err(status) => return Err(status),
            }
        }
        contexts.sort_by(|left, right| left.context.cmp(&right.context));
        Ok(Response::new(GetStatusResponse { contexts }))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let mut child = self.child(&request.get_ref().context)?;
        child.list_dead_letters(request).await
    }

    async fn get_dead_letter(
        &self,
        request: Request<GetDeadLetterRequest>,
    ) -> Result<Response<GetDeadLetterResponse>, Status> {
        let mut child = self.child(&request.get_ref().context)?;
        child.get_dead_letter(request).await
    }

    async fn redrive_dead_letter(
        &self,
        request: Request<RedriveDeadLetterRequest>,
    ) -> Result<Response<RedriveDeadLetterResponse>, Status> {
        let mut child = self.child(&request.get_ref().context)?;
        child.redrive_dead_letter(request).await
    }

    async fn discard_dead_letter(
        &self,
        request: Request<DiscardDeadLetterRequest>,
    ) -> Result<Response<DiscardDeadLetterResponse>, Status> {
        let mut child = self.child(&request.get_ref().context)?;
        child.discard_dead_letter(request).await
    }

    async fn republish_orders(
        &self,
        request: Request<RepublishOrdersRequest>,
    ) -> Result<Response<RepublishOrdersResponse>, Status> {
        let mut child = self.child(&request.get_ref().context)?;
        child.republish_orders(request).await
    }
}

impl Everybody {
    fn child(&self, context: &str) -> Result<OperatorServiceClient<Client>, Refusal> {
        let child = self.0.of(context);
        child.map(OperatorServiceClient::new).ok_or_else(|| {
            let all = self.0.all();
            operator::no_context(context, all.iter().map(|(name, _)| *name))
        })
    }
}
