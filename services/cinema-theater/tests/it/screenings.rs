//! Screenings: planned so that none is on a screen that another takes.

use crate::fixture::{Cinema, DAY, MINUTE, reason};
use mesh::id;
use proto::cinema::movie::v1::{Movie, MovieStatus};
use proto::cinema::theater::v1::{ListScreeningsRequest, ScheduleScreeningRequest, Screening};
use tonic::Code;

#[tokio::test]
async fn a_screen_is_busy_until_it_is_clean_again() {
    let (cinema, first) = Cinema::showing().await;
    let other = cinema.screen("Seoul", "2").await;
    let starts_at: mesh::Time = first.starts_at.unwrap().into();
    // 100 minutes and 15 to clean, to either side.
    for (minutes, free) in [(114, false), (115, true), (0, false), (50, false)] {
        let start = starts_at.plus(MINUTE * minutes);
        let planned = cinema.schedule(&first.movie_id, &first.screen_id, start);
        match planned.await {
            Ok(_) => assert!(free, "{minutes}"),
            Err(refused) => {
                assert!(!free, "{minutes}: {refused}");
                assert_eq!(reason(&refused), "SCREEN_BUSY");
            }
        }
    }
    for (minutes, free) in [(114, false), (115, true)] {
        let start = starts_at.minus(MINUTE * minutes);
        let planned = cinema.schedule(&first.movie_id, &first.screen_id, start);
        assert_eq!(planned.await.is_ok(), free, "{minutes}");
    }
    let elsewhere = cinema.schedule(&first.movie_id, &other.screen_id, starts_at);
    assert!(elsewhere.await.is_ok());
}

#[tokio::test]
async fn a_screening_is_stated_until_nobody_needs_it() {
    let (cinema, screening) = Cinema::showing().await;
    assert_eq!(
        cinema.screenings.lock().unwrap().as_slice(),
        std::slice::from_ref(&screening)
    );
    assert_eq!(screening.version, 1);
    assert_eq!((screening.rows, screening.columns), (4, 5));
    let starts_at = mesh::Time::from(screening.starts_at.unwrap());
    let ends_at = mesh::Time::from(screening.ends_at.unwrap());
    assert_eq!(ends_at, starts_at.plus(MINUTE * 100));
}

#[tokio::test]
async fn only_a_movie_that_is_about_to_be_shown_can_be_planned() {
    let cinema = Cinema::new();
    let (open, waiting, closed, at_home) = (id::new(), id::new(), id::new(), id::new());
    let screen = cinema.screen("Seoul", "1").await;
    let start = cinema.world.now().plus(DAY);
    cinema.movie(&open, 2, MovieStatus::Open).await;
    cinema.movie(&waiting, 1, MovieStatus::PendingScreen).await;
    cinema.movie(&closed, 3, MovieStatus::Closed).await;
    for movie in [&waiting, &closed] {
        let refused = cinema.schedule(movie, &screen.screen_id, start).await;
        assert_eq!(reason(&refused.unwrap_err()), "MOVIE_NOT_OPEN");
    }
    cinema.movie(&open, 3, MovieStatus::Closed).await;
    let planned = cinema.schedule(&waiting, &screen.screen_id, start).await;
    assert!(planned.is_ok(), "it has a home now, and is about to open");

    let on_demand = Movie {
        movie_id: at_home.clone(),
        version: 1,
        status: MovieStatus::Open.into(),
        ..Movie::default()
    };
    cinema.state_movie(on_demand).await;
    let refused = cinema.schedule(&at_home, &screen.screen_id, start).await;
    assert_eq!(reason(&refused.unwrap_err()), "MOVIE_NOT_OPEN");
}

#[tokio::test]
async fn what_is_unknown_or_past_is_refused() {
    let (cinema, first) = Cinema::showing().await;
    let (now, nobody) = (cinema.world.now(), id::new());
    let unknown = cinema.schedule(&nobody, &first.screen_id, now.plus(DAY * 2));
    assert_eq!(unknown.await.unwrap_err().code(), Code::NotFound);
    let unknown = cinema.schedule(&first.movie_id, &nobody, now.plus(DAY * 2));
    assert_eq!(unknown.await.unwrap_err().code(), Code::NotFound);
    let past = cinema.schedule(&first.movie_id, &first.screen_id, now);
    assert_eq!(past.await.unwrap_err().code(), Code::InvalidArgument);
    let empty = ScheduleScreeningRequest::default();
    let refused = cinema.staff().schedule_screening(empty).await.unwrap_err();
    for field in ["request_id", "movie_id", "screen_id", "starts_at"] {
        assert!(refused.message().contains(field), "{field}");
    }
}

#[tokio::test]
async fn a_repeat_answers_the_same_screening_also_when_it_is_over() {
    let (cinema, first) = Cinema::showing().await;
    let request = ScheduleScreeningRequest {
        request_id: "once".to_owned(),
        movie_id: first.movie_id.clone(),
        screen_id: first.screen_id.clone(),
        starts_at: Some(cinema.world.now().plus(DAY * 2).into()),
    };
    let mut staff = cinema.staff();
    let planned = staff.schedule_screening(request.clone()).await.unwrap();
    cinema.world.advance(DAY * 3);
    let again = staff.schedule_screening(request).await.unwrap();
    assert_eq!(planned.into_inner(), again.into_inner());
}

#[tokio::test]
async fn screenings_are_listed_by_start_from_now_on() {
    let (cinema, first) = Cinema::showing().await;
    let now = cinema.world.now();
    for day in [4, 2, 3] {
        let start = now.plus(DAY * day);
        let planned = cinema.schedule(&first.movie_id, &first.screen_id, start);
        planned.await.unwrap();
    }
    cinema.world.advance(DAY + MINUTE);
    let mut client = cinema.customer("ann");
    let (mut seen, mut page_token) = (Vec::<Screening>::new(), String::new());
    loop {
        let request = ListScreeningsRequest {
            page_size: 2,
            page_token,
            movie_id: first.movie_id.clone(),
            from: None,
        };
        let page = client.list_screenings(request).await.unwrap().into_inner();
        seen.extend(page.screenings);
        page_token = page.next_page_token;
        assert!(seen.len() <= 4, "it has no end");
        if page_token.is_empty() {
            break;
        }
    }
    let days = seen
        .iter()
        .map(|s| mesh::Time::from(s.starts_at.unwrap()).since(now).as_secs() / DAY.as_secs());
    assert_eq!(days.collect::<Vec<_>>(), [2, 3, 4]);
    let request = ListScreeningsRequest {
        from: Some(now.into()),
        ..ListScreeningsRequest::default()
    };
    let all = client.list_screenings(request).await.unwrap().into_inner();
    assert_eq!(all.screenings.len(), 4);
    let request = ListScreeningsRequest {
        movie_id: id::new(),
        ..ListScreeningsRequest::default()
    };
    let none = client.list_screenings(request).await.unwrap().into_inner();
    assert!(none.screenings.is_empty());
}
