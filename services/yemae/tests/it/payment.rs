//! F7 to F10: payment slow, declining, failing, silent, forgetful, dead. Nobody stays charged for nothing, and everybody
//! hears a sentence.

use crate::play::{Door, Person, Show, audit, context, reason, send};
use crate::rig::{Up, directory};
use futures::future::{join, join_all};
use nix::sys::signal::Signal;
use proto::cinema::booking::v1::{Booking, CancelBookingRequest, ListBookingsRequest};
use proto::payment::v1::{Behavior, Payment, PaymentState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What a customer reads when payment does not work.
const SORRY: &str = "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.";
/// The longest that a customer waits for that: 0.5 s for the seats, 3 s for payment, and room for a busy machine.
const AT_ONCE: Duration = Duration::from_millis(4500);
/// An open breaker of payment asks again after 2 s at most, give or take half.
const HEALED: Duration = Duration::from_secs(10);

fn seat(number: usize) -> String {
    format!(
        "{}{}",
        number / 12 + 1,
        char::from(b'A' + (number % 12) as u8)
    )
}

fn millis(millis: u64) -> Option<prost_types::Duration> {
    Duration::from_millis(millis).try_into().ok()
}

/// What a customer must hear, and how fast.
fn is_sorry(status: &Status, after: Duration) {
    let reason = reason(status);
    assert!(
        ["PAYMENT_BUSY", "PAYMENT_UNCONFIRMED"].contains(&reason.as_str()),
        "{status:?}"
    );
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert!(details.retry_info().is_some(), "{details:?}");
    let said = details.localized_message().unwrap();
    assert_eq!((said.locale.as_str(), said.message.as_str()), ("ko", SORRY));
    assert!(after < AT_ONCE, "{reason} after {after:?}");
}

/// Of an order's charges exactly one stands.
async fn one_stands(admin: &Person, order_id: &str) -> Vec<Payment> {
    let payments = admin.payments(order_id).await;
    let standing = payments
        .iter()
        .filter(|payment| payment.state() == PaymentState::Approved);
    assert_eq!(standing.count(), 1, "{payments:?}");
    payments
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_slow_payment() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let slow = Behavior {
        latency_min: millis(400),
        latency_max: millis(620),
        ..Behavior::default()
    };
    door.admin().provider(slow).await;
    let tries = (0..100).map(|number| {
        let customer = door.customer(&format!("customer-{number}"));
        let show = show.clone();
        async move {
            let begun = Instant::now();
            let answer = customer.book(&show, &seat(number), "slow").await;
            (answer, begun.elapsed())
        }
    });
    let mut took: Vec<Duration> = Vec::new();
    for (answer, after) in join_all(tries).await {
        answer.expect("a payment of 400 to 620 ms is no trouble");
        took.push(after);
    }
    took.sort_unstable();
    let payments = door.admin().payments("").await;
    assert_eq!(payments.len(), 100);
    assert!(
        payments
            .iter()
            .all(|payment| payment.state() == PaymentState::Approved)
    );
    audit(&up, &[]);
    eprintln!("100 at once: p50 {:?}, p99 {:?}", took[49], took[98]);
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_declining_payment() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let admin = door.admin();
    let show = admin.show().await;
    let declining = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    admin.provider(declining).await;
    let kim = door.customer("kim");
    let declined = kim.book(&show, "1A", "kim-1").await.unwrap_err();
    assert_eq!(reason(&declined), "PAYMENT_DECLINED");
    assert_eq!(declined.code(), Code::FailedPrecondition);
    assert!(
        list(&kim).await.unwrap().is_empty(),
        "nothing was registered"
    );
    let payments = admin.payments("").await;
    assert_eq!(payments.len(), 1, "declined is never tried again");
    assert_eq!(payments[0].state(), PaymentState::Declined);
    audit(&up, &[]);

    admin.provider(Behavior::default()).await;
    let booked = kim.book_at_last(&show, "1A", "kim-1").await.unwrap();
    let mut payments = one_stands(&admin, &booked.booking_id).await;
    payments.sort_by(|left, right| left.charge_key.cmp(&right.charge_key));
    let keys: Vec<&str> = payments.iter().map(|p| p.charge_key.as_str()).collect();
    let key = |attempt| format!("charge:{}:{attempt}", booked.booking_id);
    assert_eq!(keys, [key(1), key(2)]);
    assert_eq!(list(&kim).await.unwrap().len(), 1);
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

async fn list(customer: &Person) -> Result<Vec<String>, Status> {
    let asked = ListBookingsRequest::default();
    let listed = customer.bookings().list_bookings(asked).await?.into_inner();
    Ok(listed.bookings.into_iter().map(|b| b.booking_id).collect())
}

/// A way of a provider to misbehave, and whether a customer may be served all the same.
struct Trouble {
    what: &'static str,
    behavior: Behavior,
    may_work: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_payment_trouble() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let trouble = |what, may_work, behavior| Trouble {
        what,
        behavior,
        may_work,
    };
    let failing = Behavior {
        failed_percent: 100,
        ..Behavior::default()
    };
    // Asked again, the provider knows what it has taken.
    let forgetful = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    let stalling = Behavior {
        latency_min: millis(2000),
        latency_max: millis(5000),
        ..Behavior::default()
    };
    let hanging = Behavior {
        hanging_percent: 100,
        ..Behavior::default()
    };
    let down = Behavior {
        down: true,
        ..Behavior::default()
    };
    let troubles = [
        trouble("failing", false, failing),
        trouble("reply lost", true, forgetful),
        trouble("stalling", true, stalling),
        trouble("hanging", false, hanging),
        trouble("down", false, down),
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        meet_trouble(&up, &door, &show, trouble, number * 24).await;
    }
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// Somebody who wants a seat.
struct Buyer {
    customer: Person,
    seat: String,
    request_id: String,
}

impl Buyer {
    /// So many, of seats from this one on.
    fn some(door: &Door, what: &str, number: usize, from: usize) -> Vec<Self> {
        let one = |number| Self {
            customer: door.customer(&format!("{what} {number}")),
            seat: seat(from + number),
            request_id: format!("{what}-{number}"),
        };
        (0..number).map(one).collect()
    }

    async fn book(&self, show: &Show) -> (Result<Booking, Status>, Duration) {
        let begun = Instant::now();
        let answer = self.customer.book(show, &self.seat, &self.request_id).await;
        (answer, begun.elapsed())
    }

    /// With the same request there is one booking in the end, and one charge.
    async fn ends_well(&self, show: &Show, admin: &Person) {
        let booked = self
            .customer
            .book_at_last(show, &self.seat, &self.request_id)
            .await
            .unwrap();
        one_stands(admin, &booked.booking_id).await;
        let (same, _) = self.book(show).await;
        assert_eq!(same.unwrap(), booked, "the same request, the same booking");
        assert_eq!(list(&self.customer).await.unwrap(), [booked.booking_id]);
    }
}

/// Four customers at once and four after them meet a payment that behaves so; then it is well again.
async fn meet_trouble(up: &Up, door: &Door, show: &Show, trouble: Trouble, from: usize) {
    let what = trouble.what;
    let admin = door.admin();
    // Standing before: other flows go on with it.
    let before = door.customer(&format!("before {what}"));
    let standing = before
        .book_at_last(show, &seat(from + 12), &format!("{what} before"))
        .await
        .unwrap();
    admin.provider(trouble.behavior).await;
    let buyers = Buyer::some(door, what, 8, from);
    let (first, then) = buyers.split_at(4);
    let mut heard = join_all(first.iter().map(|buyer| buyer.book(show))).await;
    for buyer in then {
        heard.push(buyer.book(show).await);
    }
    unmoved(&before, &standing.booking_id).await;
    for (buyer, (answer, after)) in buyers.iter().zip(&heard) {
        match answer {
            Ok(_) if trouble.may_work => {}
            Ok(booked) => panic!("{what}: {booked:?}"),
            Err(status) => {
                is_sorry(status, *after);
                let own = list(&buyer.customer).await.unwrap();
                assert!(own.is_empty(), "nothing was registered: {own:?}");
            }
        }
    }

    admin.provider(Behavior::default()).await;
    let well = Instant::now();
    // What was asked for under the trouble is undone before anybody asks again.
    audit(up, &[]);
    let clean = well.elapsed();
    let again = Instant::now();
    buyers[0].ends_well(show, &admin).await;
    let healed = again.elapsed();
    assert!(healed < HEALED, "well again after {healed:?}");
    for buyer in &buyers {
        buyer.ends_well(show, &admin).await;
    }
    let told = heard
        .iter()
        .map(|(answer, after)| {
            let what = answer.as_ref().map_or_else(reason, |_| "OK".to_owned());
            format!("{what} {} ms", after.as_millis())
        })
        .collect::<Vec<_>>();
    eprintln!("{what}: {}; clean {clean:?} after", told.join(", "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_charged_and_never_said() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let admin = door.admin();
    let show = admin.show().await;
    let forgetful = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    admin.provider(forgetful).await;
    let buyers = Buyer::some(&door, "never said", 4, 0);
    let goes_down = async {
        // All four are with the provider, which takes the money at once and says nothing.
        while admin.payments("").await.len() < buyers.len() {
            tokio::task::yield_now().await;
        }
        let down = Behavior {
            down: true,
            ..Behavior::default()
        };
        admin.provider(down).await;
    };
    let (heard, ()) = join(join_all(buyers.iter().map(|b| b.book(&show))), goes_down).await;
    for (answer, after) in heard {
        let status = answer.expect_err("nobody knows that it was charged");
        is_sorry(&status, after);
        eprintln!("{} after {after:?}", reason(&status));
    }
    admin.provider(Behavior::default()).await;
    audit(&up, &[]);
    let payments = admin.payments("").await;
    let stands = |payment: &&Payment| payment.state() == PaymentState::Approved;
    assert_eq!(payments.iter().find(stands), None, "all of it went back");
    for buyer in &buyers {
        buyer.ends_well(&show, &admin).await;
    }
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// Reading and cancelling need no payment.
async fn unmoved(customer: &Person, booking_id: &str) {
    let begun = Instant::now();
    customer.booking(booking_id).await.unwrap();
    let request = CancelBookingRequest {
        booking_id: booking_id.to_owned(),
    };
    customer.bookings().cancel_booking(request).await.unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "other flows took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_payment_killed() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo", "--processes"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let before = door.customer("before");
    let standing = before.book_at_last(&show, "10A", "before").await.unwrap();

    let killed = Killer::of(&up);
    let buyers = Buyer::some(&door, "killed", 8, 0);
    let mut slowest = Duration::ZERO;
    for buyer in &buyers {
        let (answer, after) = buyer.book(&show).await;
        is_sorry(&answer.expect_err("payment is dead"), after);
        slowest = slowest.max(after);
    }
    unmoved(&before, &standing.booking_id).await;
    drop(killed);

    let well = Instant::now();
    for buyer in &buyers {
        buyer.ends_well(&show, &door.admin()).await;
    }
    let took = well.elapsed();
    audit(&up, &[]);
    eprintln!(
        "answered after {slowest:?} at most; all booked {took:?} after payment was let live, clean {:?} after",
        well.elapsed()
    );
    assert!(up.stop(), "it drained");
}

/// Kills payment as often as it is started, while it lives itself.
struct Killer {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Killer {
    fn of(up: &Up) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let data = up.data.clone();
        let until = stop.clone();
        let victim = context(up, "payment").unwrap();
        assert!(send(victim, Signal::SIGKILL));
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                let data = format!("--data={}", data.display());
                for pid in crate::play::pids_with(&["child payment ", &data]) {
                    send(pid, Signal::SIGKILL);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}
