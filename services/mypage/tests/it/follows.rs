use super::*;
use mesh::policy::Delivery;
use mesh::{Kind, Refusal};
use prost::Message;
use tonic::Code;

#[tokio::test]
async fn the_newest_version_wins_whatever_comes_when() {
    let world = world();
    let order = placed(&world);
    for (version, phase) in [
        (3, Phase::Cancelled),
        (1, Phase::Placed),
        (2, Phase::Cancelling),
        (3, Phase::Cancelled),
    ] {
        tell(&world, &at(&order, version, phase)).await;
    }
    let newest = at(&order, 3, Phase::Cancelled);
    assert_eq!(
        get(&mut ann(&world), &order.order_id).await.unwrap(),
        newest
    );
    let again = at(&order, 5, Phase::Fulfilled);
    tell(&world, &again).await;
    assert_eq!(get(&mut ann(&world), &order.order_id).await.unwrap(), again);
}

#[tokio::test]
async fn an_order_is_its_customers_own() {
    let world = world();
    let order = placed(&world);
    tell(&world, &order).await;

    let mut bob = client(&world, Caller::customer("bob"));
    let hidden = get(&mut bob, &order.order_id).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
    let unknown = get(&mut bob, &mesh::id::new()).await.unwrap_err();
    assert_eq!(unknown.message(), hidden.message());

    let mut admin = client(&world, Caller::user("root", &["admin"]));
    assert_eq!(get(&mut admin, &order.order_id).await.unwrap(), order);
    let no_id = get(&mut admin, "1").await.unwrap_err();
    assert_eq!(no_id.code(), Code::InvalidArgument);
}

/// `order`, stated on the subject of `context` and `id` at `version`.
fn delivery(world: &World, (context, id, version): (&str, &str, i64), order: &Order) -> Delivery {
    let order = Some(order.clone());
    Delivery {
        subject: format!("yemae.{context}.Order.{id}"),
        name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
        version,
        at: world.now(),
        body: BookingPlaced { order }.encode_to_vec(),
        correlation: None,
    }
}

fn own(world: &World, order: &Order) -> Delivery {
    let subject = (&*order.context, &*order.order_id, order.version);
    delivery(world, subject, order)
}

/// What the page's own policy says to these, which are taken in one transaction.
async fn take(world: &World, deliveries: Vec<Delivery>) -> Result<(), Refusal> {
    let policy = mypage::context().policies.remove(0);
    assert!(deliveries.iter().all(|own| policy.follows(own)));
    let store = &world.site("mypage").store;
    let taken = store.write((), move |tx| {
        let mut deliveries = deliveries.iter();
        deliveries.try_for_each(|delivery| policy.apply(tx, delivery))
    });
    taken.await
}

/// What the page's own policy says to `order`, stated so.
async fn say(world: &World, subject: (&str, &str, i64), order: &Order) -> Result<(), Refusal> {
    take(world, vec![delivery(world, subject, order)]).await
}

#[tokio::test]
async fn of_many_in_one_transaction_the_newest_is_shown() {
    let world = world();
    let (first, second) = (placed(&world), placed(&world));
    let third = Order {
        customer_id: "bob".to_owned(),
        ..placed(&world)
    };
    let moved = at(&first, 2, Phase::InProgress);
    let over = at(&first, 3, Phase::Fulfilled);
    let all = [&second, &over, &first, &moved, &third];
    let all = all.map(|order| own(&world, order)).to_vec();
    take(&world, all).await.unwrap();
    let page = |id: &str| {
        let (mut client, id) = (
            client(&world, Caller::user("root", &["admin"])),
            id.to_owned(),
        );
        async move { get(&mut client, &id).await.unwrap() }
    };
    assert_eq!(page(&first.order_id).await, over);
    assert_eq!(page(&second.order_id).await, second);
    // Older ones change nothing, newer ones do, and what is written is behind what was.
    let newer = at(&second, 2, Phase::InProgress);
    let all = [&moved, &newer, &second].map(|order| own(&world, order));
    take(&world, all.to_vec()).await.unwrap();
    assert_eq!(page(&first.order_id).await, over);
    assert_eq!(page(&second.order_id).await, newer);
    assert_eq!(page(&third.order_id).await, third);
}

#[tokio::test]
async fn an_order_that_somebody_else_states_too_keeps_nobody_from_the_page() {
    let world = world();
    let (first, second) = (placed(&world), placed(&world));
    take(&world, vec![own(&world, &first)]).await.unwrap();
    let foreign = Order {
        context: "vod-order".to_owned(),
        ..at(&first, 2, Phase::Cancelled)
    };
    let together = vec![own(&world, &second), own(&world, &foreign)];
    let refused = take(&world, together).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Internal);
    assert_eq!(get(&mut ann(&world), &first.order_id).await.unwrap(), first);
    // By themselves one is shown, and the other says why not.
    let answers = [&second, &foreign].map(|order| take(&world, vec![own(&world, order)]));
    let [shown, not] = futures::future::join_all(answers).await.try_into().unwrap();
    shown.unwrap();
    let why = format!("{:?}", not.unwrap_err());
    assert!(
        why.contains("vod-order states an order of cinema-booking"),
        "{why}"
    );
    assert_eq!(get(&mut ann(&world), &first.order_id).await.unwrap(), first);
    assert_eq!(
        get(&mut ann(&world), &second.order_id).await.unwrap(),
        second
    );
}

#[tokio::test]
async fn what_is_not_its_subjects_own_order_is_refused() {
    let world = world();
    let order = placed(&world);
    let id = order.order_id.as_str();
    let unplaced = Order {
        placed_at: None,
        ..order.clone()
    };
    let refused = [
        say(&world, ("vod-order", id, 1), &order).await,
        say(&world, ("cinema-booking", "other", 1), &order).await,
        say(&world, ("cinema-booking", id, 2), &order).await,
        say(&world, ("cinema-booking", id, 1), &unplaced).await,
    ];
    for refusal in refused {
        assert_eq!(refusal.unwrap_err().kind, Kind::Internal);
    }
    say(&world, ("cinema-booking", id, 1), &order)
        .await
        .unwrap();
}

#[tokio::test]
async fn no_context_takes_over_anothers_order() {
    let world = world();
    let order = placed(&world);
    tell(&world, &order).await;
    let taken = Order {
        context: "vod-order".to_owned(),
        version: 2,
        ..order.clone()
    };
    let refusal = say(&world, ("vod-order", &order.order_id, 2), &taken).await;
    assert_eq!(refusal.unwrap_err().kind, Kind::Internal);
    assert_eq!(get(&mut ann(&world), &order.order_id).await.unwrap(), order);
}
