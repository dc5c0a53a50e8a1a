//! Where keys are kept.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_read_again_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let (people, services) = (folder.path().join("p"), folder.path().join("s"));
    let keys: Vec<Key> = (0..3).map(|_| Key::generate().unwrap()).collect();
    let token = |n: usize| keys[n].sign(&claims());
    let (clock, _) = Clock::manual(Time(NOW * 1_000_000));
    write_jwks(&people, &[keys[0].entry()]).unwrap();
    write_jwks(&services, &[]).unwrap();
    let verifier =
        Verifier::from_files(&people, &services, ISSUER_OF_PEOPLE, "yemae", clock).unwrap();
    assert!(verifier.verify(&token(0)).is_ok());

    write_jwks(&people, &[keys[0].entry(), keys[1].entry()]).unwrap();
    assert!(
        verifier.verify(&token(1)).is_ok(),
        "a new key is known at once"
    );

    write_jwks(&people, &[keys[2].entry()]).unwrap();
    assert!(
        verifier.verify(&token(2)).is_err(),
        "read twice in a minute"
    );
    assert!(verifier.verify(&token(0)).is_ok(), "good until read again");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(verifier.verify(&token(2)).is_ok());
    assert!(verifier.verify(&token(0)).is_err(), "its key is gone");

    std::fs::write(&people, "{").unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(verifier.verify(&token(1)).is_err());
    assert!(verifier.verify(&token(2)).is_ok(), "the old keys stay");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_taken_back_lets_nobody_in_after_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let (people, services) = (folder.path().join("p"), folder.path().join("s"));
    let keys: Vec<Key> = (0..2).map(|_| Key::generate().unwrap()).collect();
    let (clock, hand) = Clock::manual(Time(NOW * 1_000_000));
    write_jwks(&people, &[keys[0].entry()]).unwrap();
    write_jwks(&services, &[]).unwrap();
    let verifier =
        Verifier::from_files(&people, &services, ISSUER_OF_PEOPLE, "yemae", clock).unwrap();
    let token = keys[0].sign(&claims());
    assert!(verifier.verify(&token).is_ok());

    // Nobody else comes who would have the file looked at.
    write_jwks(&people, &[keys[1].entry()]).unwrap();
    let minute = Duration::from_secs(60);
    tokio::time::advance(minute).await;
    hand.advance(minute - Duration::from_secs(1));
    assert!(verifier.verify(&token).is_ok(), "not looked at yet");
    hand.advance(Duration::from_secs(1));
    assert!(verifier.verify(&token).is_err(), "its key is gone");
    assert!(verifier.verify(&token).is_err(), "and stays gone");
}

#[test]
fn what_a_file_must_hold() {
    let key = Key::generate().unwrap();
    let (clock, _) = Clock::manual(Time(0));
    let load = |people: Value, services: Value| {
        Verifier::from_values(&people, &services, "i", "a", clock.clone())
            .map_err(|fault| fault.to_string())
    };
    let nobody = json!({"keys": []});
    let people = json!({"keys": [key.entry()]});
    let service = key.service_entry("payment", &[]);
    assert!(load(people.clone(), json!({"keys": [service]})).is_ok());
    for (what, people, services) in [
        ("no key for people", nobody.clone(), nobody.clone()),
        ("no JWKS", json!([]), nobody.clone()),
        (
            "two of one kid",
            json!({"keys": [key.entry(), key.entry()]}),
            nobody.clone(),
        ),
        ("a service without context", people.clone(), people.clone()),
        (
            "a service's key of another algorithm than it says",
            people.clone(),
            json!({"keys": [with(service.clone(), "alg", json!("ES256"))]}),
        ),
        (
            "a short key",
            people,
            json!({"keys": [with(service, "x", json!("c2hvcnQ"))]}),
        ),
    ] {
        assert!(load(people, services).is_err(), "{what}");
    }
}

#[test]
fn debug_says_nothing() {
    let signer = Signer::new("payment", Key::generate().unwrap(), Clock::system());
    let token = signer.bearer();
    let all = format!("{:?} {:?} {:?}", signer, token, fixture().verifier);
    let token = token.to_str().unwrap().strip_prefix("Bearer ").unwrap();
    assert!(!all.contains(token), "{all}");
    let call = crate::Call {
        user_token: Some(Arc::from("canary")),
        ..crate::Call::default()
    };
    assert!(!format!("{call:?}").contains("canary"));
}
