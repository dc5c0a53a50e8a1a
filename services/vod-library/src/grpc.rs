//! The customer's call.

use crate::domain::{self, NotWatchable};
use crate::{licences, playback};
use mesh::identity::Key;
use mesh::{Refusal, Site, Store, call, id, text};
use ordering::fulfilments;
use proto::vod::library::v1::library_service_server::LibraryService;
use proto::vod::library::v1::{WatchMovieRequest, WatchMovieResponse};
use tonic::{Request, Response, Status};

/// Serves movies that were bought.
pub struct Library {
    store: Store,
    key: Key,
}

impl Library {
    /// The library of `site`, with the key that signs its links.
    pub fn new(site: &Site, key: Key) -> Self {
        Self {
            store: site.store.clone(),
            key,
        }
    }
}

#[tonic::async_trait]
impl LibraryService for Library {
    async fn watch_movie(
        &self,
        request: Request<WatchMovieRequest>,
    ) -> Result<Response<WatchMovieResponse>, Status> {
        let (user, key) = (call::user()?, self.key.clone());
        let order_id = id::canonical(&request.get_ref().order_id);
        let watched = self.store.write(order_id.clone(), move |tx| {
            let licence = licences::own(tx.db(), &order_id, &user.subject)?;
            let now = tx.now();
            let watched_at = fulfilments::update(tx, &order_id, None, |order| {
                let watched = domain::watch(order, now).map_err(refused);
                (watched, Some("yemae.vod.library.v1.MovieWatched"))
            })??;
            let (url, expires_at) = playback::link(&key, &licence.movie_id, &order_id, now);
            Ok(WatchMovieResponse {
                playback_url: url,
                expires_at: Some(expires_at.into()),
                watched_at: Some(watched_at.into()),
            })
        });
        Ok(Response::new(watched.await?))
    }
}

fn refused(no: NotWatchable) -> Refusal {
    match no {
        NotWatchable::NotPurchased => Refusal::precondition(
            "NOT_PURCHASED",
            text(
                "the licence is still being bought",
                "아직 구매가 완료되지 않았습니다.",
            ),
        ),
        NotWatchable::Cancelled => Refusal::precondition(
            "ORDER_CANCELLED",
            text("the order was cancelled", "취소된 주문입니다."),
        ),
    }
}
