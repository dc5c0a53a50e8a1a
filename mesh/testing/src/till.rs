//! A payment for who tests an order side alone.

use mesh::{Context, Refusal, text};
use proto::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payment::v1::{
    ApproveRequest, ApproveResponse, GetPaymentRequest, GetPaymentResponse, ListPaymentsRequest,
    ListPaymentsResponse, Payment, PaymentState, VoidRequest, VoidResponse,
};
use std::sync::{Arc, Mutex, PoisonError};
use tonic::{Request, Response, Status};

/// How a till is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It takes whatever it is asked for, but from "pm_poor".
    #[default]
    Well,
    /// No call comes through to it.
    OutOfReach,
    /// It does as it is told and says nothing.
    Silent,
}

/// Takes money and gives it back, and remembers nothing of it but what it was asked. Clones are the same till.
#[derive(Clone, Debug, Default)]
pub struct Till(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    mood: Mood,
    asked: Vec<String>,
}

impl Till {
    /// The context `payment` with nothing but this till.
    pub fn context(&self) -> Context {
        let till = self.clone();
        Context::new("payment").serves(move |_| PaymentServiceServer::new(till.clone()))
    }

    /// How it is from now on.
    pub fn is_from_now_on(&self, mood: Mood) {
        self.desk(|desk| desk.mood = mood);
    }

    /// What came through to it so far: "take 1", "void 1", each by the attempt that its key names.
    pub fn asked(&self) -> Vec<String> {
        self.desk(|desk| desk.asked.clone())
    }

    fn desk<T>(&self, visit: impl FnOnce(&mut Desk) -> T) -> T {
        visit(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ask(&self, what: &str, charge_key: &str) -> Result<(), Status> {
        let (_, attempt) = charge_key.rsplit_once(':').unwrap_or_default();
        let mood = self.desk(|desk| {
            if desk.mood != Mood::OutOfReach {
                desk.asked.push(format!("{what} {attempt}"));
            }
            desk.mood
        });
        let mut status = Status::unavailable("no answer");
        match mood {
            Mood::Well => return Ok(()),
            Mood::Silent => {}
            Mood::OutOfReach => {
                // What a caller's own client says of a call that it never sent.
                let one = tonic::metadata::MetadataValue::from_static("1");
                status.metadata_mut().insert("x-yemae-never-sent", one);
            }
        }
        Err(status)
    }
}

#[tonic::async_trait]
impl PaymentService for Till {
    async fn approve(
        &self,
        request: Request<ApproveRequest>,
    ) -> Result<Response<ApproveResponse>, Status> {
        let request = request.into_inner();
        self.ask("take", &request.charge_key)?;
        if request.payment_method == "pm_poor" {
            let why = text("declined", "거절");
            return Err(Refusal::precondition("PAYMENT_DECLINED", why).into());
        }
        let payment = Payment {
            payment_id: request.charge_key,
            order_id: request.order_id,
            state: PaymentState::Approved.into(),
            amount: request.amount,
            ..Payment::default()
        };
        Ok(Response::new(ApproveResponse {
            payment: Some(payment),
        }))
    }

    async fn void(&self, request: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        self.ask("void", &request.into_inner().charge_key)?;
        Ok(Response::new(VoidResponse::default()))
    }

    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        Err(Status::unimplemented("no till for this"))
    }

    async fn list_payments(
        &self,
        _: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        Err(Status::unimplemented("no till for this"))
    }
}
