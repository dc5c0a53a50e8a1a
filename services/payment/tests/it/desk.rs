//! A world with payment in it, and an order side that calls it.

use crate::bank::Bank;
use mesh::client::Client;
use mesh::{Db, Event, tasks};
use payment::facts;
use proto::cinema::booking::v1::BookingCancelled;
use proto::ordering::v1::{Order, Phase};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, Payment, PaymentState, VoidRequest};
use proto::shared::v1::Money;
use std::sync::Arc;
use std::time::Duration;
use testing::{Caller, World};
use tokio::task::JoinHandle;
use tonic::{Request, Status};

/// The order of most tests.
pub const ORDER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// Its first charge.
pub const KEY: &str = "charge:01890a5d-ac96-774b-bcce-b302099a8057:1";

/// Payment, its provider, and cinema-booking as its caller.
pub struct Desk {
    pub world: World,
    pub bank: Bank,
}

impl Desk {
    pub fn new() -> Self {
        let bank = Bank::new();
        let world = World::new()
            .with(payment::context(Arc::new(bank.clone())))
            .with(mesh::Context::new("cinema-booking"));
        Self { world, bank }
    }

    pub fn client(&self) -> PaymentServiceClient<Client> {
        self.client_of(Caller::service("cinema-booking"))
    }

    pub fn client_of(&self, caller: Caller) -> PaymentServiceClient<Client> {
        PaymentServiceClient::new(self.world.client("payment", caller))
    }

    pub async fn approve(&self) -> Result<Payment, Status> {
        approve(self.client(), Request::new(charge())).await
    }

    pub async fn approve_within(&self, deadline: Duration) -> Result<Payment, Status> {
        let mut request = Request::new(charge());
        request.set_timeout(deadline);
        approve(self.client(), request).await
    }

    /// An approval that goes on beside the test.
    pub fn approving(&self) -> JoinHandle<Result<Payment, Status>> {
        mesh::task::detach(approve(self.client(), Request::new(charge())))
    }

    pub async fn void(&self) -> Result<Payment, Status> {
        let request = VoidRequest {
            charge_key: KEY.to_owned(),
            order_id: ORDER.to_owned(),
        };
        let answer = self.client().void(request).await?;
        Ok(answer.into_inner().payment.unwrap())
    }

    pub async fn get(&self) -> Payment {
        let request = GetPaymentRequest {
            charge_key: KEY.to_owned(),
            ..Default::default()
        };
        let answer = self.client().get_payment(request).await.unwrap();
        answer.into_inner().payment.unwrap()
    }

    pub async fn state(&self) -> PaymentState {
        self.get().await.state()
    }

    /// Lets time pass and everything come to rest.
    pub async fn after(&self, time: Duration) {
        self.world.advance(time);
        self.world.settle().await;
    }

    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Db) -> T + Send + 'static,
    ) -> T {
        let store = &self.world.site("payment").store;
        store.read(|db| Ok(query(db))).await.unwrap()
    }

    /// Runs SQL against payment's store.
    pub async fn execute(&self, sql: &'static str) {
        let query = diesel::sql_query(sql);
        self.read(move |db| diesel::RunQueryDsl::execute(query, db).unwrap())
            .await;
    }

    /// How many tasks are still to be done.
    pub async fn open_tasks(&self) -> i64 {
        self.read(|db| tasks::open(db).unwrap()).await
    }

    pub async fn open_work(&self) -> bool {
        self.read(|db| payment::open_work(db).unwrap()).await
    }

    pub async fn facts(&self) -> Vec<facts::Charge> {
        self.read(|db| facts::charges(db).unwrap()).await
    }
}

async fn approve(
    mut client: PaymentServiceClient<Client>,
    request: Request<ApproveRequest>,
) -> Result<Payment, Status> {
    let answer = client.approve(request).await?;
    Ok(answer.into_inner().payment.unwrap())
}

pub fn charge() -> ApproveRequest {
    ApproveRequest {
        charge_key: KEY.to_owned(),
        order_id: ORDER.to_owned(),
        amount: Some(won(30_000)),
        payment_method: "tok-1".to_owned(),
    }
}

pub fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    mesh::refusal::reason(&answer.unwrap_err()).unwrap()
}

/// The fields that a refusal finds wrong.
pub fn wrong_fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    use tonic_types::StatusExt;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let details = status.get_error_details();
    let fields = details.bad_request().unwrap().field_violations.clone();
    fields.into_iter().map(|it| it.field).collect()
}

/// The order that the first charge pays.
pub fn order(payment_id: &str, phase: Phase, version: i64) -> Order {
    Order {
        order_id: ORDER.to_owned(),
        context: "cinema-booking".to_owned(),
        payment_id: payment_id.to_owned(),
        phase: phase.into(),
        version,
        ..Default::default()
    }
}

/// States an order of cinema-booking, and lets everything come to rest.
pub async fn state_order(world: &World, order: Order) {
    let store = &world.site("cinema-booking").store;
    let stated = store.write((), move |tx| {
        let event = BookingCancelled {
            order: Some(order.clone()),
        };
        tx.enqueue(Event::new(&order.order_id, order.version, &event))
    });
    stated.await.unwrap();
    world.settle().await;
}
