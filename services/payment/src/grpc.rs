//! What payment serves.

use crate::charges::Charges;
use crate::domain::{Ask, Payment};
use crate::request::{self, Listed, Named};
use crate::{store, wire};
use mesh::{Refusal, Site, Tx, call, id};
use proto::payment::v1::payment_service_server::PaymentService;
use proto::payment::v1::{
    ApproveRequest, ApproveResponse, GetPaymentRequest, GetPaymentResponse, ListPaymentsRequest,
    ListPaymentsResponse, VoidRequest, VoidResponse,
};
use tonic::{Request, Response, Status};

/// The service, on its site.
pub struct Service {
    site: Site,
    charges: Charges,
}

impl Service {
    /// Serves these charges.
    pub fn new(site: &Site, charges: Charges) -> Self {
        Self {
            site: site.clone(),
            charges,
        }
    }
}

#[tonic::async_trait]
impl PaymentService for Service {
    async fn approve(
        &self,
        request: Request<ApproveRequest>,
    ) -> Result<Response<ApproveResponse>, Status> {
        let context = call::service()?.context;
        let (ask, method) = request::approve(request.into_inner(), context);
        let payment = self.charges.approve(&self.site, ask, method).await?;
        let payment = Some(wire::payment(&payment));
        Ok(Response::new(ApproveResponse { payment }))
    }

    async fn void(&self, request: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        let context = call::service()?.context;
        let ask = request::void(request.into_inner(), context);
        let key = ask.charge_key.clone();
        let payment = self.site.store.write(key, move |tx| void(tx, &ask)).await?;
        let payment = Some(wire::payment(&payment));
        Ok(Response::new(VoidResponse { payment }))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        // Who is no service is an admin: the contract lets nobody else in.
        let only = call::service().ok().map(|service| service.context);
        let named = request::get(request.into_inner());
        let read = self.site.store.read(move |db| match named {
            Named::Id(id) => store::by_id(db, &id),
            Named::Key(key) => store::by_key(db, &key),
        });
        let payment = read
            .await?
            .map(|stored| stored.payment)
            .filter(|payment| only.is_none_or(|only| payment.context == only))
            .ok_or_else(|| Refusal::not_found("payment"))?;
        let payment = Some(wire::payment(&payment));
        Ok(Response::new(GetPaymentResponse { payment }))
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        let Listed { page, order_id } = request::list(request.get_ref())?;
        let read = self.site.store.read(move |db| {
            let mut payments = store::page(db, order_id.as_deref(), &page)?;
            let next_page_token = page.cut(&mut payments, |it| it.payment_id.clone());
            Ok(ListPaymentsResponse {
                payments: payments.iter().map(wire::payment).collect(),
                next_page_token,
            })
        });
        Ok(Response::new(read.await?))
    }
}

fn void(tx: &mut Tx<'_>, ask: &Ask) -> Result<Payment, Refusal> {
    let now = tx.now();
    let Some(mut stored) = store::by_key(tx.db(), &ask.charge_key)? else {
        let tombstone = Payment::tombstone(id::new(), ask.clone(), now);
        store::insert(tx, &tombstone)?;
        return Ok(tombstone);
    };
    stored.payment.void(ask, now)?;
    store::update(tx, &stored)?;
    Ok(stored.payment)
}
