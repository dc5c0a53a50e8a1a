//! Payment: a charge written down, asked of the provider, written down; tombstones; refunds of cancelled orders.

mod ledger;

pub use ledger::{Charge, all, any_approved};

use super::{Bug, Toys};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use ledger::{by_id, find, insert, save};
use mesh::{Change, Context, Done, Event, Refusal, Site, Task, Tx, call, id, text};
use ordering::PAYMENT;
use proto::ordering::v1::cancellation::Cause;
use proto::ordering::v1::{Order, Phase};
use proto::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payment::v1::{
    ApproveRequest, ApproveResponse, GetPaymentRequest, GetPaymentResponse, ListPaymentsRequest,
    ListPaymentsResponse, PaymentRefunded, PaymentState, VoidRequest, VoidResponse,
};
use tonic::{Request, Response, Status};

const TABLES: EmbeddedMigrations = embed_migrations!("tests/it/toys/payment-tables");

pub fn context(toys: &Toys) -> Context {
    let (calls, follows, refunds, reverses) =
        (toys.clone(), toys.clone(), toys.clone(), toys.clone());
    Context::new(PAYMENT)
        .migrations(TABLES)
        .follows("orders", "*", move |tx, order: &Change<Order>| {
            cancelled(&follows, tx, order)
        })
        .works("refund", move |site, task| {
            refund(refunds.clone(), site, task)
        })
        .works("reverse", move |site, task| {
            reverse(reverses.clone(), site, task)
        })
        .serves(move |site| {
            PaymentServiceServer::new(Toy {
                toys: calls,
                site: site.clone(),
            })
        })
}

fn cancelled(toys: &Toys, tx: &mut Tx<'_>, order: &Change<Order>) -> Result<(), Refusal> {
    let order = &order.entity;
    if order.phase() != Phase::Cancelled || order.payment_id.is_empty() {
        return Ok(());
    }
    let refunded =
        by_id(tx.db(), &order.payment_id)?.is_some_and(|charge| charge.is(PaymentState::Refunded));
    let cause = order.cancellation.clone().unwrap_or_default().cause();
    let skipped = toys.has(Bug::NoRefund) && cause == Cause::System;
    if skipped || refunded && !toys.has(Bug::RefundTwice) {
        return Ok(());
    }
    tx.start_task("refund", &order.payment_id, &order.payment_id)
}

async fn refund(toys: Toys, site: Site, task: Task) -> Result<Done, Refusal> {
    let payment_id = task.key.clone();
    let of = payment_id.clone();
    let found = site.store.read(move |db| Ok(by_id(db, &of)?)).await?;
    let found = found.ok_or_else(|| Refusal::internal("a refund of no payment"))?;
    tokio::time::sleep(toys.dice.millis(1, 300)).await;
    let key = if toys.has(Bug::RefundTwice) {
        id::new()
    } else {
        format!("refund:{payment_id}")
    };
    toys.provider.lock().unwrap().refund(&found.charge_key, key);
    Ok(Done::with(move |tx| {
        let found = by_id(tx.db(), &payment_id)?;
        let mut charge = found.ok_or_else(|| Refusal::internal("a refund of no payment"))?;
        save(tx, &mut charge, PaymentState::Refunded)?;
        let told = PaymentRefunded {
            payment: Some(charge.show()),
        };
        tx.enqueue(Event::new(charge.payment_id, charge.version, &told))
    }))
}

async fn reverse(toys: Toys, _site: Site, task: Task) -> Result<Done, Refusal> {
    tokio::time::sleep(toys.dice.millis(1, 300)).await;
    let order_id: String = task.payload()?;
    toys.provider.lock().unwrap().reverse(&task.key, &order_id);
    Ok(Done::nothing())
}

struct Toy {
    toys: Toys,
    site: Site,
}

