//! Good tokens of every algorithm, and every forgery we know of.

mod files;
mod fixed;
mod published;

use super::*;
use crate::clock::{Clock, Hand, Time};
use crate::{Service, User};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fixed::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const NOW: i64 = 1_750_000_000;
const ISSUER_OF_PEOPLE: &str = "https://issuer.example";

struct Fixture {
    person: Key,
    /// In the file, but for another use.
    encrypting: Key,
    service: Key,
    verifier: Verifier,
    hand: Hand,
}

fn fixture() -> Fixture {
    let [person, encrypting, service] = [(); 3].map(|()| Key::generate().unwrap());
    let people = json!({"keys": [
        person.entry(),
        {"kty": "RSA", "kid": "rsa", "n": RSA_N, "e": "AQAB", "alg": "RS256"},
        {"kty": "EC", "kid": "ec", "crv": "P-256", "x": EC_X, "y": EC_Y},
        with(encrypting.entry(), "use", json!("enc")),
        {"kty": "EC", "kid": "mismatch", "crv": "P-256", "x": EC_X, "y": EC_Y, "alg": "RS256"},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
    ]});
    let services = json!({"keys": [service.service_entry("cinema-booking", &["payment.charge", "theater.hold"])]});
    let (clock, hand) = Clock::manual(Time(NOW * 1_000_000));
    let verifier =
        Verifier::from_values(&people, &services, ISSUER_OF_PEOPLE, "yemae", clock).unwrap();
    Fixture {
        person,
        encrypting,
        service,
        verifier,
        hand,
    }
}

fn claims() -> Value {
    json!({"sub": "anna", "iss": ISSUER_OF_PEOPLE, "aud": ["other", "yemae"], "exp": NOW + 600, "roles": ["customer"]})
}

fn with(mut value: Value, key: &str, to: Value) -> Value {
    value[key] = to;
    value
}

fn anna() -> Bearer {
    Bearer::User(User {
        subject: "anna".to_owned(),
        roles: vec!["customer".to_owned()],
    })
}

fn booking(scopes: &[&str]) -> Bearer {
    Bearer::Service(Service {
        context: "cinema-booking".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    })
}

