//! Who sees which tickets.

use crate::world::Cinema;
use mesh::id;
use proto::cinema::ticket::v1::{
    GetTicketRequest, ListTicketsRequest, ListTicketsResponse, PrintTicketRequest, TicketStatus,
};
use proto::ordering::v1::Phase;
use tonic::{Code, Status};
use tonic_types::StatusExt;

async fn list(
    cinema: &Cinema,
    page_size: i32,
    page_token: &str,
    statuses: &[i32],
) -> Result<ListTicketsResponse, Status> {
    let request = ListTicketsRequest {
        page_size,
        page_token: page_token.to_owned(),
        statuses: statuses.to_vec(),
    };
    let listed = cinema.counter().list_tickets(request).await;
    listed.map(tonic::Response::into_inner)
}

fn wrong_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|v| v.field.clone()).collect()
}

#[tokio::test]
async fn a_customer_sees_own_tickets_only() {
    let cinema = Cinema::new();
    let booking = cinema.waiting().await;
    for (subject, role, sees) in [
        ("ann", "customer", true),
        ("bob", "customer", false),
        ("kiosk", "staff", true),
        ("root", "admin", true),
    ] {
        let request = GetTicketRequest {
            booking_id: booking.clone(),
        };
        match cinema.as_user(subject, role).get_ticket(request).await {
            Ok(got) => {
                let ticket = got.into_inner().ticket.unwrap();
                assert_eq!(ticket.status(), TicketStatus::Waiting);
                assert_eq!(ticket.customer_id, "ann");
                assert!(sees, "{subject}");
            }
            Err(status) => assert!(!sees && status.code() == Code::NotFound, "{subject}"),
        }
    }
}

#[tokio::test]
async fn a_booking_without_seats_has_no_ticket() {
    let cinema = Cinema::new();
    let booking_id = id::new();
    cinema.booking(&booking_id, 1, Phase::Placed, 0).await;
    let request = GetTicketRequest { booking_id };
    let got = cinema.counter().get_ticket(request).await;
    assert_eq!(got.unwrap_err().code(), Code::NotFound);
    assert!(list(&cinema, 0, "", &[]).await.unwrap().tickets.is_empty());
}

#[tokio::test]
async fn tickets_are_listed_by_status_newest_first_in_pages() {
    let cinema = Cinema::new();
    let mut bookings = Vec::new();
    for _ in 0..5 {
        bookings.push(cinema.waiting().await);
    }
    bookings.sort();
    bookings.reverse();
    cinema.print(&bookings[2]).await.unwrap();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(&cinema, 2, &token, &[1]).await.unwrap();
        seen.extend(page.tickets.into_iter().map(|ticket| ticket.booking_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let waiting = [0, 1, 3, 4].map(|place: usize| bookings[place].clone());
    assert_eq!(seen, waiting);
    assert_eq!(list(&cinema, 0, "", &[]).await.unwrap().tickets.len(), 5);
    let printed = list(&cinema, 0, "", &[2, 3, 2]).await.unwrap().tickets;
    assert_eq!(printed.len(), 1);
    assert_eq!(printed[0].booking_id, bookings[2]);
}

#[tokio::test]
async fn every_wrong_field_is_told() {
    let cinema = Cinema::new();
    let wrong = list(&cinema, 201, "?", &[1, 0, 7]).await.unwrap_err();
    let fields = ["page_size", "statuses[1]", "statuses[2]"];
    assert_eq!(wrong_fields(&wrong), fields);
    let wrong = list(&cinema, 0, "?", &[]).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["page_token"]);
    let wrong = list(&cinema, 0, "", &[7; 40_000]).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["statuses"]);
    let request = PrintTicketRequest {
        booking_id: "1".to_owned(),
    };
    let wrong = cinema.counter().print_ticket(request).await.unwrap_err();
    assert_eq!(wrong_fields(&wrong), ["booking_id"]);
}
