use super::*;
use ordering::audit::Seen;

async fn facts(world: &World) -> (String, Vec<Seen>) {
    let read = world
        .site("mypage")
        .store
        .read(|db| Ok((mypage::content_hash(db)?, mypage::facts(db)?.seen)));
    read.await.unwrap()
}

#[tokio::test]
async fn equal_contents_have_equal_hashes_however_they_came() {
    let (one, other) = (world(), world());
    let (first, second) = (placed(&one), placed(&one));
    let moved = at(&first, 2, Phase::InProgress);
    for order in [&first, &second, &moved] {
        tell(&one, order).await;
    }
    for order in [&second, &moved] {
        tell(&other, order).await;
    }
    let (hash, seen) = facts(&one).await;
    assert_eq!((hash.clone(), seen.clone()), facts(&other).await);
    let versions: Vec<_> = seen.iter().map(|s| (&s.order_id, s.version)).collect();
    assert_eq!(versions, [(&first.order_id, 2), (&second.order_id, 1)]);
    assert_ne!(seen[0].hash, seen[1].hash);

    tell(&other, &at(&second, 2, Phase::InProgress)).await;
    let (changed, seen_then) = facts(&other).await;
    assert_ne!(changed, hash);
    assert_ne!(seen_then[1].hash, seen[1].hash);
    assert_eq!(seen_then[0], seen[0]);
}

#[tokio::test]
async fn the_hash_is_of_the_encoded_order() {
    use prost::Message;
    use sha2::{Digest, Sha256};
    let world = world();
    let order = placed(&world);
    tell(&world, &order).await;
    let expected = Seen {
        order_id: order.order_id.clone(),
        version: 1,
        hash: format!("{:x}", Sha256::digest(order.encode_to_vec())),
    };
    assert_eq!(facts(&world).await.1, [expected]);
}
