//! Open loop: orders are offered at their pace, whatever becomes of those before. That is how customers come; a closed
//! loop would slow down with the mesh and never overload it.

use super::scene::Scene;
use super::seen::Seen;
use super::shop::{BLOCK, Shop};
use super::tally::Tally;
use super::{Histories, collect};
use crate::fault::Fault;
use crate::rpc::Mesh;
use futures::stream::{FuturesUnordered, StreamExt};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Offers `rate` orders a second for so long, at most `in_flight` under way; answers what came of them. One of each block is
/// cancelled as soon as it is there.
pub(super) async fn offer(
    mesh: &Mesh,
    scene: &Scene,
    rate: f64,
    lasting: Duration,
    in_flight: usize,
    history: &mut Histories,
) -> Result<Tally, Fault> {
    let (tell, told) = mpsc::unbounded_channel::<Seen>();
    let step = rate.to_string();
    let shop = Shop::open(mesh, scene, &step, &tell)?;
    drop(tell);
    let coming = async move {
        let held_back = come(&shop, rate, lasting, in_flight).await;
        // What comes after is not what was offered.
        (held_back, shop)
    };
    let all = async {
        let (held_back, shop) = scene.stocked(coming).await;
        (held_back, shop.close().await)
    };
    let ((held_back, visible), tally) = tokio::join!(all, collect(told, history));
    let mut tally = tally?;
    tally.held_back = held_back;
    tally.visible = visible;
    Ok(tally)
}

async fn come(shop: &Shop<'_>, rate: f64, lasting: Duration, in_flight: usize) -> u64 {
    let mut held_back = 0;
    let mut under_way = FuturesUnordered::new();
    let begun = Instant::now();
    let number = (rate * lasting.as_secs_f64()).ceil() as usize;
    for number in 0..number {
        let due = begun + Duration::from_secs_f64(number as f64 / rate);
        let mut wait = std::pin::pin!(tokio::time::sleep_until(due));
        loop {
            tokio::select! {
                () = &mut wait => break,
                Some(()) = under_way.next() => {}
            }
        }
        let is_room = under_way.len() < in_flight;
        let Some(wanted) = is_room.then(|| shop.want(number)).flatten() else {
            held_back += 1;
            continue;
        };
        under_way.push(async move {
            if let Ok(order_id) = shop.order(number, wanted).await
                && number % BLOCK == 0
            {
                shop.cancel(number, order_id).await;
            }
        });
    }
    while under_way.next().await.is_some() {}
    held_back
}