fn own_claims() -> Value {
    json!({"sub": "cinema-booking", "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60})
}

#[test]
fn good_tokens_of_every_algorithm() {
    let Fixture {
        person,
        service,
        verifier,
        ..
    } = fixture();
    for token in [RS256, ES256, &person.sign(&claims())] {
        assert_eq!(verifier.verify(token), Ok(anna()));
        assert_eq!(verifier.verify(token), Ok(anna()), "the second time");
    }
    let no_roles = person.sign(
        &json!({"sub": "anna", "iss": ISSUER_OF_PEOPLE, "aud": "yemae", "exp": NOW as f64 + 0.5}),
    );
    assert_eq!(
        verifier.verify(&no_roles),
        Ok(Bearer::User(User {
            subject: "anna".to_owned(),
            roles: Vec::new()
        }))
    );
    assert_eq!(
        verifier.verify(&service.sign(&own_claims())),
        Ok(booking(&["payment.charge", "theater.hold"]))
    );
    let narrow = with(own_claims(), "scopes", json!(["theater.hold"]));
    assert_eq!(
        verifier.verify(&service.sign(&narrow)),
        Ok(booking(&["theater.hold"]))
    );
}

#[test]
fn what_a_signer_signs_is_good() {
    let (person, service) = (Key::generate().unwrap(), Key::generate().unwrap());
    let (clock, _) = Clock::manual(Time(NOW * 1_000_000));
    let verifier = Verifier::from_values(
        &json!({"keys": [person.entry()]}),
        &json!({"keys": [service.service_entry("payment", &[])]}),
        ISSUER,
        AUDIENCE,
        clock.clone(),
    )
    .unwrap();
    let header = Signer::new("payment", service, clock.clone()).bearer();
    let token = header.to_str().unwrap().strip_prefix("Bearer ").unwrap();
    assert!(matches!(verifier.verify(token), Ok(Bearer::Service(own)) if own.context == "payment"));
    let token = person.user_token("anna", &["customer"], clock.now(), Duration::from_secs(60));
    assert_eq!(verifier.verify(&token), Ok(anna()));
}

#[test]
fn forgeries_are_refused() {
    let Fixture {
        person,
        encrypting,
        service,
        verifier,
        ..
    } = fixture();
    let stranger = Key::generate().unwrap();
    let under =
        |alg: &str, kid: &str, by: &Key| by.sign_under(&json!({"alg": alg, "kid": kid}), &claims());
    let hs256 = |secret: &[u8], kid: &str| {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        let secret = jsonwebtoken::EncodingKey::from_secret(secret);
        jsonwebtoken::encode(&header, &claims(), &secret).unwrap()
    };
    let public = URL_SAFE_NO_PAD
        .decode(person.entry()["x"].as_str().unwrap())
        .unwrap();
    let unsigned = |alg: &str| {
        let token = under(alg, person.id(), &person);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    let good = person.sign(&claims());
    let mut tampered: Vec<String> = good.split('.').map(str::to_owned).collect();
    tampered[1] = URL_SAFE_NO_PAD.encode(with(claims(), "sub", json!("eve")).to_string());
    let crit = json!({"alg": "EdDSA", "kid": person.id(), "crit": ["b64"], "b64": false});
    let claim = |key: &str, to: Value| person.sign(&with(claims(), key, to));
    let own = |key: &str, to: Value| service.sign(&with(own_claims(), key, to));
    for (what, token) in [
        ("alg none", unsigned("none")),
        ("alg none, signed", under("none", person.id(), &person)),
        ("no signature", unsigned("EdDSA")),
        ("HS256 with the public key", hs256(&public, person.id())),
        (
            "HS256 with the RSA modulus",
            hs256(&URL_SAFE_NO_PAD.decode(RSA_N).unwrap(), "rsa"),
        ),
        ("HS256 with an oct key", hs256(b"secret", "secret")),
        ("RS256 under an EC key", RS256_UNDER_EC.to_owned()),
        ("EdDSA under an RSA key", under("EdDSA", "rsa", &person)),
        (
            "EdDSA under an EC key that says ES256",
            under("ES256", "ec", &person),
        ),
        (
            "RS256 said of an Ed25519 key",
            under("RS256", person.id(), &person),
        ),
        (
            "a key whose kty and alg differ",
            under("ES256", "mismatch", &person),
        ),
        ("a key for encryption", encrypting.sign(&claims())),
        ("an unknown kid", stranger.sign(&claims())),
        ("another's kid", under("EdDSA", person.id(), &stranger)),
        ("other claims", tampered.join(".")),
        ("a critical extension", person.sign_under(&crit, &claims())),
        (
            "another issuer",
            claim("iss", json!("https://evil.example")),
        ),
        ("our own issuer for people", claim("iss", json!(ISSUER))),
        ("another audience", claim("aud", json!("other"))),
        ("no audience", claim("aud", Value::Null)),
        ("no expiry", claim("exp", Value::Null)),
        ("an empty subject", claim("sub", json!(""))),
        ("roles in one string", claim("roles", json!("customer"))),
        ("a service as another context", own("sub", json!("payment"))),
        (
            "a service with a scope its key lacks",
            own("scopes", json!(["theater.hold", "payment.refund"])),
        ),
        ("a service with a role", own("roles", json!(["admin"]))),
        (
            "a service by the issuer of people",
            own("iss", json!(ISSUER_OF_PEOPLE)),
        ),
        (
            "a service's claims by a person's key",
            person.sign(&own_claims()),
        ),
        (
            "a person's claims by a service's key",
            service.sign(&claims()),
        ),
        ("padding", format!("{good}=")),
        ("a fourth part", format!("{good}.{good}")),
        ("two parts", good.rsplit_once('.').unwrap().0.to_owned()),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
    ] {
        let refusal = verifier.verify(&token).expect_err(what);
        assert_eq!(refusal.kind, Kind::Unauthenticated, "{what}");
        assert_eq!(refusal.reason, "TOKEN_INVALID", "{what}");
    }
}

#[test]
fn the_longest_token_is_8_kib() {
    let Fixture {
        person, verifier, ..
    } = fixture();
    let padded = |n: usize| person.sign(&with(claims(), "pad", json!("x".repeat(n))));
    let tokens: Vec<_> = (5000..8000).map(padded).collect();
    let fits = tokens.iter().rfind(|token| token.len() <= LONGEST).unwrap();
    let too_long = tokens.iter().find(|token| token.len() > LONGEST).unwrap();
    assert!(too_long.len() - fits.len() <= 3, "next to the limit");
    assert_eq!(verifier.verify(fits), Ok(anna()));
    assert!(verifier.verify(too_long).is_err());
}

#[test]
fn time_is_told_by_the_clock_also_for_tokens_seen_before() {
    let Fixture {
        person,
        verifier,
        hand,
        ..
    } = fixture();
    let reason = |token: &str| verifier.verify(token).map_err(|refusal| refusal.reason);
    let soon = person.sign(&with(claims(), "nbf", json!(NOW + 31)));
    assert_eq!(reason(&soon), Err("TOKEN_NOT_YET_VALID".into()));
    let token = person.sign(&claims());
    hand.advance(Duration::from_secs(629));
    assert_eq!(reason(&token), Ok(anna()), "within the leeway");
    assert_eq!(reason(&soon), Ok(anna()));
    hand.advance(Duration::from_secs(1));
    assert_eq!(reason(&token), Err("TOKEN_EXPIRED".into()), "seen before");
    let another = person.sign(&with(claims(), "sub", json!("bert")));
    assert_eq!(reason(&another), Err("TOKEN_EXPIRED".into()), "never seen");
}
