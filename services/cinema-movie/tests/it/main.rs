//! The catalogue, through its contract.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod lists;
mod registers;
mod screens;

use diesel::prelude::*;
use mesh::schema::outbox;
use mesh::{Context, Event, policy};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{
    CloseMovieRequest, GetMovieRequest, Movie, Rating, RegisterMovieRequest,
};
use proto::cinema::theater::v1::{Screen, ScreenChanged};
use proto::shared::v1::Money;
use testing::{Caller, World};
use tonic::Status;

type Client = MovieServiceClient<mesh::client::Client>;

/// A catalogue, and a theater that says what a test wants it to.
fn world() -> World {
    World::new()
        .with(cinema_movie::context())
        .with(Context::new("cinema-theater"))
}

fn client(world: &World, staff: &str) -> Client {
    let caller = Caller::user(staff, &["staff"]);
    MovieServiceClient::new(world.client("cinema-movie", caller))
}

fn won(minor_units: i64) -> Option<Money> {
    Some(Money {
        currency: "KRW".to_owned(),
        minor_units,
    })
}

fn soul(request_id: &str) -> RegisterMovieRequest {
    RegisterMovieRequest {
        request_id: request_id.to_owned(),
        title: "Soul".to_owned(),
        running_minutes: 101,
        rating: Rating::All.into(),
        ticket_price: won(14_000),
        vod_price: None,
    }
}

async fn register(client: &mut Client, request: RegisterMovieRequest) -> Result<Movie, Status> {
    let answer = client.register_movie(request).await?;
    Ok(answer.into_inner().movie.unwrap())
}

async fn get(client: &mut Client, movie_id: &str) -> Movie {
    let movie_id = movie_id.to_owned();
    let answer = client.get_movie(GetMovieRequest { movie_id }).await;
    answer.unwrap().into_inner().movie.unwrap()
}

async fn close(client: &mut Client, movie_id: &str) -> Result<Movie, Status> {
    let movie_id = movie_id.to_owned();
    let answer = client.close_movie(CloseMovieRequest { movie_id }).await?;
    Ok(answer.into_inner().movie.unwrap())
}

/// Theater states a screen at a version.
async fn screen(world: &World, screen_id: &str, version: i64, home_movie_id: &str) {
    let screen = Screen {
        screen_id: screen_id.to_owned(),
        version,
        home_movie_id: home_movie_id.to_owned(),
        ..Screen::default()
    };
    let event = Event::new(
        screen_id,
        version,
        &ScreenChanged {
            screen: Some(screen),
        },
    );
    let store = &world.site("cinema-theater").store;
    let enqueued = store.write((), move |tx| tx.enqueue(event.clone()));
    enqueued.await.unwrap();
    world.settle().await;
}

/// What the catalogue has stated: each event's name and movie, oldest first.
async fn stated(world: &World) -> Vec<(String, Movie)> {
    let read = world.site("cinema-movie").store.read(|db| {
        let rows: Vec<(String, Vec<u8>)> = outbox::table
            .order(outbox::seq)
            .select((outbox::name, outbox::body))
            .load(db)?;
        rows.into_iter()
            .map(|(name, body)| {
                let name = name.rsplit('.').next().unwrap_or_default().to_owned();
                Ok((name, policy::decode_entity(&body)?))
            })
            .collect()
    });
    read.await.unwrap()
}
