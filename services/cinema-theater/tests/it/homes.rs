//! Whenever a movie is registered, it is given a home screen.

use crate::fixture::{Cinema, MINUTE, reason};
use mesh::id;
use proto::cinema::movie::v1::{Movie, MovieStatus};
use proto::cinema::theater::v1::{CreateScreenRequest, ListScreensRequest, Screen};
use testing::Caller;

impl Cinema {
    async fn registered(&self) -> String {
        let movie_id = id::new();
        self.world.advance(MINUTE);
        self.movie(&movie_id, 1, MovieStatus::PendingScreen).await;
        movie_id
    }

    /// Where the movie is at home, as the catalogue was told.
    fn home_of(&self, movie_id: &str) -> Option<String> {
        let mut homes = std::collections::BTreeMap::new();
        for screen in self.screens.lock().unwrap().iter() {
            homes.insert(screen.screen_id.clone(), screen.clone());
        }
        let mut homes = homes.into_values().filter(|s| s.home_movie_id == movie_id);
        let home = homes.next();
        assert!(homes.next().is_none(), "two homes");
        home.map(|screen| format!("{} {}", screen.theater, screen.name))
    }

    fn told_of(&self, screen: &Screen) -> Vec<(i64, bool)> {
        let screens = self.screens.lock().unwrap();
        screens
            .iter()
            .filter(|told| told.screen_id == screen.screen_id)
            .map(|told| (told.version, !told.home_movie_id.is_empty()))
            .collect()
    }
}

#[tokio::test]
async fn a_movie_is_at_home_in_the_least_loaded_theater() {
    let cinema = Cinema::new();
    for (theater, name) in [
        ("Seoul", "1"),
        ("Seoul", "2"),
        ("Busan", "2"),
        ("Busan", "1"),
    ] {
        cinema.screen(theater, name).await;
    }
    let mut homes = Vec::new();
    for _ in 0..5 {
        let movie = cinema.registered().await;
        homes.push(cinema.home_of(&movie).unwrap_or_default());
    }
    assert_eq!(homes, ["Busan 1", "Seoul 1", "Busan 2", "Seoul 2", ""]);
}

#[tokio::test]
async fn a_new_screen_is_the_home_of_the_longest_waiting() {
    let cinema = Cinema::new();
    let (first, second) = (cinema.registered().await, cinema.registered().await);
    let screen = cinema.screen("Seoul", "1").await;
    assert_eq!(screen.home_movie_id, first);
    assert_eq!(screen.version, 1);
    assert_eq!(cinema.told_of(&screen), [(1, true)]);
    assert_eq!(cinema.home_of(&second), None);
    cinema.screen("Seoul", "2").await;
    assert_eq!(cinema.home_of(&second).unwrap(), "Seoul 2");
}

#[tokio::test]
async fn a_closed_movies_home_goes_to_the_longest_waiting() {
    let cinema = Cinema::new();
    let screen = cinema.screen("Seoul", "1").await;
    let [closed, waiting, later] = [
        cinema.registered().await,
        cinema.registered().await,
        cinema.registered().await,
    ];
    cinema.movie(&closed, 3, MovieStatus::Closed).await;
    assert_eq!(cinema.home_of(&closed), None);
    assert_eq!(cinema.home_of(&waiting).unwrap(), "Seoul 1");
    assert_eq!(cinema.told_of(&screen), [(1, false), (2, true), (3, true)]);
    cinema.movie(&waiting, 3, MovieStatus::Closed).await;
    cinema.movie(&later, 3, MovieStatus::Closed).await;
    assert_eq!(
        cinema.told_of(&screen).last(),
        Some(&(5, false)),
        "nobody waits any more"
    );
}

#[tokio::test]
async fn a_movie_that_closed_before_it_was_heard_of_has_no_home() {
    let cinema = Cinema::new();
    cinema.screen("Seoul", "1").await;
    let movie = id::new();
    cinema.movie(&movie, 3, MovieStatus::Closed).await;
    cinema.movie(&movie, 1, MovieStatus::PendingScreen).await;
    assert_eq!(cinema.home_of(&movie), None);
}

#[tokio::test]
async fn a_movie_that_opened_before_it_was_heard_of_has_one_home() {
    let cinema = Cinema::new();
    let screen = cinema.screen("Seoul", "1").await;
    cinema.screen("Seoul", "2").await;
    let movie = id::new();
    for version in [2, 2, 1, 5, 4] {
        cinema.movie(&movie, version, MovieStatus::Open).await;
    }
    assert_eq!(cinema.home_of(&movie).unwrap(), "Seoul 1");
    assert_eq!(cinema.told_of(&screen), [(1, false), (2, true)]);
}

#[tokio::test]
async fn a_movie_without_a_ticket_price_needs_no_screen() {
    let cinema = Cinema::new();
    cinema.screen("Seoul", "1").await;
    let movie = Movie {
        movie_id: id::new(),
        version: 1,
        status: MovieStatus::Open.into(),
        ..Movie::default()
    };
    cinema.state_movie(movie.clone()).await;
    assert_eq!(cinema.home_of(&movie.movie_id), None);
}

#[tokio::test]
async fn a_screen_is_created_once_and_its_name_is_its_own() {
    let cinema = Cinema::new();
    let request = CreateScreenRequest {
        request_id: "once".to_owned(),
        theater: "Seoul".to_owned(),
        name: "1".to_owned(),
        rows: 4,
        columns: 5,
    };
    let first = cinema.staff().create_screen(request.clone()).await.unwrap();
    cinema.registered().await;
    let again = cinema.staff().create_screen(request.clone()).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    let other = CreateScreenRequest {
        request_id: "twice".to_owned(),
        ..request
    };
    let refused = cinema.staff().create_screen(other).await.unwrap_err();
    assert_eq!(reason(&refused), "SCREEN_EXISTS");
}

#[tokio::test]
async fn every_wrong_field_of_a_screen_is_told() {
    let cinema = Cinema::new();
    let request = CreateScreenRequest {
        rows: 51,
        columns: 27,
        ..CreateScreenRequest::default()
    };
    let refused = cinema.staff().create_screen(request).await.unwrap_err();
    for field in ["request_id", "theater", "name", "rows", "columns"] {
        assert!(refused.message().contains(field), "{field}");
    }
}

#[tokio::test]
async fn screens_are_listed_by_theater_and_name() {
    let cinema = Cinema::new();
    for (theater, name) in [("B", "2"), ("A", "9"), ("B", "1"), ("C", "1")] {
        cinema.screen(theater, name).await;
    }
    let mut client = cinema.client(Caller::customer("ann"));
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListScreensRequest {
            page_size: 2,
            page_token,
            theater: String::new(),
        };
        let page = client.list_screens(request).await.unwrap().into_inner();
        seen.extend(page.screens.into_iter().map(|s| s.theater + &s.name));
        page_token = page.next_page_token;
        assert!(seen.len() <= 4, "it has no end");
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["A9", "B1", "B2", "C1"]);
    let request = ListScreensRequest {
        theater: "B".to_owned(),
        ..ListScreensRequest::default()
    };
    let page = client.list_screens(request).await.unwrap().into_inner();
    assert_eq!(page.screens.len(), 2);
}
