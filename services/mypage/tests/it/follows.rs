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

/// What the page's own policy says to `order`, stated on the subject of `context` and `id` at `version`.
async fn say(
    world: &World,
    (context, id, version): (&str, &str, i64),
    order: &Order,
) -> Result<(), Refusal> {
    let order = Some(order.clone());
    let delivery = Delivery {
        subject: format!("yemae.{context}.Order.{id}"),
        name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
        version,
        at: world.now(),
        body: BookingPlaced { order }.encode_to_vec(),
        correlation: None,
    };
    let policy = mypage::context().policies.remove(0);
    assert!(policy.follows(&delivery));
    let store = &world.site("mypage").store;
    store.write((), move |tx| policy.apply(tx, &delivery)).await
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
