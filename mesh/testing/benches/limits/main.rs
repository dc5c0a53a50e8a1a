//! What the parts can do by themselves, on this machine at this moment: the yardstick beside which `make bench` puts the
//! whole. Takes the address of a nats-server of its own; prints one JSON object of figures per second.

mod echo;
mod store;
mod stream;

use std::time::Duration;
use tokio::time::Instant;

/// How long each is measured.
const LASTING: Duration = Duration::from_secs(2);
/// How many callers there are at once, as in the bench of the whole.
const CALLERS: usize = 64;

#[tokio::main]
async fn main() {
    let nats = std::env::args().skip(1).find(|word| word != "--bench");
    let nats = nats.expect("the address of a nats-server: nats://127.0.0.1:4222");
    let (alone, together) = store::measure().await;
    let echoes = echo::measure().await;
    let acks = stream::measure(&nats).await;
    println!(
        "{{\"store_commits\": {alone:.0}, \"store_commands_of_64\": {together:.0}, \
         \"stream_acks_128_in_flight\": {acks:.0}, \"echoes_of_64\": {echoes:.0}}}"
    );
}

/// How often a second `work` is done by so many callers, each of which waits for its own.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    callers: usize,
    work: impl Fn() -> F + Clone + Send + 'static,
) -> f64 {
    let begun = Instant::now();
    let callers = (0..callers).map(|_| {
        let work = work.clone();
        mesh::task::detach(async move {
            let mut done = 0_u64;
            while begun.elapsed() < LASTING {
                work().await;
                done += 1;
            }
            done
        })
    });
    let done = futures::future::join_all(callers).await;
    let done: u64 = done.into_iter().map(Result::unwrap_or_default).sum();
    done as f64 / begun.elapsed().as_secs_f64()
}
