//! Many processes as one server: each call goes to the context whose it is, the operator's to all of them, as whoever asked.

use crate::fault::Fault;
use crate::operator;
use crate::serve::OPERATOR;
use mesh::client::Client;
use mesh::server::{self, Server};
use mesh::{Contracts, Refusal, contracts};
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use proto::operator::v1::operator_service_server::{OperatorService, OperatorServiceServer};
use proto::operator::v1::{
    ContextStatus, DiscardDeadLetterRequest, DiscardDeadLetterResponse, GetDeadLetterRequest,
    GetDeadLetterResponse, GetStatusRequest, GetStatusResponse, ListDeadLettersRequest,
    ListDeadLettersResponse, RedriveDeadLetterRequest, RedriveDeadLetterResponse,
    RepublishOrdersRequest, RepublishOrdersResponse,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tonic::body::Body;
use tonic::{Code, Request, Response, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// A client of each context, wherever it is by now.
#[derive(Clone, Default)]
pub(crate) struct Doors(Arc<Mutex<BTreeMap<&'static str, Client>>>);

impl Doors {
    /// From now on the context is reached by this client.
    pub(crate) fn put(&self, context: &'static str, client: Client) {
        self.lock().insert(context, client);
    }

    fn of(&self, context: &str) -> Option<Client> {
        self.lock().get(context).cloned()
    }

    fn all(&self) -> Vec<(&'static str, Client)> {
        let all = self.lock();
        all.iter().map(|(name, own)| (*name, own.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them behind one address.
pub(crate) async fn server(contracts: &Contracts, doors: Doors) -> Result<Server, Fault> {
    let services = services(contracts, &doors);
    let names: Vec<&str> = services.iter().map(String::as_str).collect();
    let operator = operator_of(doors.clone());
    let passing = server::pass_through(contracts, &names, move |service| {
        if service == OPERATOR {
            return Some(operator.clone());
        }
        let context = contracts::context_of(service.rsplit_once('.')?.0)?;
        doors.of(&context)
    });
    passing.await.map_err(Fault::bug)
}

/// The services of the contexts that run, and the operator's.
fn services(contracts: &Contracts, doors: &Doors) -> Vec<String> {
    let all = contracts
        .pool()
        .services()
        .map(|service| service.full_name().to_owned());
    let runs = |service: &String| {
        service == OPERATOR
            || service
                .rsplit_once('.')
                .and_then(|(package, _)| contracts::context_of(package))
                .is_some_and(|context| doors.of(&context).is_some())
    };
    all.filter(runs).collect()
}

/// The operator's service of all of them together.
fn operator_of(doors: Doors) -> Client {
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
                Err(status) if is_away(status.code()) => contexts.push(ContextStatus {
                    context: name.to_owned(),
                    trouble: status.message().to_owned(),
                    ..ContextStatus::default()
                }),
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

/// What it says of itself cannot be had now.
fn is_away(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded)
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
