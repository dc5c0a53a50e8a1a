//! What people and other contexts ask the catalogue.

use crate::movie::Movie;
use crate::store;
use mesh::{Page, Refusal, Store, fields, id, request};
use proto::cinema::movie::v1::movie_service_server::MovieService;
use proto::cinema::movie::v1::{
    CloseMovieRequest, CloseMovieResponse, GetMovieRequest, GetMovieResponse, ListMoviesRequest,
    ListMoviesResponse, RegisterMovieRequest, RegisterMovieResponse,
};
use tonic::{Request, Response, Status};

/// The handlers of `MovieService`.
pub struct Handlers {
    pub store: Store,
}

fn not_found() -> Refusal {
    Refusal::not_found("movie")
}

#[tonic::async_trait]
impl MovieService for Handlers {
    async fn register_movie(
        &self,
        request: Request<RegisterMovieRequest>,
    ) -> Result<Response<RegisterMovieResponse>, Status> {
        let request = request.into_inner();
        let key = request::Key::new(&request.request_id, &request)?;
        let registered = request::once(&self.store, key.lane(), key, move |tx| {
            let movie = Movie::register(&request, tx.now());
            store::insert(tx.db(), &movie)?;
            movie.tell(tx)?;
            let movie = Some((&movie).into());
            Ok(RegisterMovieResponse { movie })
        });
        Ok(Response::new(registered.await?))
    }

    async fn get_movie(
        &self,
        request: Request<GetMovieRequest>,
    ) -> Result<Response<GetMovieResponse>, Status> {
        let movie_id = id::canonical(&request.get_ref().movie_id);
        let found = self.store.read(move |db| Ok(store::find(db, &movie_id)?));
        let movie = found.await?.ok_or_else(not_found)?;
        let movie = Some((&movie).into());
        Ok(Response::new(GetMovieResponse { movie }))
    }

    async fn list_movies(
        &self,
        request: Request<ListMoviesRequest>,
    ) -> Result<Response<ListMoviesResponse>, Status> {
        let request = request.into_inner();
        let page = fields::read(|f| Page::read(f, request.page_size, &request.page_token))?;
        let listed = self.store.read(move |db| {
            let mut movies = store::list(db, &page, &request.statuses)?;
            let next_page_token = page.cut(&mut movies, |m| (m.registered_at, m.movie_id.clone()));
            Ok(ListMoviesResponse {
                movies: movies.iter().map(Into::into).collect(),
                next_page_token,
            })
        });
        Ok(Response::new(listed.await?))
    }

    async fn close_movie(
        &self,
        request: Request<CloseMovieRequest>,
    ) -> Result<Response<CloseMovieResponse>, Status> {
        let movie_id = id::canonical(&request.get_ref().movie_id);
        let closed = self.store.write(movie_id.clone(), move |tx| {
            let mut movie = store::lock(tx.db(), &movie_id)?.ok_or_else(not_found)?;
            if movie.close() {
                store::save(tx.db(), &movie)?;
                movie.tell(tx)?;
            }
            let movie = Some((&movie).into());
            Ok(CloseMovieResponse { movie })
        });
        Ok(Response::new(closed.await?))
    }
}
