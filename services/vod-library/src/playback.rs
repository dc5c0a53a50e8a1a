//! Playback links: good for one movie and for a while, whoever has them.

use mesh::identity::Key;
use mesh::{Time, id};
use serde_json::json;
use std::time::Duration;

/// How long a link is good: an evening and the next one.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);
/// Where the players are.
const PLAYER: &str = "https://player.yemae.example/watch";

/// A link to a movie and when it expires. A player checks the token (a JWT, EdDSA, `aud` "yemae-player") by the public
/// half of the key.
pub fn link(key: &Key, movie_id: &str, order_id: &str, now: Time) -> (String, Time) {
    let expires_at = now.plus(GOOD_FOR);
    let token = key.sign(&json!({
        "iss": crate::NAME,
        "aud": "yemae-player",
        "jti": id::new(),
        "movie": movie_id,
        "order": order_id,
        "iat": now.0 / 1_000_000,
        "exp": expires_at.0 / 1_000_000,
    }));
    (format!("{PLAYER}/{movie_id}?token={token}"), expires_at)
}