impl Toy {
    /// The row of a key, made if there is none.
    async fn initiate(&self, request: ApproveRequest) -> Result<Charge, Refusal> {
        let (context, new_key) = (call::service()?.context, self.toys.has(Bug::NewKeyEachTry));
        let provider = self.toys.provider.clone();
        let write = self.site.store.write((), move |tx| {
            let mut charge_key = request.charge_key.clone();
            if new_key {
                charge_key = format!("{charge_key}#{}", id::new());
            }
            if let Some(charge) = find(tx.db(), &charge_key)? {
                return Ok(charge);
            }
            let charge = Charge {
                charge_key,
                payment_id: id::new(),
                order_id: request.order_id.clone(),
                context: context.clone(),
                amount: request.amount.clone().unwrap_or_default().minor_units,
                state: PaymentState::Initiated.into(),
                version: 1,
            };
            if ledger::others_may_capture(tx, &charge)? {
                let double = charge.charge_key.clone();
                provider.lock().unwrap().doubles.push(double);
            }
            insert(tx, &charge)?;
            Ok(charge)
        });
        write.await
    }

    async fn ask_provider(&self, charge: &Charge) -> bool {
        let slow = if self.toys.dice.chance(0.05) {
            4_000
        } else {
            20
        };
        let (before, after) = (
            self.toys.dice.millis(1, slow),
            self.toys.dice.millis(1, slow),
        );
        tokio::time::sleep(before).await;
        let declines = self.toys.dice.chance(0.1);
        let charged = self.toys.provider.lock().unwrap().charge(
            &charge.charge_key,
            &charge.order_id,
            declines,
        );
        tokio::time::sleep(after).await;
        charged
    }
}

fn no(reason: &'static str) -> Refusal {
    Refusal::precondition(reason, text(reason, reason))
}

#[tonic::async_trait]
impl PaymentService for Toy {
    async fn approve(
        &self,
        request: Request<ApproveRequest>,
    ) -> Result<Response<ApproveResponse>, Status> {
        let mut charge = self.initiate(request.into_inner()).await?;
        if charge.is(PaymentState::Initiated) {
            let charged = self.ask_provider(&charge).await;
            let key = charge.charge_key.clone();
            let write = self.site.store.write_regardless((), move |tx| {
                let mut charge =
                    find(tx.db(), &key)?.ok_or_else(|| Refusal::not_found("charge"))?;
                if charge.is(PaymentState::Initiated) {
                    let state = if charged {
                        PaymentState::Approved
                    } else {
                        PaymentState::Declined
                    };
                    save(tx, &mut charge, state)?;
                }
                Ok(charge)
            });
            charge = write.await?;
        }
        match PaymentState::try_from(charge.state) {
            Ok(PaymentState::Approved) => Ok(Response::new(ApproveResponse {
                payment: Some(charge.show()),
            })),
            Ok(PaymentState::Declined) => Err(no("PAYMENT_DECLINED").into()),
            Ok(PaymentState::Refunded) => Err(no("PAYMENT_REFUNDED").into()),
            _ => Err(no("PAYMENT_VOIDED").into()),
        }
    }

    async fn void(&self, request: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        let (request, context) = (request.into_inner(), call::service()?.context);
        let tombstone = !self.toys.has(Bug::NoTombstone);
        let write = self.site.store.write((), move |tx| {
            let found = find(tx.db(), &request.charge_key)?;
            let Some(mut charge) = found else {
                let charge = Charge {
                    charge_key: request.charge_key.clone(),
                    payment_id: id::new(),
                    order_id: request.order_id.clone(),
                    context: context.clone(),
                    amount: 0,
                    state: PaymentState::Voided.into(),
                    version: 1,
                };
                if tombstone {
                    insert(tx, &charge)?;
                }
                return Ok(charge);
            };
            match PaymentState::try_from(charge.state) {
                Ok(PaymentState::Initiated | PaymentState::Approved) => {
                    save(tx, &mut charge, PaymentState::Voided)?;
                    tx.start_task("reverse", &charge.charge_key, &charge.order_id)?;
                }
                Ok(PaymentState::Refunded) => return Err(no("PAYMENT_REFUNDED")),
                _ => {}
            }
            Ok(charge)
        });
        let payment = Some(write.await?.show());
        Ok(Response::new(VoidResponse { payment }))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        let key = request.into_inner().charge_key;
        let found = self.site.store.read(move |db| Ok(find(db, &key)?)).await?;
        let payment = Some(found.ok_or_else(|| Refusal::not_found("payment"))?.show());
        Ok(Response::new(GetPaymentResponse { payment }))
    }

    async fn list_payments(
        &self,
        _: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        Err(Status::unimplemented("no toy for this"))
    }
}
