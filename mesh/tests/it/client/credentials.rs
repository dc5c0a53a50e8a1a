use super::peer::{Answer, Peer, contracts, get, nobody};
use http::header::AUTHORIZATION;
use mesh::Clock;
use mesh::call::{self, Call};
use mesh::client::{self, Board, Client, Settings};
use mesh::identity::{Key, Signer};
use proto::payment::v1::GetPaymentRequest;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use std::sync::Arc;
use tonic::Code;

fn signer() -> Signer {
    Signer::new("cinema-booking", Key::generate().unwrap(), Clock::system())
}

fn signed(peer: &Peer, signer: &Signer) -> PaymentServiceClient<Client> {
    PaymentServiceClient::new(client::stack(
        contracts(),
        Some(signer.clone()),
        "payment",
        peer.endpoint(),
        &Settings::default(),
        &Board::default(),
    ))
}

fn for_anna() -> Arc<Call> {
    Arc::new(Call {
        user_token: Some("annas.own.token".into()),
        locale: "ko".to_owned(),
        ..nobody()
    })
}

#[tokio::test(start_paused = true)]
async fn a_service_signs_itself_and_names_the_person_who_waits() {
    let peer = Peer::answering([Answer::code(Code::Unavailable), Answer::Ok]);
    let signer = signer();
    let client = signed(&peer, &signer);
    call::scope(for_anna(), get(&client)).await.unwrap();
    let seen = peer.seen();
    assert_eq!(seen.len(), 2);
    for attempt in seen {
        assert_eq!(attempt.headers.get(AUTHORIZATION), Some(&signer.bearer()));
        let person = &attempt.headers["x-yemae-user-authorization"];
        assert_eq!(person, "Bearer annas.own.token");
        assert!(person.is_sensitive());
        assert_eq!(attempt.header("accept-language"), Some("ko"));
    }
}

#[tokio::test(start_paused = true)]
async fn for_nobody_it_signs_itself_alone() {
    let peer = Peer::answering([Answer::Ok]);
    let signer = signer();
    let mut client = signed(&peer, &signer);
    let mut request = tonic::Request::new(GetPaymentRequest::default());
    let smuggled = "Bearer somebody".parse().unwrap();
    request
        .metadata_mut()
        .insert("x-yemae-user-authorization", smuggled);
    client.get_payment(request).await.unwrap();
    let seen = &peer.seen()[0];
    assert_eq!(seen.headers.get(AUTHORIZATION), Some(&signer.bearer()));
    assert_eq!(seen.header("x-yemae-user-authorization"), None);
    assert_eq!(seen.header("accept-language"), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_signer_a_request_says_itself_who_calls() {
    let peer = Peer::answering([Answer::Ok]);
    let mut client = peer.client(&Settings::default());
    let mut request = tonic::Request::new(GetPaymentRequest::default());
    let own = "Bearer own".parse().unwrap();
    request.metadata_mut().insert("authorization", own);
    call::scope(for_anna(), client.get_payment(request))
        .await
        .unwrap();
    let seen = &peer.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer own"));
    assert_eq!(seen.header("x-yemae-user-authorization"), None);
}
