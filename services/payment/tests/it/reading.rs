//! Reading payments.

use crate::desk::{Desk, KEY, ORDER, charge, wrong_fields};
use proto::payment::v1::{ApproveRequest, GetPaymentRequest, ListPaymentsRequest};
use testing::Caller;
use tonic::Code;

fn by_id(payment_id: &str) -> GetPaymentRequest {
    GetPaymentRequest {
        payment_id: payment_id.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn services_read_their_own_and_admins_any() {
    let desk = Desk::new();
    let payment = desk.approve().await.unwrap();
    for caller in [
        Caller::service("cinema-booking"),
        Caller::user("root", &["admin"]),
    ] {
        let mut client = desk.client_of(caller);
        let got = client.get_payment(by_id(&payment.payment_id)).await;
        assert_eq!(got.unwrap().into_inner().payment.as_ref(), Some(&payment));
    }
    let mut other = desk.client_of(Caller::service("food-order"));
    let by_key = GetPaymentRequest {
        charge_key: KEY.to_owned(),
        ..Default::default()
    };
    for request in [by_id(&payment.payment_id), by_key] {
        let status = other.get_payment(request).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
    }
    let unknown = desk.client().get_payment(by_id(&mesh::id::new())).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_payment_is_named_in_one_way() {
    let desk = Desk::new();
    let mut client = desk.client();
    let nothing = client.get_payment(GetPaymentRequest::default()).await;
    assert_eq!(wrong_fields(nothing), ["payment_id", "charge_key"]);
    let both = GetPaymentRequest {
        payment_id: ORDER.to_owned(),
        charge_key: KEY.to_owned(),
    };
    assert_eq!(wrong_fields(client.get_payment(both).await), ["charge_key"]);
    let no_id = client.get_payment(by_id("7")).await;
    assert_eq!(wrong_fields(no_id), ["payment_id"]);
}

#[tokio::test]
async fn payments_are_listed_newest_first_page_by_page() {
    let desk = Desk::new();
    let mut paid = Vec::new();
    for n in 0..5 {
        let other = mesh::id::new();
        let request = ApproveRequest {
            charge_key: format!("charge:{n}"),
            order_id: if n % 2 == 0 { ORDER } else { &other }.to_owned(),
            ..charge()
        };
        let answer = desk.client().approve(request).await.unwrap();
        paid.insert(0, answer.into_inner().payment.unwrap());
    }
    let mut admin = desk.client_of(Caller::user("root", &["admin"]));
    let mut request = ListPaymentsRequest {
        page_size: 2,
        ..Default::default()
    };
    let mut pages = Vec::new();
    loop {
        let page = admin.list_payments(request.clone()).await.unwrap();
        let page = page.into_inner();
        pages.push(page.payments);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(pages.concat(), paid);

    let of_order = ListPaymentsRequest {
        order_id: ORDER.to_owned(),
        page_size: 3,
        ..Default::default()
    };
    let page = admin.list_payments(of_order).await.unwrap().into_inner();
    assert!(page.payments.iter().all(|it| it.order_id == ORDER));
    assert_eq!((page.payments.len(), &*page.next_page_token), (3, ""));

    let wrong = ListPaymentsRequest {
        page_size: 201,
        page_token: String::new(),
        order_id: "7".to_owned(),
    };
    assert_eq!(
        wrong_fields(admin.list_payments(wrong).await),
        ["page_size", "order_id"]
    );
    let wrong = ListPaymentsRequest {
        page_token: "!".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        wrong_fields(admin.list_payments(wrong).await),
        ["page_token"]
    );
}
