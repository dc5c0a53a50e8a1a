//! What the operator's RPC answers for the contexts of this process.

mod dead_letters;
mod mask;

use crate::contexts;
use crate::house::Resident;
use mesh::bus::Bus;
use mesh::client::State;
use mesh::store::Backend;
use mesh::{Refusal, Violation, dead_letter, fields, id, outbox, tasks, text};
use proto::operator::v1::operator_service_server::OperatorService;
use proto::operator::v1::{
    BreakerStatus, ContextStatus, DiscardDeadLetterRequest, DiscardDeadLetterResponse,
    GetDeadLetterRequest, GetDeadLetterResponse, GetStatusRequest, GetStatusResponse,
    ListDeadLettersRequest, ListDeadLettersResponse, RedriveDeadLetterRequest,
    RedriveDeadLetterResponse, RepublishOrdersRequest, RepublishOrdersResponse,
};
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Request, Response, Status};

/// How long the broker is waited for: most is known without it, and it may be what the operator came to look for.
const BROKER: Duration = Duration::from_secs(1);

/// Serves the operator.
pub(crate) struct Operator {
    pub(crate) residents: Vec<Resident>,
    pub(crate) bus: Bus,
}

#[tonic::async_trait]
impl OperatorService for Operator {
    async fn get_status(
        &self,
        _: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        let contexts = futures::future::join_all(
            self.residents
                .iter()
                .map(|resident| status(resident, &self.bus)),
        )
        .await;
        Ok(Response::new(GetStatusResponse { contexts }))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let request = request.into_inner();
        let of = self.resident(&request.context)?;
        Ok(Response::new(dead_letters::list(of, request).await?))
    }

    async fn get_dead_letter(
        &self,
        request: Request<GetDeadLetterRequest>,
    ) -> Result<Response<GetDeadLetterResponse>, Status> {
        let request = request.into_inner();
        let of = self.resident(&request.context)?;
        Ok(Response::new(
            dead_letters::get(of, request.dead_letter_id).await?,
        ))
    }

    async fn redrive_dead_letter(
        &self,
        request: Request<RedriveDeadLetterRequest>,
    ) -> Result<Response<RedriveDeadLetterResponse>, Status> {
        let request = request.into_inner();
        let of = self.resident(&request.context)?;
        dead_letter::redrive(&of.site.store, &of.policies, &request.dead_letter_id).await?;
        Ok(Response::new(RedriveDeadLetterResponse {}))
    }

    async fn discard_dead_letter(
        &self,
        request: Request<DiscardDeadLetterRequest>,
    ) -> Result<Response<DiscardDeadLetterResponse>, Status> {
        let request = request.into_inner();
        let of = self.resident(&request.context)?;
        dead_letter::discard(&of.site.store, &request.dead_letter_id).await?;
        Ok(Response::new(DiscardDeadLetterResponse {}))
    }

    async fn republish_orders(
        &self,
        request: Request<RepublishOrdersRequest>,
    ) -> Result<Response<RepublishOrdersResponse>, Status> {
        let request = request.into_inner();
        let of = self.resident(&request.context)?;
        if !request.cursor.is_empty() {
            fields::read(|f| f.take(id::parse("cursor", &request.cursor)))?;
        }
        let system = of.sells.ok_or_else(|| no_orders(&request.context))?;
        let step = ordering::republish(&of.site.store, system, &request.cursor).await?;
        Ok(Response::new(RepublishOrdersResponse {
            stated: step.stated,
            next_cursor: step.next.unwrap_or_default(),
        }))
    }
}

impl Operator {
    fn resident(&self, context: &str) -> Result<&Resident, Refusal> {
        let names = || self.residents.iter().map(|resident| resident.site.context);
        self.residents
            .iter()
            .find(|resident| resident.site.context == context)
            .ok_or_else(|| no_context(context, names()))
    }
}

/// Of a context that does not run here.
pub(crate) fn no_context<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Refusal {
    let known = known.collect::<Vec<_>>().join(", ");
    let rule = format!("must be one that runs here: {known}; not {wanted:?}");
    Refusal::invalid(vec![Violation::new("context", rule)])
}

/// Of a context that takes no orders.
fn no_orders(context: &str) -> Refusal {
    let all = contexts::ALL.iter().filter(|entry| entry.sells.is_some());
    let all: Vec<_> = all.map(|entry| entry.name).collect();
    let all = all.join(", ");
    let text = text(
        format!("{context} takes no orders that could be stated once more: {all} does"),
        format!("{context}에는 다시 알릴 주문이 없습니다. 주문은 {all}에 있습니다."),
    );
    Refusal::precondition("NO_ORDERS", text)
}

/// What is read of a context's own database.
struct Read {
    waiting: i64,
    oldest: Option<i64>,
    tasks: i64,
    dead: i64,
    store: Backend,
}

async fn status(resident: &Resident, bus: &Bus) -> ContextStatus {
    let site = &resident.site;
    let read = site.store.read(|db| {
        let (waiting, oldest) = outbox::waiting(db)?;
        Ok(Read {
            waiting,
            oldest,
            tasks: tasks::open(db)?,
            dead: dead_letter::count(db)?,
            store: db.backend(),
        })
    });
    let lag = timeout(BROKER, bus.lag(site.context)).await;
    let lag = lag.ok().and_then(Result::ok).map_or(-1, |lag| {
        i64::try_from(lag.pending + lag.unacknowledged).unwrap_or(i64::MAX)
    });
    let breakers = resident
        .breakers
        .standings()
        .into_iter()
        .map(|breaker| BreakerStatus {
            peer: breaker.peer,
            state: match breaker.state {
                State::Closed => "closed".to_owned(),
                State::Open => "open".to_owned(),
                State::Probing => "probing".to_owned(),
            },
            failures: i32::try_from(breaker.consecutive_failures).unwrap_or(i32::MAX),
        });
    let known = ContextStatus {
        context: site.context.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        consumer_lag: lag,
        breakers: breakers.collect(),
        ..ContextStatus::default()
    };
    match read.await {
        Ok(read) => ready(known, read, site.clock.now()),
        Err(why) => not_ready(known, &why),
    }
}

fn ready(known: ContextStatus, read: Read, now: mesh::Time) -> ContextStatus {
    let age = read.oldest.map(|oldest| now.since(mesh::Time(oldest)));
    ContextStatus {
        ready: true,
        outbox_waiting: read.waiting,
        outbox_age: age.and_then(|age| age.try_into().ok()),
        tasks_open: read.tasks,
        dead_letters: read.dead,
        store: match read.store {
            Backend::Sqlite => "sqlite".to_owned(),
            Backend::Postgres => "postgres".to_owned(),
        },
        ..known
    }
}

fn not_ready(known: ContextStatus, why: &Refusal) -> ContextStatus {
    ContextStatus {
        ready: false,
        trouble: why.to_string(),
        ..known
    }
}
