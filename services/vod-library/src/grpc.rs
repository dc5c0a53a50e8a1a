//! The customer's call.

use crate::domain::{self, WATCHED};
use crate::{licences, playback};
use mesh::identity::Key;
use mesh::{Reply, Site, Store, call, id};
use ordering::fulfilments;
use proto::vod::library::v1::library_service_server::LibraryService;
use proto::vod::library::v1::{WatchMovieRequest, WatchMovieResponse};
use tonic::{Request, Response};

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
    async fn watch_movie(&self, request: Request<WatchMovieRequest>) -> Reply<WatchMovieResponse> {
        let (user, key) = (call::user()?, self.key.clone());
        let order_id = id::canonical(&request.get_ref().order_id);
        let watched = self.store.write(order_id.clone(), move |tx| {
            let licence = licences::own(tx.db(), &order_id, &user.subject)?;
            let order = fulfilments::decide(tx, &order_id, None, domain::watch)?;
            let (url, expires_at) = playback::link(&key, &licence.movie_id, &order_id, tx.now());
            Ok(WatchMovieResponse {
                playback_url: url,
                expires_at: Some(expires_at.into()),
                watched_at: order.reached_at(WATCHED).map(Into::into),
            })
        });
        Ok(Response::new(watched.await?))
    }
}
