use super::*;

const NOW: Time = Time(1_750_000_000_000_000);

fn row(id: &str, written_at: Time) -> Written {
    Written {
        id: id.to_owned(),
        version: 1,
        written_at: written_at.0,
    }
}

fn send(position: &mut Position, row: &Written) {
    let sent = Sent {
        version: row.version,
        written_at: row.written_at,
    };
    position.advance(row.clone(), sent, NOW.0);
}

#[test]
fn what_was_not_wanted_is_not_looked_at_again() {
    let mut position = Position::resume("", NOW).unwrap();
    let old = row("old", NOW);
    send(&mut position, &old);
    let newer = NOW.plus(Duration::from_secs(60));
    position.pass(newer.0);
    assert_eq!(position.reach(), newer.minus(BACK).0);
    assert!(position.sent.is_empty(), "no look reaches back to it");
    position.pass(NOW.0);
    assert_eq!(position.at, newer.0, "it never moves back");
}

#[test]
fn what_a_later_look_lists_hides_nothing_that_became_visible_since_the_first() {
    let mut position = Position::resume("", NOW).unwrap();
    let later = row("later", NOW.plus(Duration::from_secs(600)));
    send(&mut position, &later);
    assert_eq!(position.reach(), NOW.minus(BACK).0);
    assert!(!position.is_news(&later), "and it is not sent again");
}

#[test]
fn a_cursor_remembers_when_its_watch_began() {
    let mut position = Position::resume("", NOW).unwrap();
    send(&mut position, &row("first", NOW));
    let later = NOW.plus(Duration::from_secs(3600));
    let resumed = Position::resume(&position.cursor(), later).unwrap();
    assert_eq!((resumed.began, resumed.at), (NOW.0, NOW.0));
    assert!(!resumed.is_news(&row("first", NOW)));
}

#[test]
fn of_another_generation_everything_is_wanted() {
    let since = Since {
        generation: 1,
        behind: (NOW.0, "id".to_owned()),
        began: NOW.0,
    };
    assert_eq!(since.of(1), (NOW.0, "id"));
    assert_eq!(since.of(2), (i64::MIN, ""));
    assert_eq!(since.began(), NOW.minus(BACK).0);
}

#[test]
fn the_longest_cursor_is_one_that_the_contracts_let_in() {
    let mut position = Position::resume("", NOW).unwrap();
    for _ in 0..2 * IN_CURSOR {
        send(&mut position, &row(&crate::id::new(), NOW));
    }
    let longest = position.cursor().len();
    assert!((3_000..8_192).contains(&longest), "{longest}");
}
