//! Calls with nothing around them: no retry, no deadline, no token but the one that is put on.

use mesh::identity::Key;
use mesh::{Clock, server};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest};
use std::time::Duration;
use tonic::{Request, Status};

/// A request of "kim" in this role, with a token by this key.
pub fn signed<T>(key: &Key, role: &str, message: T) -> Request<T> {
    let hour = Duration::from_secs(3600);
    let token = key.user_token("kim", &[role], Clock::system().now(), hour);
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// Books, with one attempt and nothing around it.
pub async fn book(grpc: &str, request: Request<CreateBookingRequest>) -> Result<Booking, Status> {
    let booked = BookingServiceClient::new(server::plain(grpc))
        .create_booking(request)
        .await?;
    Ok(booked.into_inner().booking.unwrap())
}
