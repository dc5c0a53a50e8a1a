//! What is read of an environment, and what is refused.

use super::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    Settings(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

#[test]
fn a_contexts_own_setting_wins() {
    let settings = settings(&[("YEMAE_LISTEN", "a"), ("YEMAE_CINEMA_BOOKING__LISTEN", "b")]);
    assert_eq!(settings.get("cinema-booking", "LISTEN").unwrap(), "b");
    assert_eq!(settings.get("payment", "LISTEN").unwrap(), "a");
}

#[test]
fn a_missing_setting_says_how_to_give_it() {
    let why = settings(&[])
        .get("payment", "DATABASE_URL")
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("YEMAE_DATABASE_URL") && why.contains("YEMAE_PAYMENT__DATABASE_URL"),
        "{why}"
    );
}

#[test]
fn an_unknown_name_meets_its_nearest() {
    for (typed, meant) in [
        ("YEMAE_LISTN", "YEMAE_LISTEN"),
        (
            "YEMAE_PAYMENT__DATABASE_URL_FIL",
            "YEMAE_PAYMENT__DATABASE_URL_FILE",
        ),
    ] {
        let why = settings(&[(typed, "x")]).check().unwrap_err().to_string();
        assert!(why.contains(&format!("did you mean {meant}?")), "{why}");
    }
    assert_eq!(distance("kitten", "sitting"), 3);
}

#[test]
fn one_url_is_for_all_contexts_and_each_has_its_own_of_it() {
    let settings = settings(&[("YEMAE_DATABASE_URL", "postgres://host/{context}")]);
    let url = settings.database("cinema-movie").unwrap().unwrap();
    assert_eq!(url.0, "postgres://host/cinema-movie");
}

#[test]
fn a_secret_may_be_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "postgres://host/payment\n").unwrap();
    let file = file.to_str().unwrap();
    let own = ("YEMAE_PAYMENT__DATABASE_URL_FILE", file);
    let found = settings(&[own]).find("payment", "DATABASE_URL").unwrap();
    let found = found.unwrap();
    assert_eq!(
        (found.value.as_str(), found.from.as_str()),
        ("postgres://host/payment", own.0)
    );

    let both = settings(&[own, ("YEMAE_PAYMENT__DATABASE_URL", "x")]);
    let why = both.database("payment").unwrap_err().to_string();
    assert!(why.contains("both set"), "{why}");
    std::fs::write(file, " \n").unwrap();
    let why = settings(&[own]).database("payment").unwrap_err();
    assert!(why.to_string().contains(own.0), "{why}");
    assert!(why.to_string().contains("is empty"), "{why}");
    let nowhere = settings(&[(own.0, "/nowhere/at/all")]);
    let why = nowhere.database("payment").unwrap_err().to_string();
    assert!(why.contains(own.0) && why.contains("/nowhere"), "{why}");
}

#[test]
fn what_is_no_utf_8_matters_where_it_is_ours() {
    use std::os::unix::ffi::OsStringExt;
    let garbled = || OsString::from_vec(b"caf\xe9".to_vec());
    let foreign = [
        (garbled(), "x".into()),
        ("LAST_PATH".into(), garbled()),
        ("YEMAE_LISTEN".into(), "here".into()),
    ];
    let settings = Settings::of(foreign.into_iter()).unwrap();
    assert_eq!(settings.get("payment", "LISTEN").unwrap(), "here");
    for ours in ["YEMAE_LISTEN", "NATS_URL_FILE"] {
        let why = Settings::of([(ours.into(), garbled())].into_iter()).err();
        assert!(why.unwrap().to_string().contains(ours));
    }
}
