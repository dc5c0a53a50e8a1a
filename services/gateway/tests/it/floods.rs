//! Callers who say too much over HTTP/2 (F19): none of them makes the door hold more than so much memory, and the honest are
//! answered meanwhile. How much later they are answered is `cargo bench -p gateway --bench door`'s to say.

use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Flooded, HEADERS, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, flood, frame, get, header,
};
use crate::rig::{ID, Town, fine, quick, soon, unlimited};
use crate::wire::say;
use gateway::Rates;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{GetBookingRequest, GetBookingResponse, ListBookingsResponse};

/// What one who floods the door may make this whole process grow by, with the flood itself and those who ask meanwhile, bytes:
/// 256 streams of 16 KiB of headers and a window of 1 MiB are 5 MiB of it.
const MOST: usize = 32 * MIB;
const MIB: usize = 1024 * 1024;
/// As RFC 9113 numbers it.
const ENHANCE_YOUR_CALM: u32 = 11;
const BOOKINGS: &str = "/v1/cinema/bookings";

/// Only what one address may do is not bounded: all of them are at the same here.
async fn town() -> Town {
    let mut settings = unlimited();
    settings.rates = Rates {
        address: settings.rates.address,
        ..Rates::default()
    };
    Town::with(settings, quick(), |asked| async move {
        match asked.method() {
            "GetBooking" => fine(&GetBookingResponse::default()),
            _ => fine(&ListBookingsResponse::default()),
        }
    })
    .await
}

/// What this process holds, bytes. None where nobody says it.
fn held() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Lets somebody flood the door while somebody else asks it, again and again.
async fn beside_the_honest(
    what: &str,
    town: &Town,
    flood: impl Future<Output = Flooded>,
) -> Flooded {
    for _ in 0..5 {
        assert_eq!(honest(town).await, 200, "before {what}");
    }
    let before = held();
    let (done, mut answered) = (tokio_util::sync::CancellationToken::new(), 0);
    let flooding = async {
        let _end = done.clone().drop_guard();
        flood.await
    };
    let asking = async {
        while !done.is_cancelled() || answered < 5 {
            assert_eq!(honest(town).await, 200, "during {what}");
            answered += 1;
        }
    };
    let (flooded, ()) = futures::future::join(flooding, asking).await;
    let grown = held()
        .zip(before)
        .map(|(now, before)| now.saturating_sub(before));
    println!(
        "{what}: {flooded:?}, {answered} answered meanwhile, {before:?} bytes grown by {grown:?}"
    );
    assert!(
        grown.is_none_or(|grown| grown < MOST),
        "{what}: {grown:?} bytes"
    );
    flooded
}

fn booking() -> GetBookingRequest {
    GetBookingRequest {
        booking_id: ID.to_owned(),
    }
}

/// Somebody whose calls are not counted.
async fn honest(town: &Town) -> u16 {
    let hour = std::time::Duration::from_secs(3600);
    let roles = ["customer", "admin"];
    let token = town
        .person
        .user_token("kim", &roles, town.clock.now(), hour);
    let ask = town.ask(&format!("GET {BOOKINGS}")).bearer(&token);
    ask.heard().await.status
}

#[tokio::test]
async fn whoever_says_much_and_asks_nothing_is_hung_up_on() {
    let town = town().await;
    let setting = [0, 4, 0, 1, 0, 0];
    for (what, unit) in [
        ("pings", frame(PING, 0, 0, &[7; 8])),
        ("settings", frame(SETTINGS, 0, 0, &setting)),
        ("priorities", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 16])),
        ("updates", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("nobody's frames", frame(0xfa, 0xff, 0, &[7; 100])),
    ] {
        for hears in [true, false] {
            let flood = flood(town.at, 8 * MIB, hears, |_| unit.clone());
            let flooded = beside_the_honest(what, &town, flood).await;
            assert!(flooded.cut, "{what}: {flooded:?}");
            if hears {
                assert_eq!(flooded.told, Some(ENHANCE_YOUR_CALM), "{what}: {flooded:?}");
            }
        }
    }
    only_the_honest_got_through(&town);
}

/// No request of a flood reached a context.
fn only_the_honest_got_through(town: &Town) {
    let seen = town.seen.lock().unwrap();
    assert!(seen.iter().all(|asked| asked.method() == "ListBookings"));
}

/// One thing first, and another ever after.
fn then(first: &[u8], after: &[u8]) -> impl Fn(u32) -> Vec<u8> {
    let (first, after) = (first.to_vec(), after.to_vec());
    move |n| if n == 0 { first.clone() } else { after.clone() }
}

