//! `yemae demo cinema`: the whole story through the public RPCs, each step said, each step checked.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::{cli, out, runtime};
use mesh::client::Client;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    Booking, BookingStatus, CancelBookingRequest, CreateBookingRequest, GetBookingRequest,
};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, HoldSeatsRequest, Screening, SeatState};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::shared::v1::Money;
use std::time::Duration;
use tokio::time::Instant;

/// How long a step may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);
/// Won for one seat.
const PRICE: i64 = 14_000;

/// Runs the command.
pub(crate) fn run(command: &cli::Demo) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)?;
        let story = Story {
            staff: mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?,
            kim: mesh.acting_as("demo-kim", &["customer"])?,
            lee: mesh.acting_as("demo-lee", &["customer"])?,
            run: mesh::id::new(),
        };
        story.play().await?;
        out::line(format_args!("The story came true."));
        Ok(())
    })
}

struct Story {
    staff: Mesh,
    kim: Mesh,
    lee: Mesh,
    run: String,
}

impl Story {
    async fn play(&self) -> Result<(), Fault> {
        say("A movie is registered; the theater gives it a screen and schedules it.");
        let screening =
            crate::stage::screening(&self.staff, &self.run, "Soul", PRICE, 5, 8).await?;

        say("Kim holds seats 1A and 1B, and books them. She pays before the booking exists.");
        let hold = self.hold(&screening, &["1A", "1B"]).await?;
        let booked = self
            .book(&self.kim, &screening, &["1A", "1B"], "kim-1", &hold)
            .await
            .map_err(|s| rpc::fault(&s))?;
        check(
            booked.status() == BookingStatus::Booked,
            "the booking is BOOKED",
        )?;
        let again = self
            .book(&self.kim, &screening, &["1A", "1B"], "kim-1", &hold)
            .await
            .map_err(|s| rpc::fault(&s))?;
        check(
            again == booked,
            "the same request again is the same booking",
        )?;

        say("Lee wants 1B too, and is refused before any payment.");
        let refused = self
            .book(&self.lee, &screening, &["1B"], "lee-1", "")
            .await
            .err();
        let reason = refused
            .as_ref()
            .and_then(mesh::refusal::reason)
            .unwrap_or_default();
        check(
            reason == "SEATS_TAKEN",
            &format!("the reason is SEATS_TAKEN ({reason})"),
        )?;

        say("The theater reserves the seats; Kim sees it on her page.");
        let id = &booked.booking_id;
        until("her page says SEATS_RESERVED", || async {
            self.status_on_page(&self.kim, id).await == "SEATS_RESERVED"
        })
        .await?;

        say(
            "Kim cancels. The ticket counter agrees, the seats are free again, and the money goes back.",
        );
        let cancel = CancelBookingRequest {
            booking_id: id.clone(),
        };
        BookingServiceClient::new(self.kim.channel())
            .cancel_booking(cancel)
            .await
            .map_err(|s| rpc::fault(&s))?;
        until("the booking is CANCELLED and refunded", || async {
            self.is_refunded(&self.kim, id).await
        })
        .await?;
        until("seats 1A and 1B are free", || async {
            self.are_free(&screening, &["1A", "1B"]).await
        })
        .await?;

        say("Lee books 1B and prints the ticket; after that it can't be cancelled.");
        let lees = self
            .book(&self.lee, &screening, &["1B"], "lee-2", "")
            .await
            .map_err(|s| rpc::fault(&s))?;
        until("the ticket is printed", || async {
            self.print(&lees.booking_id).await
        })
        .await?;
        until("the booking is TICKET_RECEIVED", || async {
            self.status_on_page(&self.lee, &lees.booking_id).await == "TICKET_RECEIVED"
        })
        .await?;
        let cancel = CancelBookingRequest {
            booking_id: lees.booking_id.clone(),
        };
        let refused = BookingServiceClient::new(self.lee.channel())
            .cancel_booking(cancel)
            .await
            .err();
        let reason = refused
            .as_ref()
            .and_then(mesh::refusal::reason)
            .unwrap_or_default();
        check(
            reason == "NOT_CANCELLABLE",
            &format!("the reason is NOT_CANCELLABLE ({reason})"),
        )?;

        say("Kim was told every step, in her language.");
        until("five notifications were sent", || async {
            self.notifications(id).await >= 5
        })
        .await
    }

