use super::*;
use proto::cinema::movie::v1::{ListMoviesRequest, MovieStatus};
use std::time::Duration;
use tonic::Code;

async fn list(client: &mut Client, request: ListMoviesRequest) -> (Vec<String>, String) {
    let page = client.list_movies(request).await.unwrap().into_inner();
    let titles = page.movies.into_iter().map(|movie| movie.title).collect();
    (titles, page.next_page_token)
}

async fn three(world: &World) -> Client {
    let mut staff = client(world, "staff");
    for title in ["first", "second", "third"] {
        let movie = RegisterMovieRequest {
            title: title.to_owned(),
            ..soul(title)
        };
        let movie = register(&mut staff, movie).await.unwrap();
        if title == "second" {
            close(&mut staff, &movie.movie_id).await.unwrap();
        } else {
            // The second and the third are of the same moment: their ids tell them apart.
            world.advance(Duration::from_secs(1));
        }
    }
    staff
}

#[tokio::test]
async fn pages_are_newest_first_and_miss_nothing() {
    let world = world();
    let mut staff = three(&world).await;
    let request = |page_token| ListMoviesRequest {
        page_size: 1,
        page_token,
        statuses: Vec::new(),
    };
    let mut titles = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let (page, next) = list(&mut staff, request(token)).await;
        assert_eq!(page.len(), 1);
        titles.extend(page);
        token = next;
    }
    assert_eq!(titles, ["third", "second", "first"]);
    assert_eq!(token, "");
}

#[tokio::test]
async fn statuses_choose() {
    let world = world();
    let mut staff = three(&world).await;
    let mut of = async |statuses: &[MovieStatus]| {
        let statuses = statuses.iter().map(|s| (*s).into()).collect();
        let request = ListMoviesRequest {
            statuses,
            ..ListMoviesRequest::default()
        };
        list(&mut staff, request).await.0
    };
    use MovieStatus::{Closed, Open, PendingScreen};
    assert_eq!(of(&[Closed]).await, ["second"]);
    assert_eq!(of(&[PendingScreen, Open]).await, ["third", "first"]);
    assert_eq!(of(&[Closed, Closed, PendingScreen]).await.len(), 3);
}

#[tokio::test]
async fn wrong_pages_and_statuses_are_refused() {
    let world = world();
    let wrong = ListMoviesRequest {
        page_size: 201,
        page_token: String::new(),
        statuses: vec![0, 7],
    };
    let refused = client(&world, "staff").list_movies(wrong).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for field in ["page_size", "statuses"] {
        assert!(refused.message().contains(field), "{field}");
    }
    let wrong = ListMoviesRequest {
        page_token: "?".to_owned(),
        ..ListMoviesRequest::default()
    };
    let refused = client(&world, "staff").list_movies(wrong).await;
    assert!(refused.unwrap_err().message().contains("page_token"));
}
