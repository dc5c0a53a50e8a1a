//! Settings of `yemae serve`: the environment over defaults. `YEMAE_<SETTING>` is for every context of the process,
//! `YEMAE_<CONTEXT>__<SETTING>` for one.

use crate::contexts;
use crate::fault::Fault;
use std::collections::BTreeMap;

/// One setting.
struct Setting {
    name: &'static str,
    default: Option<&'static str>,
    about: &'static str,
}

const TABLE: &[Setting] = &[
    Setting {
        name: "DATABASE_URL",
        default: None,
        about: "a SQLite file's path, or postgres://user:password@host/name",
    },
    Setting {
        name: "LISTEN",
        default: Some("127.0.0.1:50051"),
        about: "where gRPC is served",
    },
    Setting {
        name: "PEERS",
        default: Some("http://{context}:50051"),
        about: "where other contexts are; {context} stands for the name",
    },
    Setting {
        name: "USER_JWKS_FILE",
        default: None,
        about: "the public keys of people's tokens",
    },
    Setting {
        name: "SERVICE_JWKS_FILE",
        default: None,
        about: "the public keys of services' tokens, each with its context and scopes",
    },
    Setting {
        name: "KEY_FILE",
        default: None,
        about: "the context's own private key, PKCS#8 PEM",
    },
    Setting {
        name: "ISSUER",
        default: Some("yemae"),
        about: "who makes people's tokens",
    },
    Setting {
        name: "AUDIENCE",
        default: Some("yemae"),
        about: "whom people's tokens are for",
    },
];

/// The environment of a process, read once.
#[derive(Clone)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the environment. An unknown `YEMAE_` name is an error that names the nearest known one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where the environment is read"
    )]
    pub(crate) fn from_environment() -> Result<Self, Fault> {
        let settings = Self(std::env::vars().collect());
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Fault> {
        let known = known_names();
        for name in self.0.keys().filter(|name| name.starts_with("YEMAE_")) {
            if !known.contains(name) {
                let near = known.iter().min_by_key(|known| distance(known, name));
                let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                return Err(Fault::usage(format!("no setting is called {name}{near}")));
            }
        }
        Ok(())
    }

    /// Any variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A context's setting. An error says what it is and how to give it.
    pub(crate) fn get(&self, context: &str, name: &str) -> Result<String, Fault> {
        let own = format!("YEMAE_{}__{name}", shout(context));
        let shared = format!("YEMAE_{name}");
        let setting = TABLE.iter().find(|setting| setting.name == name);
        self.variable(&own)
            .or_else(|| self.variable(&shared))
            .or_else(|| setting.and_then(|setting| setting.default))
            .map(str::to_owned)
            .ok_or_else(|| {
                let about = setting.map_or("", |setting| setting.about);
                Fault::usage(format!("{context} needs {shared} or {own}: {about}"))
            })
    }

    /// The broker's address.
    pub(crate) fn nats(&self) -> Result<String, Fault> {
        let url = self.variable("NATS_URL").map(str::to_owned);
        url.ok_or_else(|| Fault::usage("NATS_URL is needed: nats://host:4222"))
    }
}

fn known_names() -> Vec<String> {
    let shared = TABLE
        .iter()
        .map(|setting| format!("YEMAE_{}", setting.name));
    let own = contexts::ALL.iter().flat_map(|entry| {
        TABLE
            .iter()
            .map(move |setting| format!("YEMAE_{}__{}", shout(entry.name), setting.name))
    });
    shared.chain(own).collect()
}

fn shout(context: &str) -> String {
    context.replace('-', "_").to_uppercase()
}

/// The edit distance of two names.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in right.chars().enumerate() {
            let cost = (corner + usize::from(a != b))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
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
        let why = settings(&[("YEMAE_LISTN", "x")])
            .check()
            .unwrap_err()
            .to_string();
        assert!(why.contains("did you mean YEMAE_LISTEN?"), "{why}");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
