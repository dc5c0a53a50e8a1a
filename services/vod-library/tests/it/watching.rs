//! Whoever bought a movie watches it: by a link that is signed and expires.

use crate::world::{MOVIE, Vod};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use mesh::identity::Key;
use std::time::Duration;
use tonic::Code;

/// What the token of a link says, if `key` has signed it.
fn claims(link: &str, key: &Key) -> Option<serde_json::Value> {
    let entry = key.entry();
    let public = BASE64_URL_SAFE_NO_PAD.decode(entry["x"].as_str()?).ok()?;
    let public = VerifyingKey::from_bytes(&public.try_into().ok()?).ok()?;
    let (_, token) = link.split_once("?token=")?;
    let (message, signature) = token.rsplit_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    let signature = Signature::from_slice(&signature).ok()?;
    public.verify_strict(message.as_bytes(), &signature).ok()?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(message.split_once('.')?.1);
    serde_json::from_slice(&claims.ok()?).ok()
}

#[tokio::test]
async fn watching_gives_a_signed_link_that_expires_and_marks_the_order_watched_for_good() {
    let vod = Vod::new();
    let order = vod.placed().await;
    let watched = vod.watch(&order).await.unwrap();
    let told = claims(&watched.playback_url, &vod.key).expect("it is signed");
    assert_eq!(
        (&told["movie"], &told["order"]),
        (&MOVIE.into(), &order.as_str().into())
    );
    let expires = watched.expires_at.unwrap();
    assert_eq!(told["exp"], expires.seconds);
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(expires, vod.world.now().plus(day).into());
    assert_eq!(
        claims(&watched.playback_url, &Key::generate().unwrap()),
        None
    );
    let forged = watched.playback_url.replace("?token=e", "?token=f");
    assert_eq!(claims(&forged, &vod.key), None);
    assert_eq!(vod.steps(&order).await, [1, 2, 3]);
    assert!(vod.fulfilment(&order).await.irrevocable);
    assert_eq!(vod.stated(&order).await.last().unwrap(), "MovieWatched");
}

#[tokio::test]
async fn watching_again_is_a_fresh_link_of_the_same_order_and_states_nothing() {
    let vod = Vod::new();
    let order = vod.placed().await;
    let first = vod.watch(&order).await.unwrap();
    let at_once = vod.watch(&order).await.unwrap();
    assert_ne!(at_once.playback_url, first.playback_url);
    vod.after(7200).await;
    let second = vod.watch(&order).await.unwrap();
    assert_ne!(second.playback_url, first.playback_url);
    assert!(second.expires_at.unwrap().seconds > first.expires_at.unwrap().seconds);
    assert_eq!(second.watched_at, first.watched_at);
    assert_eq!(vod.stated(&order).await.len(), 3);
}

#[tokio::test]
async fn anothers_movie_is_not_found_and_stays_as_it_is() {
    let vod = Vod::new();
    let order = vod.placed().await;
    let refused = vod.watch_as("bob", &order).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let unknown = vod.watch(&mesh::id::new()).await.unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (refused.code(), refused.message())
    );
    let wrong = vod.watch("1").await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert_eq!(vod.steps(&order).await, [1, 2]);
}
