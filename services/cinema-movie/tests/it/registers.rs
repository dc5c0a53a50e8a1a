use super::*;
use proto::cinema::movie::v1::MovieStatus;
use tonic::Code;
use tonic_types::StatusExt;

fn fields(status: &Status) -> Vec<String> {
    let wrong = status.get_details_bad_request().unwrap();
    wrong
        .field_violations
        .into_iter()
        .map(|v| v.field)
        .collect()
}

#[tokio::test]
async fn a_theatrical_movie_waits_for_a_screen_and_another_does_not() {
    let world = world();
    let mut staff = client(&world, "staff");

    let theatrical = register(&mut staff, soul("1")).await.unwrap();
    assert_eq!(theatrical.status(), MovieStatus::PendingScreen);
    assert_eq!(theatrical.version, 1);
    assert_eq!(theatrical.ticket_price, won(14_000));
    assert_eq!(theatrical.registered_at, Some(world.now().into()));

    let at_home = RegisterMovieRequest {
        ticket_price: None,
        vod_price: won(0),
        ..soul("2")
    };
    let at_home = register(&mut staff, at_home).await.unwrap();
    assert_eq!(at_home.status(), MovieStatus::Open);
    assert_eq!(at_home.vod_price, won(0));

    assert_eq!(get(&mut staff, &theatrical.movie_id).await, theatrical);
    let registered = |movie| ("MovieRegistered".to_owned(), movie);
    assert_eq!(
        stated(&world).await,
        [registered(theatrical), registered(at_home)]
    );
}

#[tokio::test]
async fn a_repeat_answers_the_movie_as_registered() {
    let world = world();
    let mut staff = client(&world, "staff");
    let first = register(&mut staff, soul("1")).await.unwrap();
    close(&mut staff, &first.movie_id).await.unwrap();
    assert_eq!(register(&mut staff, soul("1")).await.unwrap(), first);
    assert_eq!(stated(&world).await.len(), 2);

    let other = RegisterMovieRequest {
        title: "Luca".to_owned(),
        ..soul("1")
    };
    let refused = register(&mut staff, other).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(fields(&refused), ["request_id"]);

    let of_another = register(&mut client(&world, "colleague"), soul("1")).await;
    assert_ne!(of_another.unwrap().movie_id, first.movie_id);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let world = world();
    let nothing = Money {
        currency: "won".to_owned(),
        minor_units: 0,
    };
    let wrong = RegisterMovieRequest {
        request_id: String::new(),
        title: "x".repeat(201),
        running_minutes: 1001,
        rating: 99,
        ticket_price: Some(nothing.clone()),
        vod_price: Some(Money {
            minor_units: -1,
            ..nothing
        }),
    };
    let refused = register(&mut client(&world, "staff"), wrong).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        fields(&refused),
        [
            "request_id",
            "title",
            "running_minutes",
            "rating",
            "ticket_price.currency",
            "ticket_price.minor_units",
            "vod_price.currency",
            "vod_price.minor_units",
        ]
    );
    assert!(stated(&world).await.is_empty());
}

#[tokio::test]
async fn closing_is_done_once_and_may_be_repeated() {
    let world = world();
    let mut staff = client(&world, "staff");
    let movie = register(&mut staff, soul("1")).await.unwrap();
    let closed = close(&mut staff, &movie.movie_id).await.unwrap();
    assert_eq!(closed.status(), MovieStatus::Closed);
    assert_eq!(closed.version, 2);
    assert_eq!(close(&mut staff, &movie.movie_id).await.unwrap(), closed);
    let told = stated(&world).await;
    assert_eq!(told[1..], [("MovieClosed".to_owned(), closed)]);
}

#[tokio::test]
async fn an_unknown_movie_is_not_found() {
    let world = world();
    let mut staff = client(&world, "staff");
    let unknown = close(&mut staff, &mesh::id::new()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let no_id = close(&mut staff, "soul").await.unwrap_err();
    assert_eq!(fields(&no_id), ["movie_id"]);
}