#[tokio::test]
async fn who_takes_every_request_back_is_hung_up_on() {
    let town = town().await;
    let token = town.token_of("lee", "customer");
    let path = format!("{BOOKINGS}/{ID}");
    for token in [None, Some(&*token)] {
        let headers = get(&path, token);
        // Twice as many in one breath as there may be streams.
        let unit = |n: u32| {
            let streams = (512 * n..512 * (n + 1)).map(|n| 2 * n + 1);
            let pairs = streams.flat_map(|stream| {
                let mut both = frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers);
                both.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
                both
            });
            pairs.collect()
        };
        let what = format!("a rapid reset, with a token: {}", token.is_some());
        let flooded = beside_the_honest(&what, &town, flood(town.at, 32 * MIB, true, unit)).await;
        assert!(flooded.cut, "{flooded:?}");
        assert_eq!(flooded.told, Some(ENHANCE_YOUR_CALM), "{flooded:?}");
    }
}

#[tokio::test]
async fn headers_without_an_end_are_hung_up_on() {
    let town = town().await;
    let begin = frame(HEADERS, END_STREAM, 1, &get(BOOKINGS, None));
    let more = frame(CONTINUATION, 0, 1, &header("x-more", &"x".repeat(4000)));
    let unit = then(&begin, &more);
    let flooded = beside_the_honest("headers", &town, flood(town.at, 64 * MIB, true, unit)).await;
    assert!(flooded.cut && flooded.said < 64 * MIB, "{flooded:?}");

    // As many as one likes of nothing at all.
    let nothing = frame(CONTINUATION, 0, 1, &[]);
    let unit = then(&begin, &nothing);
    let flooded = beside_the_honest("nothing", &town, flood(town.at, 16 * MIB, true, unit)).await;
    assert!(flooded.cut && flooded.said < 16 * MIB, "{flooded:?}");
}

/// One header that is remembered and then named again in a byte, sixteen thousand times: 64 MiB by a frame.
#[tokio::test]
async fn headers_that_unfold_are_not_unfolded() {
    let town = town().await;
    let mut remembered = header("x-bomb", &"x".repeat(4000));
    remembered[0] = 0x40;
    let once = [get(BOOKINGS, None), remembered].concat();
    let again = [get(BOOKINGS, None), vec![0xbe; 16 * 1024 - 200]].concat();
    let unit = |n: u32| {
        let block = if n == 0 { &once } else { &again };
        frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, block)
    };
    beside_the_honest("unfolding", &town, flood(town.at, 16 * MIB, true, unit)).await;
    only_the_honest_got_through(&town);
}

/// A request's body in frames that hold nothing: it goes on for ever and is never long.
#[tokio::test]
async fn a_body_of_nothing_is_hung_up_on() {
    let town = town().await;
    let token = town.token("customer");
    let mut headers = get(BOOKINGS, Some(&token));
    // Of a POST.
    headers.splice(..header(":method", "GET").len(), header(":method", "POST"));
    let begin = frame(HEADERS, END_HEADERS, 1, &headers);
    let nothing = frame(DATA, 0, 1, &[]);
    let unit = then(&begin, &nothing);
    let flood = flood(town.at, 16 * MIB, true, unit);
    let flooded = beside_the_honest("a body of nothing", &town, flood).await;
    assert!(flooded.cut, "{flooded:?}");
}

/// Somebody who is hung up on and comes again, and so on, is left out; who is connected goes on.
#[tokio::test]
async fn whoever_floods_again_and_again_is_left_out() {
    let patience = mesh::server::Settings {
        outcast: std::time::Duration::from_secs(3600),
        ..quick()
    };
    let town = Town::with(unlimited(), patience, |_| async {
        fine(&GetBookingResponse::default())
    })
    .await;
    let connected = town.client();
    let ask = async || {
        let call = town.signed("customer", booking());
        let mut client = BookingServiceClient::new(connected.clone());
        soon(client.get_booking(call)).await.unwrap();
    };
    ask().await;
    let ping = frame(PING, 0, 0, &[7; 8]);
    for _ in 0..3 {
        let flooded = flood(town.at, MIB, true, |_| ping.clone()).await;
        assert_eq!(flooded.told, Some(ENHANCE_YOUR_CALM), "{flooded:?}");
    }
    // That the last of them has ended is known a moment later.
    soon(async {
        while flood(town.at, MIB, true, |_| ping.clone())
            .await
            .told
            .is_some()
        {}
    })
    .await;
    assert!(say(town.at, b"GET / HTTP/1.1\r\n\r\n").await.is_empty());
    ask().await;
}
