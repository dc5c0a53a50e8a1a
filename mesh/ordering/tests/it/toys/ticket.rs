//! The decider: a paper once the seats are reserved; until it is printed it agrees to a cancellation.

use super::{Bug, Toys};
use mesh::{Change, Context, Refusal, Site, Time, Tx, text};
use ordering::domain::fulfilment::{Answer, Fulfilment};
use ordering::wire::{self, Wish};
use ordering::{fulfilments, is_own_word};
use proto::cinema::ticket::v1::ticket_service_server::{TicketService, TicketServiceServer};
use proto::cinema::ticket::v1::{
    GetTicketRequest, GetTicketResponse, ListTicketsRequest, ListTicketsResponse,
    PrintTicketRequest, PrintTicketResponse, Ticket,
};
use proto::ordering::v1::{self as language, Order};
use tonic::{Request, Response, Status};

pub const TICKET: &str = "cinema-ticket";
pub const WAITING: i32 = 1;
pub const PRINTED: i32 = 2;
const EVENT: &str = "yemae.cinema.ticket.v1.TicketIssued";

pub fn context(toys: &Toys) -> Context {
    let late_yes = toys.has(Bug::LateYes);
    ordering::fulfilling_side(Context::new(TICKET))
        .follows(
            "bookings",
            "cinema-booking",
            move |tx, order: &Change<Order>| booking_changed(tx, order, late_yes),
        )
        .follows("reservations", "cinema-theater", reserved)
        .serves(|site| TicketServiceServer::new(Toy { site: site.clone() }))
}

fn booking_changed(tx: &mut Tx<'_>, change: &Change<Order>, late_yes: bool) -> Result<(), Refusal> {
    let order = &change.entity;
    is_own_word(&order.context, &change.context)?;
    let now = tx.now();
    fulfilments::update(tx, &order.order_id, Some(order.version), |ticket| {
        match wire::wish(order) {
            Wish::Answer(number) if late_yes && ticket.irrevocable => agree_late(ticket, number),
            Wish::Answer(number) => {
                ticket.answer(number, text("printed", "수령"), now);
            }
            Wish::Void => {
                ticket.void(now);
            }
            Wish::Fulfil => {}
        }
        ((), Some(EVENT))
    })
}

fn agree_late(ticket: &mut Fulfilment, number: i32) {
    ticket.version += 1;
    ticket.answer = Some(Answer {
        number,
        agreed: true,
        reason: None,
    });
}

fn reserved(tx: &mut Tx<'_>, change: &Change<language::Fulfilment>) -> Result<(), Refusal> {
    is_own_word(&change.entity.context, &change.context)?;
    let has_seats = change
        .entity
        .steps
        .iter()
        .any(|step| step.code == super::theater::RESERVED);
    let now = tx.now();
    fulfilments::update(tx, &change.entity.order_id, None, |ticket| {
        let _ = has_seats && ticket.reach(WAITING, now);
        ((), Some(EVENT))
    })
}

struct Toy {
    site: Site,
}

fn refused(reason: &'static str) -> Refusal {
    Refusal::precondition(reason, text(reason, reason))
}

#[tonic::async_trait]
impl TicketService for Toy {
    async fn print_ticket(
        &self,
        request: Request<PrintTicketRequest>,
    ) -> Result<Response<PrintTicketResponse>, Status> {
        let booking_id = request.into_inner().booking_id;
        let write = self.site.store.write(booking_id.clone(), move |tx| {
            let now = tx.now();
            let (printed_at, reprint) = fulfilments::update(tx, &booking_id, None, |ticket| {
                let first = ticket.has_reached(WAITING) && ticket.reach_for_good(PRINTED, now);
                let answer = match ticket.reached_at(PRINTED) {
                    Some(at) => Ok((at, !first)),
                    None if ticket.voided => Err(refused("TICKET_VOIDED")),
                    None => Err(Refusal::not_found("ticket")),
                };
                (answer, Some(EVENT))
            })??;
            Ok(print(&booking_id, printed_at, reprint))
        });
        Ok(Response::new(write.await?))
    }

    async fn get_ticket(
        &self,
        _: Request<GetTicketRequest>,
    ) -> Result<Response<GetTicketResponse>, Status> {
        Err(Status::unimplemented("no toy for this"))
    }

    async fn list_tickets(
        &self,
        _: Request<ListTicketsRequest>,
    ) -> Result<Response<ListTicketsResponse>, Status> {
        Err(Status::unimplemented("no toy for this"))
    }
}

fn print(booking_id: &str, printed_at: Time, reprint: bool) -> PrintTicketResponse {
    PrintTicketResponse {
        ticket: Some(Ticket {
            booking_id: booking_id.to_owned(),
            printed_at: Some(printed_at.into()),
            ..Ticket::default()
        }),
        reprint,
    }
}
