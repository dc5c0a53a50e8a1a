//! How far a context is behind the stream.

use super::{Bus, Fault};
use async_nats::jetstream::consumer::Info;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often [`Bus::caught_up`] looks.
const POLL: Duration = Duration::from_millis(50);

/// How far a context is behind the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Messages that were not yet delivered to it.
    pub pending: u64,
    /// Messages that were delivered and not yet acknowledged.
    pub unacknowledged: u64,
}

impl Bus {
    /// How far `context` is behind; an error also when it has no consumer yet.
    pub async fn lag(&self, context: &str) -> Result<Lag, Fault> {
        let info = self.consumer(context).await?;
        Ok(Lag {
            pending: info.num_pending,
            unacknowledged: info.num_ack_pending as u64,
        })
    }

    /// Waits until `context` is done with all that is in the stream at this moment, whatever comes meanwhile. False: it was
    /// not within `patience`.
    pub async fn caught_up(&self, context: &str, patience: Duration) -> Result<bool, Fault> {
        let end = self.standing().await?.last;
        let waited = timeout(patience, async {
            // One look at rest may be of a server of the cluster that has not heard of the end itself.
            let mut at_rest = 0;
            while at_rest < 2 {
                match self.consumer(context).await {
                    Ok(info) if info.ack_floor.stream_sequence >= end => return,
                    // The floor stays where the last message of its own is, however much there is for others behind it.
                    Ok(info) if info.num_pending == 0 && info.num_ack_pending == 0 => at_rest += 1,
                    Ok(_) | Err(_) => at_rest = 0,
                }
                sleep(POLL).await;
            }
        });
        Ok(waited.await.is_ok())
    }

    async fn consumer(&self, context: &str) -> Result<Info, Fault> {
        let info = self.stream()?.consumer_info(context).await;
        info.map_err(|why| Fault::Refused(why.to_string()))
    }
}
