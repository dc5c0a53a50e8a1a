use super::*;
use proto::cinema::movie::v1::MovieStatus::{Closed, Open, PendingScreen};

const A: &str = "screen-a";
const B: &str = "screen-b";

#[tokio::test]
async fn a_home_opens_it_and_a_repeat_changes_nothing() {
    let world = world();
    let mut staff = client(&world, "staff");
    let movie = register(&mut staff, soul("1")).await.unwrap();
    screen(&world, A, 1, "").await;
    assert_eq!(
        get(&mut staff, &movie.movie_id).await.status(),
        PendingScreen
    );

    screen(&world, A, 2, &movie.movie_id).await;
    let open = get(&mut staff, &movie.movie_id).await;
    assert_eq!(
        (open.status(), &*open.home_screen_id, open.version),
        (Open, A, 2)
    );
    assert_eq!(
        stated(&world).await[1],
        ("MovieOpened".to_owned(), open.clone())
    );

    // The same state under a newer version, an older state, and a delivery that comes twice.
    screen(&world, A, 3, &movie.movie_id).await;
    screen(&world, A, 1, "").await;
    screen(&world, A, 3, &movie.movie_id).await;
    assert_eq!(get(&mut staff, &movie.movie_id).await, open);
    assert_eq!(stated(&world).await.len(), 2);
}

#[tokio::test]
async fn it_stays_open_when_its_home_moves_and_knows_the_new_one() {
    let world = world();
    let mut staff = client(&world, "staff");
    let movie = register(&mut staff, soul("1")).await.unwrap().movie_id;
    // It moved from A to B, which is heard of in the wrong order.
    screen(&world, B, 2, &movie).await;
    screen(&world, A, 2, &movie).await;
    screen(&world, A, 3, "").await;
    let moved = get(&mut staff, &movie).await;
    assert_eq!((moved.status(), &*moved.home_screen_id), (Open, B));

    screen(&world, B, 3, "").await;
    let homeless = get(&mut staff, &movie).await;
    assert_eq!((homeless.status(), &*homeless.home_screen_id), (Open, ""));
    let last = stated(&world).await.pop();
    assert_eq!(last, Some(("MovieOpened".to_owned(), homeless)));
}

#[tokio::test]
async fn a_home_does_not_open_it_again_once_closed() {
    let world = world();
    let mut staff = client(&world, "staff");
    let movie = register(&mut staff, soul("1")).await.unwrap().movie_id;
    close(&mut staff, &movie).await.unwrap();
    screen(&world, A, 1, &movie).await;
    let closed = get(&mut staff, &movie).await;
    assert_eq!((closed.status(), &*closed.home_screen_id), (Closed, A));

    screen(&world, A, 2, "").await;
    let closed = get(&mut staff, &movie).await;
    assert_eq!((closed.status(), &*closed.home_screen_id), (Closed, ""));
    let told = stated(&world).await;
    let names: Vec<_> = told
        .iter()
        .map(|(name, movie)| (&**name, movie.version))
        .collect();
    assert_eq!(
        names,
        [
            ("MovieRegistered", 1),
            ("MovieClosed", 2),
            ("MovieClosed", 3),
            ("MovieClosed", 4)
        ]
    );
}

#[tokio::test]
async fn a_screen_that_changes_hands_opens_the_next_movie() {
    let world = world();
    let mut staff = client(&world, "staff");
    let first = register(&mut staff, soul("1")).await.unwrap().movie_id;
    let second = register(&mut staff, soul("2")).await.unwrap().movie_id;
    screen(&world, A, 1, &first).await;
    screen(&world, A, 2, &second).await;
    assert_eq!(get(&mut staff, &first).await.home_screen_id, "");
    let second = get(&mut staff, &second).await;
    assert_eq!((second.status(), &*second.home_screen_id), (Open, A));
    screen(&world, B, 1, "a movie nobody knows").await;
}
