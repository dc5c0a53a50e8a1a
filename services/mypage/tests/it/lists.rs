use super::*;
use proto::mypage::v1::ListMyOrdersRequest;
use std::time::Duration;
use tonic::Code;

async fn list(client: &mut Client, request: ListMyOrdersRequest) -> (Vec<String>, String) {
    let page = client.list_my_orders(request).await.unwrap().into_inner();
    let ids = page.orders.into_iter().map(|order| order.order_id);
    (ids.collect(), page.next_page_token)
}

/// Four orders of ann's, oldest first, the last two of one moment; and one of bob's.
async fn orders(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for (system, phase) in [
        ("cinema", Phase::Placed),
        ("vod", Phase::Fulfilled),
        ("cinema", Phase::Cancelled),
        ("cinema", Phase::Placed),
    ] {
        let mut order = at(&placed(world), 1, phase);
        order.system = system.to_owned();
        tell(world, &order).await;
        ids.push(order.order_id);
        if ids.len() < 3 {
            world.advance(Duration::from_secs(1));
        }
    }
    let mut bobs = placed(world);
    bobs.customer_id = "bob".to_owned();
    tell(world, &bobs).await;
    ids
}

#[tokio::test]
async fn pages_are_newest_first_and_the_callers_own() {
    let world = world();
    let mut ids = orders(&world).await;
    let mut client = ann(&world);
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListMyOrdersRequest {
            page_size: 1,
            page_token: token,
            ..ListMyOrdersRequest::default()
        };
        let (page, next) = list(&mut client, request).await;
        seen.extend(page);
        token = next;
        if token.is_empty() {
            break;
        }
        // An order that comes meanwhile moves no page.
        tell(&world, &placed(&world)).await;
    }
    ids.reverse();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn systems_and_phases_choose() {
    let world = world();
    let ids = orders(&world).await;
    let of = async |systems: &[&str], phases: &[Phase]| {
        let request = ListMyOrdersRequest {
            systems: systems.iter().map(|s| (*s).to_owned()).collect(),
            phases: phases.iter().map(|p| (*p).into()).collect(),
            ..ListMyOrdersRequest::default()
        };
        list(&mut ann(&world), request).await.0
    };
    assert_eq!(of(&["vod"], &[]).await, [&*ids[1]]);
    assert_eq!(of(&[], &[Phase::Placed]).await, [&*ids[3], &*ids[0]]);
    let both = of(&["cinema", "vod"], &[Phase::Cancelled, Phase::Fulfilled]).await;
    assert_eq!(both, [&*ids[2], &*ids[1]]);
    assert!(of(&["taxi"], &[]).await.is_empty());
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let world = world();
    let wrong = ListMyOrdersRequest {
        page_size: -1,
        page_token: String::new(),
        systems: vec![String::new(); 21],
        phases: vec![9],
    };
    let refused = ann(&world).list_my_orders(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for field in ["page_size", "systems", "phases"] {
        assert!(refused.message().contains(field), "{field}");
    }
    let wrong = ListMyOrdersRequest {
        page_token: "?".to_owned(),
        ..ListMyOrdersRequest::default()
    };
    let refused = ann(&world).list_my_orders(wrong).await.unwrap_err();
    assert!(refused.message().contains("page_token"));
}
