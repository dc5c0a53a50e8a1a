use super::*;
use mesh::Kind;
use mesh::policy::Delivery;
use notification::Told;
use prost::Message;
use proto::notification::v1::NotificationStatus::{Sent, SkippedLate};

/// An order as it was after each of these.
fn history(world: &World, labels: &[&str]) -> Vec<Order> {
    let mut order = booking();
    let after = |label: &&str| {
        happens(&mut order, world.now(), label);
        order.clone()
    };
    labels.iter().map(after).collect()
}

async fn facts(world: &World) -> Vec<Told> {
    let store = &world.site("notification").store;
    store.read(notification::told).await.unwrap()
}

#[tokio::test]
async fn one_record_for_each_entry_whatever_comes_when() {
    let labels = ["Booked", "Seated", "Cancelling", "Cancelled", "Refunded"];
    for order_of_arrival in [
        &[1, 2, 3, 4, 5, 6][..],
        &[6],
        &[3, 1, 2, 3, 5, 4, 5, 6],
        &[2, 2, 4, 4, 1, 5],
    ] {
        let (world, printed) = world();
        let mut history = history(&world, &labels);
        // A change that is no news to its customer.
        let mut finished = history[4].clone();
        finished.version = 6;
        history.push(finished);
        for version in order_of_arrival {
            tell(&world, &history[version - 1]).await;
        }
        let order_id = &history[0].order_id;
        let once = |seq| Told {
            order_id: order_id.clone(),
            seq,
            count: 1,
        };
        assert_eq!(facts(&world).await, [1, 2, 3, 4, 5].map(once));
        let lines = labels.map(|label| format!("[소울, 1A 2B] {label} (ko)"));
        assert_eq!(printed.lines(), lines, "{order_of_arrival:?}");
    }
}

#[tokio::test]
async fn what_comes_in_one_transaction_is_recorded_once_and_in_each_customers_language() {
    let (world, printed) = world();
    let english = Contact {
        locale: "en".to_owned(),
        channel: Channel::Console.into(),
        address: String::new(),
    };
    let mut bob = client(&world, Caller::customer("bob"));
    set(&mut bob, english).await.unwrap();
    let anns = history(&world, &["Booked", "Seated"]);
    let of_bob = |order: Order| Order {
        customer_id: "bob".to_owned(),
        ..order
    };
    let bobs = history(&world, &["Booked"]).remove(0);
    let all = [anns[0].clone(), of_bob(bobs), anns[1].clone()].map(|order| Delivery {
        subject: format!("yemae.cinema-booking.Order.{}", order.order_id),
        name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
        version: order.version,
        at: world.now(),
        body: BookingPlaced { order: Some(order) }.encode_to_vec(),
        correlation: None,
    });
    let settings = Settings {
        console: Console::new(Printed::default()),
        webhooks: Reach::Public,
    };
    let policy = notification::context(settings).policies.remove(0);
    for _ in 0..2 {
        let (policy, all) = (policy.clone(), all.clone());
        let store = &world.site("notification").store;
        let taken = store.write((), move |tx| {
            all.iter().try_for_each(|own| policy.apply(tx, own))
        });
        taken.await.unwrap();
    }
    world.settle().await;
    let mut lines = printed.lines();
    lines.sort_unstable();
    let expected = [
        "[Soul, 1A 2B] Booked",
        "[소울, 1A 2B] Booked (ko)",
        "[소울, 1A 2B] Seated (ko)",
    ];
    assert_eq!(lines, expected);
    assert!(facts(&world).await.iter().all(|told| told.count == 1));
}

#[tokio::test]
async fn it_is_sent_in_the_contacts_language_and_says_why() {
    let (world, printed) = world();
    let mut order = booking();
    happens(&mut order, world.now(), "Booked");
    tell(&world, &order).await;
    let english = Contact {
        locale: "en".to_owned(),
        channel: Channel::Console.into(),
        address: String::new(),
    };
    set(&mut ann(&world), english).await.unwrap();
    happens(&mut order, world.now(), "Cancelled");
    order.timeline[1].reason = text("the seats were taken", "이미 예매된 좌석입니다");
    tell(&world, &order).await;
    let lines = [
        "[소울, 1A 2B] Booked (ko)",
        "[Soul, 1A 2B] Cancelled: the seats were taken",
    ];
    assert_eq!(printed.lines(), lines);

    let told = told(&mut ann(&world)).await;
    let texts: Vec<_> = told.iter().rev().map(|n| n.text.as_str()).collect();
    assert_eq!(texts, lines);
    for (seq, notification) in (1..).zip(told.iter().rev()) {
        assert_eq!(notification.status(), Sent);
        assert_eq!(notification.channel(), Channel::Console);
        assert_eq!(
            (&notification.order_id, notification.seq),
            (&order.order_id, seq)
        );
        assert_eq!(notification.sent_at, Some(world.now().into()));
        assert_eq!(notification.created_at, Some(world.now().into()));
    }
}

#[tokio::test]
async fn news_older_than_a_day_is_recorded_and_not_sent() {
    let (world, printed) = world();
    let day = Duration::from_hours(24);
    let mut order = booking();
    happens(&mut order, world.now(), "Booked");
    world.advance(Duration::from_micros(1));
    happens(&mut order, world.now(), "Seated");
    world.advance(day);
    happens(&mut order, world.now(), "Cancelled");
    tell(&world, &order).await;
    later(&world).await;

    let told = told(&mut ann(&world)).await;
    let fate: Vec<_> = told.iter().rev().map(|n| (n.seq, n.status())).collect();
    assert_eq!(fate, [(1, SkippedLate), (2, Sent), (3, Sent)]);
    assert_eq!(told[2].sent_at, None);
    let lines = ["[소울, 1A 2B] Seated (ko)", "[소울, 1A 2B] Cancelled (ko)"];
    assert_eq!(printed.lines(), lines);
    assert_eq!(facts(&world).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_its_subjects_own_order_is_refused() {
    let (world, _) = world();
    let mut order = booking();
    happens(&mut order, world.now(), "Booked");
    let (own, id) = ("cinema-booking", order.order_id.clone());
    for (context, id, fine) in [
        ("vod-order", &*id, false),
        (own, "other", false),
        (own, &*id, true),
    ] {
        let delivery = Delivery {
            subject: format!("yemae.{context}.Order.{id}"),
            name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
            version: 1,
            at: world.now(),
            body: BookingPlaced {
                order: Some(order.clone()),
            }
            .encode_to_vec(),
            correlation: None,
        };
        let settings = Settings {
            console: Console::new(std::io::sink()),
            webhooks: Reach::Public,
        };
        let policy = notification::context(settings).policies.remove(0);
        let store = &world.site("notification").store;
        let applied = store.write((), move |tx| policy.apply(tx, &delivery)).await;
        match applied {
            Ok(()) => assert!(fine, "{context} {id}"),
            Err(refusal) => assert_eq!((refusal.kind, fine), (Kind::Internal, false)),
        }
    }
}
