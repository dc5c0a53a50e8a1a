use super::*;

const NOW: Time = Time(1_000);

/// Does something with a ride that has come so far, with the first driver.
fn at<T>(steps: &[i32], act: impl FnOnce(&mut Drive<'_>) -> T) -> (T, Fulfilment, Option<String>) {
    let mut ride = Fulfilment::new("ride");
    for step in steps {
        ride.reach(*step, NOW);
    }
    ride.irrevocable = ride.has_reached(PICKED_UP);
    let mut driver = ride.has_reached(ASSIGNED).then(|| "first".to_owned());
    let done = act(&mut Drive {
        ride: &mut ride,
        driver: &mut driver,
    });
    (done, ride, driver)
}

fn driver(id: &str) -> Driver {
    Driver {
        id: id.to_owned(),
        name: format!("{id} name"),
        car: "white Sonata".to_owned(),
        phone: "010-1234-5678".to_owned(),
    }
}

const CALLED: &[i32] = &[WAITING];
const COMING: &[i32] = &[WAITING, ASSIGNED];
const DRIVING: &[i32] = &[WAITING, ASSIGNED, PICKED_UP];
const OVER: &[i32] = &[WAITING, ASSIGNED, PICKED_UP, ARRIVED];

#[test]
fn each_command_in_each_state_is_done_once_or_refused_for_its_reason() {
    let pick_up = |steps| at(steps, |drive| drive.pick_up(NOW)).0;
    assert_eq!(pick_up(COMING), Ok(Some(event::PICKED_UP)));
    assert_eq!(pick_up(DRIVING), Ok(None));
    assert_eq!(pick_up(OVER), Ok(None));
    let arrive = |steps| at(steps, |drive| drive.arrive(NOW)).0;
    assert_eq!(arrive(COMING), Err(no::NOT_PICKED_UP));
    assert_eq!(arrive(DRIVING), Ok(Some(event::ARRIVED)));
    assert_eq!(arrive(OVER), Ok(None));
    let decline = |steps| at(steps, |drive| drive.decline(None, NOW)).0;
    assert_eq!(decline(COMING), Ok(Some(event::DECLINED)));
    assert_eq!(decline(DRIVING), Err(no::PICKED_UP));
    assert_eq!(decline(OVER), Err(no::PICKED_UP));
    let after_all = at(COMING, |drive| {
        drive.void(NOW);
        let no = Err(no::CANCELLED);
        assert_eq!(drive.decline(Some(driver("next")), NOW), no);
        assert_eq!(drive.pick_up(NOW), no);
        assert_eq!(drive.arrive(NOW), no);
        drive.status()
    });
    assert_eq!(after_all.0, CANCELLED);
}

#[test]
fn a_cancellation_is_agreed_to_until_the_customer_is_picked_up() {
    for (steps, agreed) in [
        (&[][..], true),
        (CALLED, true),
        (COMING, true),
        (DRIVING, false),
        (OVER, false),
    ] {
        let (_, ride, _) = at(steps, |drive| drive.answer(1, NOW));
        let answer = ride.answer.unwrap();
        assert_eq!(answer.agreed, agreed, "{steps:?}");
        assert_eq!(answer.reason.is_none(), agreed, "{steps:?}");
    }
}

#[test]
fn who_waits_is_told_of_another_car_and_who_sits_in_it_is_not() {
    let other = Driver {
        car: "black Ioniq".to_owned(),
        ..driver("first")
    };
    let again = |drive: &mut Drive<'_>| {
        let told = drive.introduce(&other, NOW);
        (told, drive.introduce(&other, NOW))
    };
    let (told, ride, left) = at(COMING, again);
    assert_eq!(told, (Some(event::ASSIGNED), None));
    assert_eq!(
        (ride.refs[1].1.as_str(), left.as_deref()),
        ("black Ioniq", Some("first"))
    );
    for steps in [CALLED, DRIVING, OVER] {
        let (told, ride, _) = at(steps, again);
        assert_eq!((told, ride.refs.len()), ((None, None), 0), "{steps:?}");
    }
}

#[test]
fn a_ride_that_was_declined_waits_again_and_what_it_reached_stays() {
    let (status, ride, left) = at(COMING, |drive| {
        drive.decline(None, NOW).unwrap();
        drive.status()
    });
    assert_eq!((status, left), (WAITING, None));
    assert!(ride.has_reached(ASSIGNED));
    let (_, _, next) = at(COMING, |drive| drive.decline(Some(driver("next")), NOW));
    assert_eq!(next.as_deref(), Some("next"));
}

#[test]
fn a_customer_is_told_who_comes_and_who_comes_instead() {
    let told = |ride: &Fulfilment| {
        let refs: Vec<_> = ride.refs.iter().map(|(_, value)| value.clone()).collect();
        (ride.reason(ASSIGNED).unwrap().en.to_string(), refs)
    };
    let car_and_phone = ["white Sonata", "010-1234-5678"];
    for name in ["first", "next"] {
        let (_, ride, _) = at(CALLED, |drive| {
            drive.assign(Some(driver("first")), NOW);
            if name == "next" {
                drive.decline(Some(driver("next")), NOW).unwrap();
            }
        });
        let name = format!("{name} name");
        let (text, refs) = told(&ride);
        assert_eq!(text, format!("{name}, white Sonata, 010-1234-5678"));
        assert_eq!(refs, [&[&*name], &car_and_phone[..]].concat());
    }
    let (_, ride, _) = at(COMING, |drive| drive.decline(None, NOW));
    let (text, refs) = told(&ride);
    assert_eq!(
        text,
        "the driver can't come; another one is being looked for"
    );
    assert_eq!(refs, [""; 0]);
}

#[test]
fn nobody_is_given_up_early_nor_with_a_driver_on_the_way() {
    let later = |by| NOW.plus(by);
    let give_up = |steps, now| at(steps, |drive| drive.give_up(NOW, now)).0;
    let almost = PATIENCE - Duration::from_micros(1);
    assert_eq!(give_up(CALLED, later(almost)), None);
    assert_eq!(give_up(CALLED, later(PATIENCE)), Some(event::NOBODY_FOUND));
    assert_eq!(give_up(COMING, later(PATIENCE)), None);
    assert_eq!(give_up(DRIVING, later(PATIENCE)), None);
    let (_, ride, _) = at(COMING, |drive| {
        drive.decline(None, NOW).unwrap();
        drive.give_up(NOW, later(PATIENCE))
    });
    assert_eq!(ride.failed.unwrap().0, "NO_DRIVER");
}

#[test]
fn the_nearest_is_found_and_of_two_as_near_the_first_by_id() {
    let spot = |latitude, longitude| Spot {
        latitude,
        longitude,
    };
    let seoul = spot(37_554_722, 126_970_833);
    let nearest = |free: &[(&str, Spot)]| {
        let free = free.iter().map(|(id, at)| ((*id).to_owned(), *at));
        nearest(seoul, free.collect())
    };
    assert_eq!(nearest(&[]), None);
    // At 37° north a degree to the east is 0.79 of one to the north.
    let (east, north) = (spot(37_554_722, 126_982_833), spot(37_564_722, 126_970_833));
    let found = nearest(&[("north", north), ("zoe", east), ("east", east)]);
    assert_eq!(found.as_deref(), Some("east"));
    // Beyond the date line is near.
    let fiji = spot(-17_000_000, 179_999_000);
    let [across, off] = [
        spot(-17_000_000, -179_999_000),
        spot(-17_000_000, 179_000_000),
    ];
    assert!(fiji.to(across) < fiji.to(off));
}