    async fn hold(&self, screening: &Screening, seats: &[&str]) -> Result<String, Fault> {
        let request = HoldSeatsRequest {
            screening_id: screening.screening_id.clone(),
            seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
            request_id: format!("{}-hold", self.run),
            booking: None,
        };
        let held = TheaterServiceClient::new(self.kim.channel())
            .hold_seats(request)
            .await;
        let held = held.map_err(|status| rpc::fault(&status))?.into_inner();
        Ok(held.hold.unwrap_or_default().hold_id)
    }

    async fn book(
        &self,
        by: &Mesh,
        screening: &Screening,
        seats: &[&str],
        request: &str,
        hold: &str,
    ) -> Result<Booking, tonic::Status> {
        let request = CreateBookingRequest {
            request_id: format!("{}-{request}", self.run),
            screening_id: screening.screening_id.clone(),
            seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE * seats.len() as i64,
            }),
            payment_method: "pm_demo".to_owned(),
            hold_id: hold.to_owned(),
        };
        let response = BookingServiceClient::new(by.channel())
            .create_booking(request)
            .await?;
        Ok(response.into_inner().booking.unwrap_or_default())
    }

    async fn status_on_page(&self, by: &Mesh, order_id: &str) -> String {
        let request = GetMyOrderRequest {
            order_id: order_id.to_owned(),
        };
        let order = MyPageServiceClient::new(by.channel())
            .get_my_order(request)
            .await;
        let status = order
            .ok()
            .and_then(|order| order.into_inner().order?.status);
        status.map(|status| status.name).unwrap_or_default()
    }

    async fn is_refunded(&self, by: &Mesh, booking_id: &str) -> bool {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let booking = BookingServiceClient::new(by.channel())
            .get_booking(request)
            .await;
        let booking = booking
            .ok()
            .and_then(|booking| booking.into_inner().booking)
            .unwrap_or_default();
        let refunded = booking
            .timeline
            .iter()
            .filter_map(|entry| entry.status.as_ref())
            .any(|status| status.name == "REFUNDED");
        booking.status() == BookingStatus::Cancelled && refunded
    }

    async fn are_free(&self, screening: &Screening, seats: &[&str]) -> bool {
        let request = GetSeatMapRequest {
            screening_id: screening.screening_id.clone(),
        };
        let map = TheaterServiceClient::new(self.kim.channel())
            .get_seat_map(request)
            .await;
        let map = map
            .ok()
            .and_then(|map| map.into_inner().seat_map)
            .unwrap_or_default();
        let is_free = |seat: &&str| {
            map.seats
                .iter()
                .any(|own| own.seat == **seat && own.state() == SeatState::Free)
        };
        seats.iter().all(is_free)
    }

    async fn print(&self, booking_id: &str) -> bool {
        let request = PrintTicketRequest {
            booking_id: booking_id.to_owned(),
        };
        TicketServiceClient::new(self.staff.channel())
            .print_ticket(request)
            .await
            .is_ok()
    }

    async fn notifications(&self, order_id: &str) -> usize {
        let request = ListNotificationsRequest {
            order_id: order_id.to_owned(),
            ..ListNotificationsRequest::default()
        };
        let mut client: NotificationServiceClient<Client> =
            NotificationServiceClient::new(self.kim.channel());
        let told = client.list_notifications(request).await.ok();
        told.map_or(0, |told| told.into_inner().notifications.len())
    }
}

fn say(line: &str) {
    out::line(format_args!("- {line}"));
}

fn check(holds: bool, what: &str) -> Result<(), Fault> {
    if holds {
        out::line(format_args!("    {what}"));
        Ok(())
    } else {
        Err(Fault::no(format!("it did not come true that {what}")))
    }
}

/// Waits until it has come true, at most [`PATIENCE`].
pub(crate) async fn until<F>(what: &str, mut is_true: impl FnMut() -> F) -> Result<(), Fault>
where
    F: Future<Output = bool>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        if is_true().await {
            return check(true, what);
        }
        if Instant::now() >= end {
            return check(false, what);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
