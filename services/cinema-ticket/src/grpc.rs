//! The counter's and the customer's calls.

use crate::domain::Print;
use crate::{domain, policies, store};
use mesh::{Page, Refusal, Site, Store, call, fields, id, text};
use proto::cinema::ticket::v1::ticket_service_server::TicketService;
use proto::cinema::ticket::v1::{
    GetTicketRequest, GetTicketResponse, ListTicketsRequest, ListTicketsResponse,
    PrintTicketRequest, PrintTicketResponse,
};
use tonic::{Request, Response, Status};

/// Serves tickets from the site's store.
pub struct Tickets {
    store: Store,
}

impl Tickets {
    /// The tickets of `site`.
    pub fn new(site: &Site) -> Self {
        Self {
            store: site.store.clone(),
        }
    }
}

#[tonic::async_trait]
impl TicketService for Tickets {
    async fn print_ticket(
        &self,
        request: Request<PrintTicketRequest>,
    ) -> Result<Response<PrintTicketResponse>, Status> {
        let booking_id = id::canonical(&request.get_ref().booking_id);
        let printed = self.store.write(booking_id.clone(), move |tx| {
            let now = tx.now();
            let (print, row) = policies::decide(
                tx,
                &booking_id,
                |_| (),
                |row, ticket| domain::print(ticket, row.ends_at(), now),
            )?;
            // Not an error of this transaction: it may have found that the ticket is missed, and keeps that.
            let reprint = match print {
                Print::Done { again } => again,
                no => return Ok(Err(refused(no))),
            };
            let ticket = Some(row.show()?);
            Ok(Ok(PrintTicketResponse { ticket, reprint }))
        });
        Ok(Response::new(printed.await??))
    }

    async fn get_ticket(
        &self,
        request: Request<GetTicketRequest>,
    ) -> Result<Response<GetTicketResponse>, Status> {
        let user = call::user()?;
        let booking_id = id::canonical(&request.get_ref().booking_id);
        let of = (!user.is("staff") && !user.is("admin")).then_some(user.subject);
        let ticket = self
            .store
            .read(move |db| store::read(db, &booking_id, of.as_deref()));
        Ok(Response::new(GetTicketResponse {
            ticket: Some(ticket.await?),
        }))
    }

    async fn list_tickets(
        &self,
        request: Request<ListTicketsRequest>,
    ) -> Result<Response<ListTicketsResponse>, Status> {
        let request = request.into_inner();
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
        let listed = self.store.read(move |db| {
            let mut rows = store::list(db, &page, &request.statuses)?;
            let next_page_token = page.cut(&mut rows, store::key);
            let tickets = rows.into_iter().map(store::Row::show);
            Ok(ListTicketsResponse {
                tickets: tickets.collect::<Result<_, _>>()?,
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }
}

fn refused(print: Print) -> Refusal {
    match print {
        Print::Voided => Refusal::precondition(
            "TICKET_VOIDED",
            text("the booking was cancelled", "취소된 예매입니다."),
        ),
        Print::Missed => Refusal::precondition(
            "TICKET_MISSED",
            text("the screening is over", "상영이 종료되었습니다."),
        ),
        Print::NotIssued | Print::Done { .. } => Refusal::not_found("ticket"),
    }
}
