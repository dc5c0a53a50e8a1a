//! Evenings at the cinema: few seats, much wanted.

use super::Lifecycle;
use super::town::Town;
use crate::shared::{Resident, because, plain, won};
use futures::future::join;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    CancelBookingRequest, CreateBookingRequest, SystemCancelBookingRequest,
};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{Rating, RegisterMovieRequest};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{CreateScreenRequest, ScheduleScreeningRequest};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;

const PRICE: i64 = 10_000;
const BOOKING: &str = "cinema-booking";

pub struct Cinema {
    screening_id: String,
}

impl Lifecycle for Cinema {
    const CONTEXTS: &'static [Resident] = &[
        Resident {
            name: BOOKING,
            make: |_| plain(cinema_booking::context),
            facts: cinema_booking::facts,
        },
        Resident {
            name: "cinema-theater",
            make: |_| plain(cinema_theater::context),
            facts: cinema_theater::facts,
        },
        Resident {
            name: "cinema-ticket",
            make: |_| plain(cinema_ticket::context),
            facts: cinema_ticket::facts,
        },
        Resident {
            name: "cinema-movie",
            make: |_| plain(cinema_movie::context),
            facts: |_| Ok(Default::default()),
        },
    ];

    async fn set(town: &Town) -> Self {
        let screen = CreateScreenRequest {
            request_id: "screen".to_owned(),
            theater: "Gangnam".to_owned(),
            name: "1".to_owned(),
            rows: 4,
            columns: 2,
        };
        let admin = |context| town.worker("staff", "admin", context);
        let mut theater = TheaterServiceClient::new(admin("cinema-theater"));
        let screen = theater.create_screen(screen).await.unwrap().into_inner();
        let movie = RegisterMovieRequest {
            request_id: "movie".to_owned(),
            title: "Soul".to_owned(),
            running_minutes: 100,
            rating: Rating::All.into(),
            ticket_price: Some(won(PRICE)),
            vod_price: None,
        };
        let mut movies = MovieServiceClient::new(admin("cinema-movie"));
        let movie = movies.register_movie(movie).await.unwrap().into_inner();
        let screening = ScheduleScreeningRequest {
            request_id: "screening".to_owned(),
            movie_id: movie.movie.unwrap().movie_id,
            screen_id: screen.screen.unwrap().screen_id,
            starts_at: Some(town.world.now().plus(Duration::from_secs(24 * 3600)).into()),
        };
        let scheduled = town.until(async || {
            let asked = theater.clone().schedule_screening(screening.clone()).await;
            asked.ok()?.into_inner().screening
        });
        let screening_id = scheduled.await.screening_id;
        // Long enough for booking to have heard of it.
        sleep(Duration::from_secs(5)).await;
        Self { screening_id }
    }

    async fn live(&self, town: &Town, number: usize) {
        let dice = town.world.dice();
        let customer = ["ann", "bob"][dice.below(2)];
        let request = CreateBookingRequest {
            request_id: format!("request-{number}"),
            screening_id: self.screening_id.clone(),
            seats: vec![format!(
                "{}{}",
                1 + dice.below(4),
                ["A", "B"][dice.below(2)]
            )],
            expected_total: Some(won(PRICE)),
            payment_method: "card".to_owned(),
            hold_id: String::new(),
        };
        let booking = || BookingServiceClient::new(town.customer(customer, BOOKING));
        let ask = async || -> Result<String, Status> {
            let told = booking().create_booking(request.clone()).await?;
            Ok(told.into_inner().booking.unwrap().booking_id)
        };
        let Some(id) = town.order(&request.request_id, ask).await else {
            return;
        };
        for _ in 0..1 + dice.below(4) {
            town.pause().await;
            let cancel = CancelBookingRequest {
                booking_id: id.clone(),
            };
            let print = PrintTicketRequest {
                booking_id: id.clone(),
            };
            let (mut own, mut kiosk) = (
                booking(),
                TicketServiceClient::new(town.worker("kiosk", "staff", "cinema-ticket")),
            );
            let cancelled = async { town.deed("cancel", &id, own.cancel_booking(cancel)).await };
            let printed = async { town.deed("progress", &id, kiosk.print_ticket(print)).await };
            match dice.below(4) {
                0 => cancelled.await,
                1 => printed.await,
                2 => drop(join(cancelled, printed).await),
                _ => {
                    let request = SystemCancelBookingRequest {
                        booking_id: id.clone(),
                        reason: Some(because("the projector broke")),
                    };
                    let client = town.worker("root", "admin", BOOKING);
                    let mut admin = BookingServiceClient::new(client);
                    town.deed("cancel", &id, admin.system_cancel_booking(request))
                        .await;
                }
            }
        }
    }
}
