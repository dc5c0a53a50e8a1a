use crate::contracts::Contracts;
use crate::refusal::Violation;
use prost::Message;
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::movie::v1::{ListMoviesRequest, RegisterMovieRequest};
use proto::payment::v1::{Behavior, GetPaymentRequest, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::sync::LazyLock;

static CONTRACTS: LazyLock<Contracts> =
    LazyLock::new(|| Contracts::load(proto::DESCRIPTORS).unwrap());

const BOOK: &str = "/yemae.cinema.booking.v1.BookingService/CreateBooking";
const LIST: &str = "/yemae.cinema.movie.v1.MovieService/ListMovies";
const REGISTER: &str = "/yemae.cinema.movie.v1.MovieService/RegisterMovie";
const GET_PAYMENT: &str = "/yemae.payment.v1.PaymentService/GetPayment";
const BEHAVE: &str = "/yemae.payment.v1.SimulatorService/SetBehavior";

fn booking() -> CreateBookingRequest {
    CreateBookingRequest {
        request_id: "one".to_owned(),
        screening_id: crate::id::new(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(won(14_000)),
        payment_method: "pm_test".to_owned(),
        hold_id: String::new(),
    }
}

fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}

fn wrong(path: &str, bytes: &[u8]) -> Vec<Violation> {
    match CONTRACTS.check(path, bytes) {
        Ok(()) => Vec::new(),
        Err(no) => {
            assert_eq!(no.reason, "INVALID_FIELDS", "{no}");
            no.violations
        }
    }
}

fn fields(path: &str, message: &impl Message) -> Vec<String> {
    let wrong = wrong(path, &message.encode_to_vec());
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

#[test]
fn every_wrong_field_is_told_with_what_would_be_right() {
    assert_eq!(fields(BOOK, &booking()), [""; 0]);
    let odd = CreateBookingRequest {
        request_id: "가".to_owned(),
        screening_id: "7".to_owned(),
        seats: ["1A", "0A", "51B", "1A"].map(str::to_owned).into(),
        expected_total: Some(Money {
            currency: "krw".to_owned(),
            minor_units: -1,
        }),
        payment_method: "x".repeat(129),
        hold_id: "8".to_owned(),
    };
    let told = wrong(BOOK, &odd.encode_to_vec());
    let told: Vec<_> = told
        .iter()
        .map(|wrong| (&*wrong.field, &*wrong.description))
        .collect();
    let seat = "must be at most 3 characters that match ^([1-9]|[1-4][0-9]|50)[A-Z]$";
    assert_eq!(
        told,
        [
            ("request_id", "must be 1 to 64 printable ASCII characters"),
            ("screening_id", "must be a UUID"),
            ("seats[1]", seat),
            ("seats[2]", seat),
            ("seats", "must not name one twice"),
            (
                "expected_total.currency",
                "must be at most 3 characters that match ^[A-Z]{3}$"
            ),
            ("expected_total.minor_units", "must be 0 or more"),
            (
                "payment_method",
                "must be at most 128 printable ASCII characters"
            ),
            ("hold_id", "must be a UUID, or empty"),
        ]
    );
    let nothing = CreateBookingRequest::default();
    let all = ["request_id", "screening_id", "seats", "expected_total"];
    assert_eq!(fields(BOOK, &nothing), all);
}

#[test]
fn a_field_of_a_field_is_compared() {
    let mut movie = RegisterMovieRequest {
        request_id: "one".to_owned(),
        title: "Soul".to_owned(),
        running_minutes: 100,
        rating: 1,
        ticket_price: Some(won(0)),
        vod_price: Some(won(0)),
    };
    assert_eq!(fields(REGISTER, &movie), ["ticket_price.minor_units"]);
    movie.ticket_price = None;
    movie.rating = 77;
    movie.title = " ".to_owned();
    assert_eq!(fields(REGISTER, &movie), ["title", "rating"]);
    movie.rating = 4;
    movie.title = "가".repeat(200);
    assert_eq!(fields(REGISTER, &movie), [""; 0]);
    movie.title.push('가');
    assert_eq!(fields(REGISTER, &movie), ["title"]);
}

#[test]
fn of_a_group_one_is_given() {
    let get = |payment_id: &str, charge_key: &str| {
        let request = GetPaymentRequest {
            payment_id: payment_id.to_owned(),
            charge_key: charge_key.to_owned(),
        };
        fields(GET_PAYMENT, &request)
    };
    let id = crate::id::new();
    assert_eq!(get(&id, ""), [""; 0]);
    assert_eq!(get("", "charge-1"), [""; 0]);
    assert_eq!(get("", ""), ["payment_id", "charge_key"]);
    assert_eq!(get(&id, "charge-1"), ["charge_key"]);
    assert_eq!(get("1", ""), ["payment_id"]);
}

#[test]
fn a_duration_is_within_its_bounds() {
    let latency = |seconds, nanos| {
        let behavior = Behavior {
            latency_min: Some(prost_types::Duration { seconds, nanos }),
            ..Behavior::default()
        };
        let request = SetBehaviorRequest {
            behavior: Some(behavior),
        };
        fields(BEHAVE, &request)
    };
    assert_eq!(latency(0, 0), [""; 0]);
    assert_eq!(latency(3600, 0), [""; 0]);
    for (seconds, nanos) in [(3600, 1), (0, -1), (-1, 0), (i64::MAX, 0), (i64::MIN, -1)] {
        let told = latency(seconds, nanos);
        assert_eq!(told, ["behavior.latency_min"], "{seconds} {nanos}");
    }
}

/// What a generated client never sends, and a generated server takes.
#[test]
fn whatever_counts_in_the_end_is_judged() {
    let sound = booking().encode_to_vec();
    let twice = |more: &[u8]| wrong(BOOK, &[&sound, more].concat()).len();
    // The last text of several.
    assert_eq!(twice(b"\x0a\x00"), 1, "an empty request_id");
    assert_eq!(twice(b"\x0a\x00\x0a\x01x"), 0);
    // All pieces of a message: only the amount comes again.
    assert_eq!(twice(b"\x22\x02\x10\x07"), 0);
    assert_eq!(
        twice(b"\x22\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        1
    );
    // Numbers in one piece or not, and a varint longer than its number.
    let statuses = |bytes: &[u8]| wrong(LIST, bytes).len();
    assert_eq!(statuses(b"\x1a\x03\x01\x02\x03"), 0);
    assert_eq!(statuses(b"\x18\x01\x1a\x02\x02\x00\x18\x63"), 2);
    assert_eq!(statuses(b"\x18\x81\x80\x80\x80\x10"), 0, "2^32 + 1 is 1");
    // A field that nobody knows, of every kind.
    let unknown = b"\xa0\x06\x01\xa1\x0612345678\xa2\x06\x01x\xa5\x061234";
    assert_eq!(twice(unknown), 0);
}

#[test]
fn what_is_no_message_is_no_message() {
    for bytes in [
        &b"\xff"[..],
        b"\x0a\x05x",
        b"\x0a\x01\xff",
        b"\x08\x01",
        b"\x00\x01",
        b"\x0b\x0c",
        b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        b"\x22\x02\x10",
    ] {
        let no = CONTRACTS.check(BOOK, bytes).unwrap_err();
        assert_eq!(no.reason, "MALFORMED_REQUEST", "{bytes:?}");
        assert!(CreateBookingRequest::decode(bytes).is_err() || bytes == b"\x0b\x0c");
    }
}

#[test]
fn a_list_that_is_too_long_is_one_violation() {
    let many = ListMoviesRequest {
        statuses: vec![0; 500_000],
        ..ListMoviesRequest::default()
    };
    assert_eq!(fields(LIST, &many), ["statuses"]);
    assert_eq!(CONTRACTS.check("/nobody.Knows/It", b"\xff"), Ok(()));
}
