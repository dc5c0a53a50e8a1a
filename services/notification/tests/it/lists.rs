use super::*;
use tonic::Code;

async fn list(
    client: &mut Client,
    request: ListNotificationsRequest,
) -> Result<(Vec<String>, String), Status> {
    let page = client.list_notifications(request).await?.into_inner();
    let entries = page.notifications.into_iter();
    let texts = entries.map(|n| format!("{} {}", n.customer_id, n.seq));
    Ok((texts.collect(), page.next_page_token))
}

fn about(order_id: &str, customer_id: &str) -> ListNotificationsRequest {
    ListNotificationsRequest {
        order_id: order_id.to_owned(),
        customer_id: customer_id.to_owned(),
        ..ListNotificationsRequest::default()
    }
}

/// An order of ann's with two entries of one moment, then a third; and one of bob's with one.
async fn two_orders(world: &World) -> (Order, Order) {
    let mut anns = booking();
    happens(&mut anns, world.now(), "Booked");
    happens(&mut anns, world.now(), "Seated");
    tell(world, &anns).await;
    world.advance(Duration::from_secs(1));
    happens(&mut anns, world.now(), "Received");
    tell(world, &anns).await;
    let mut bobs = booking();
    bobs.customer_id = "bob".to_owned();
    happens(&mut bobs, world.now(), "Booked");
    tell(world, &bobs).await;
    (anns, bobs)
}

#[tokio::test]
async fn a_customer_sees_their_own_newest_first() {
    let (world, _) = world();
    let (anns, bobs) = two_orders(&world).await;
    let mut client = ann(&world);
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListNotificationsRequest {
            page_size: 1,
            page_token: token,
            ..ListNotificationsRequest::default()
        };
        let (page, next) = list(&mut client, request).await.unwrap();
        seen.extend(page);
        token = next;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["ann 3", "ann 2", "ann 1"]);
    let own = list(&mut client, about(&anns.order_id, "")).await.unwrap();
    assert_eq!(own.0.len(), 3);
    let others = list(&mut client, about(&bobs.order_id, "")).await.unwrap();
    assert!(others.0.is_empty());
    let refused = list(&mut client, about("", "bob")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("customer_id"));
}

#[tokio::test]
async fn an_admin_names_the_customer_or_the_order() {
    let (world, _) = world();
    let (anns, bobs) = two_orders(&world).await;
    let mut admin = client(&world, Caller::user("root", &["admin"]));
    let mut of = async |order: &str, customer: &str| {
        let listed = list(&mut admin, about(order, customer)).await;
        listed.map(|(texts, _)| texts)
    };
    assert_eq!(of("", "bob").await.unwrap(), ["bob 1"]);
    assert_eq!(of(&bobs.order_id, "").await.unwrap(), ["bob 1"]);
    assert_eq!(of(&anns.order_id, "ann").await.unwrap().len(), 3);
    assert!(of(&anns.order_id, "bob").await.unwrap().is_empty());
    assert_eq!(of("", "").await.unwrap_err().code(), Code::InvalidArgument);

    let mut both = client(&world, Caller::user("ann", &["admin", "customer"]));
    assert_eq!(told(&mut both).await.len(), 3);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let (world, _) = world();
    let wrong = ListNotificationsRequest {
        page_size: 201,
        page_token: String::new(),
        order_id: "1".to_owned(),
        customer_id: "é".to_owned(),
    };
    let refused = list(&mut ann(&world), wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for field in ["page_size", "order_id", "customer_id"] {
        assert!(refused.message().contains(field), "{field}");
    }
    let wrong = ListNotificationsRequest {
        page_token: "?".to_owned(),
        customer_id: "ann".to_owned(),
        ..ListNotificationsRequest::default()
    };
    let refused = list(&mut ann(&world), wrong).await.unwrap_err();
    for field in ["page_token", "customer_id"] {
        assert!(refused.message().contains(field), "{field}");
    }
}
