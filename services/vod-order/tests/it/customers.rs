//! What a customer sees of an order, and how it is cancelled.

use crate::world::{Vod, won};
use mesh::refusal::reason;
use proto::cinema::movie::v1::MovieStatus;
use proto::ordering::v1::{Answer, Failure, Fulfilment, Step};
use proto::shared::v1::Text;
use proto::vod::order::v1::{
    CancelOrderRequest, GetOrderRequest, ListOrdersRequest, Order, OrderMovieRequest, OrderStatus,
    SystemCancelOrderRequest,
};
use tonic::Code;

fn reached(order_id: &str, step: i32) -> Fulfilment {
    let steps = (1..=step).map(|code| Step {
        code,
        ..Step::default()
    });
    Fulfilment {
        order_id: order_id.to_owned(),
        version: step.into(),
        irrevocable: step == 3,
        steps: steps.collect(),
        ..Fulfilment::default()
    }
}

fn labels(order: &Order) -> Vec<String> {
    let statuses = order.timeline.iter().filter_map(|own| own.status.clone());
    statuses.map(|own| own.label.unwrap().ko).collect()
}

#[tokio::test]
async fn it_says_how_far_the_library_is_in_words_that_its_customers_know() {
    let vod = Vod::new().await;
    let id = vod.ordered(vod.request("one")).await.unwrap().order_id;
    for (steps, status) in [
        (1, OrderStatus::Purchasing),
        (2, OrderStatus::Purchased),
        (3, OrderStatus::Watched),
    ] {
        vod.library(reached(&id, steps)).await;
        assert_eq!(vod.get(&id).await.status(), status);
    }
    let watched = vod.get(&id).await;
    assert_eq!(
        labels(&watched),
        ["주문완료", "구매진행", "구매완료", "시청"]
    );
    assert!(!watched.cancellable);
    let refused = vod.cancel(&id).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_CANCELLABLE"));
}

#[tokio::test]
async fn the_library_alone_decides_a_cancellation_and_an_answer_to_another_request_is_stale() {
    let vod = Vod::new().await;
    let id = vod.ordered(vod.request("one")).await.unwrap().order_id;
    let answer = |version, number, agreed| Fulfilment {
        order_id: id.clone(),
        version,
        answer: Some(Answer {
            number,
            agreed,
            reason: None,
        }),
        ..Fulfilment::default()
    };
    let asked = vod.cancel(&id).await.unwrap();
    assert_eq!(asked.status(), OrderStatus::Cancelling);
    // Asked again while it is asked: the same request.
    assert_eq!(vod.cancel(&id).await.unwrap(), asked);
    vod.library(answer(1, 1, false)).await;
    assert_eq!(vod.get(&id).await.status(), OrderStatus::Ordered);
    vod.cancel(&id).await.unwrap();
    vod.library(answer(2, 1, true)).await;
    assert_eq!(vod.get(&id).await.status(), OrderStatus::Cancelling);
    vod.library(answer(3, 2, true)).await;
    let cancelled = vod.get(&id).await;
    assert_eq!(cancelled.status(), OrderStatus::Cancelled);
    assert_eq!(labels(&cancelled).last().unwrap(), "구매취소");
    assert_eq!(vod.cancel(&id).await.unwrap(), cancelled);
}

#[tokio::test]
async fn a_library_that_failed_cancels_the_order_for_the_reason_it_says() {
    let vod = Vod::new().await;
    let id = vod.ordered(vod.request("one")).await.unwrap().order_id;
    let reason = Text {
        en: "not sold".to_owned(),
        ko: "구매할 수 없습니다.".to_owned(),
    };
    let failed = Fulfilment {
        failed: Some(Failure {
            code: "LICENCE_REFUSED".to_owned(),
            reason: Some(reason.clone()),
        }),
        ..reached(&id, 1)
    };
    vod.library(failed).await;
    let cancelled = vod.get(&id).await;
    assert_eq!(cancelled.status(), OrderStatus::Cancelled);
    assert_eq!(cancelled.timeline.last().unwrap().reason, Some(reason));
}

#[tokio::test]
async fn an_administrator_asks_as_a_customer_does_and_says_why() {
    let vod = Vod::new().await;
    let id = vod.ordered(vod.request("one")).await.unwrap().order_id;
    let mut admin = vod.as_user("root", "admin");
    let ask = |reason| SystemCancelOrderRequest {
        order_id: id.clone(),
        reason,
    };
    let refused = admin.system_cancel_order(ask(None)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let reason = Text {
        en: "a mistake".to_owned(),
        ko: "오류".to_owned(),
    };
    let asked = admin.system_cancel_order(ask(Some(reason.clone()))).await;
    let asked = asked.unwrap().into_inner().order.unwrap();
    assert_eq!(asked.status(), OrderStatus::Cancelling);
    assert_eq!(asked.cancellation.unwrap().reason, Some(reason));
}

#[tokio::test]
async fn a_customer_sees_and_cancels_own_orders_only() {
    let vod = Vod::new().await;
    let order_id = vod.ordered(vod.request("one")).await.unwrap().order_id;
    for (subject, role, sees) in [
        ("ann", "customer", true),
        ("bob", "customer", false),
        ("kiosk", "staff", true),
        ("root", "admin", true),
    ] {
        let request = GetOrderRequest {
            order_id: order_id.clone(),
        };
        let got = vod.as_user(subject, role).get_order(request).await;
        match got {
            Ok(_) => assert!(sees, "{subject}"),
            Err(status) => assert!(!sees && status.code() == Code::NotFound, "{subject}"),
        }
    }
    let mut bob = vod.as_user("bob", "customer");
    let refused = bob.cancel_order(CancelOrderRequest { order_id }).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    let listed = bob.list_orders(ListOrdersRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().orders, []);
}

#[tokio::test]
async fn own_orders_are_listed_newest_first_in_pages() {
    let vod = Vod::new().await;
    vod.movie(2, MovieStatus::Open, Some(0)).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let request = OrderMovieRequest {
            expected_total: Some(won(0)),
            ..vod.request(&number.to_string())
        };
        ids.push(vod.ordered(request).await.unwrap().order_id);
    }
    ids.sort();
    ids.reverse();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListOrdersRequest {
            page_size: 2,
            page_token,
        };
        let page = vod.ann().list_orders(request).await.unwrap().into_inner();
        seen.extend(page.orders.into_iter().map(|order| order.order_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let wrong = ListOrdersRequest {
        page_size: 201,
        page_token: "?".to_owned(),
    };
    let wrong = vod.ann().list_orders(wrong).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
}
