//! Settings: the environment over defaults. `YEMAE_<SETTING>` is for every context of the process,
//! `YEMAE_<CONTEXT>__<SETTING>` for one, and `…_FILE` names a file that holds a secret.

mod page;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use page::page;
pub(crate) use table::{Setting, TABLE};

use crate::contexts;
use crate::door;
use crate::fault::Fault;
use mesh::store::Url;
use std::collections::BTreeMap;
use std::ffi::OsString;
use table::twin;

/// The environment of a process, read once.
#[derive(Clone)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// A setting's value, and the variable or file that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) value: String,
    pub(crate) from: String,
}

impl Found {
    /// Nobody said it.
    pub(crate) fn is_default(&self) -> bool {
        self.from == DEFAULT
    }
}

/// What a value is from that nobody gave.
const DEFAULT: &str = "default";

/// RUST_LOG, if it says anything: every command reads it, also those that have no settings.
#[expect(
    clippy::disallowed_methods,
    reason = "the one room where the environment is read"
)]
pub(crate) fn rust_log() -> Option<String> {
    std::env::var("RUST_LOG")
        .ok()
        .filter(|asked| !asked.is_empty())
}

impl Settings {
    /// Reads the environment. An unknown `YEMAE_` name is an error that names the nearest known one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where the environment is read"
    )]
    pub(crate) fn from_environment() -> Result<Self, Fault> {
        Self::of(std::env::vars_os())
    }

    /// A variable that is none of ours may hold anything; what cannot be read of it is nobody's to read.
    fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, Fault> {
        let known = known_names();
        let mut read = BTreeMap::new();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            let value = match value.into_string() {
                Ok(value) => value,
                Err(_) if known.contains(&name) => {
                    return Err(Fault::usage(format!("{name} is no UTF-8")));
                }
                Err(other) => other.to_string_lossy().into_owned(),
            };
            read.insert(name, value);
        }
        let settings = Self(read);
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

    /// Any variable of the environment. An empty one is as good as none.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// What a variable or its twin holds.
    pub(crate) fn held(&self, setting: &Setting, variable: &str) -> Result<Option<Found>, Fault> {
        let own = self.variable(variable).map(|value| Found {
            value: value.to_owned(),
            from: variable.to_owned(),
        });
        let twin = twin(variable);
        let Some(path) = self.variable(&twin).filter(|_| setting.is_secret) else {
            return Ok(own);
        };
        if own.is_some() {
            return Err(Fault::usage(format!(
                "{variable} and {twin} are both set: give one of them"
            )));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|why| Fault::usage(format!("cannot read {twin} {path}: {why}")))?;
        let value = text.trim().to_owned();
        // Whoever names a file means there to be a secret: as good as unset, it would be a database of our own choice.
        if value.is_empty() {
            return Err(Fault::usage(format!("{twin} {path} is empty")));
        }
        Ok(Some(Found { value, from: twin }))
    }

    /// A context's own setting, given for nobody else.
    pub(crate) fn own(&self, context: &str, name: &str) -> Result<Option<Found>, Fault> {
        let setting = Setting::named(name)
            .ok_or_else(|| Fault::bug(format!("no setting is called {name}")))?;
        match setting.variable_of(context) {
            Some(variable) => self.held(setting, &variable),
            None => Ok(None),
        }
    }

    /// A context's setting: its own, or everybody's, or the default.
    pub(crate) fn find(&self, context: &str, name: &str) -> Result<Option<Found>, Fault> {
        let setting = Setting::named(name)
            .ok_or_else(|| Fault::bug(format!("no setting is called {name}")))?;
        let found = match self.own(context, name)? {
            Some(own) => Some(own),
            None => self.held(setting, &setting.variable())?,
        };
        let default = || {
            setting.default.map(|value| Found {
                value: value.to_owned(),
                from: DEFAULT.to_owned(),
            })
        };
        Ok(found.or_else(default).map(|mut found| {
            if setting.names_itself() {
                found.value = found.value.replace("{context}", context);
            }
            found
        }))
    }

    /// The same, and an error that says what it is and how to give it when there is none.
    pub(crate) fn get(&self, context: &str, name: &str) -> Result<String, Fault> {
        if let Some(found) = self.find(context, name)? {
            return Ok(found.value);
        }
        let (mut names, mut about) = (String::new(), "");
        if let Some(setting) = Setting::named(name) {
            let own = setting.variable_of(context);
            let own = own.map_or_else(String::new, |own| format!(" or {own}"));
            names = format!("{}{own}", setting.variable());
            about = setting.about.split(". ").next().unwrap_or_default();
        }
        Err(Fault::usage(format!("{context} needs {names}: {about}")))
    }

    /// The database that a context is told to have.
    pub(crate) fn database(&self, context: &str) -> Result<Option<Url>, Fault> {
        let found = self.find(context, "DATABASE_URL")?;
        Ok(found.map(|found| Url(found.value)))
    }

    /// The broker's address, if one is given.
    pub(crate) fn broker(&self) -> Result<Option<String>, Fault> {
        Ok(self.find("", "NATS_URL")?.map(|found| found.value))
    }

    /// Whether the simulators of a process may be told how to behave.
    pub(crate) fn simulator(&self, context: &str) -> Result<bool, Fault> {
        let asked = self.get(context, "SIMULATOR")?;
        asked
            .parse()
            .map_err(|_| Fault::usage(format!("YEMAE_SIMULATOR is {asked}: give true or false")))
    }

    /// The contexts that a deployment leaves out for good.
    pub(crate) fn without(&self) -> Result<Vec<String>, Fault> {
        let Some(asked) = self.find("", "WITHOUT")? else {
            return Ok(Vec::new());
        };
        let names = asked.value.split(',').map(|name| name.trim().to_owned());
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        contexts::all_known(&asked.from, &names)?;
        Ok(names)
    }

    /// On how many servers of the broker's cluster the stream is.
    pub(crate) fn stream_replicas(&self) -> Result<usize, Fault> {
        let asked = self.get("", "STREAM_REPLICAS")?;
        match asked.parse() {
            Ok(replicas @ 1..=5) => Ok(replicas),
            _ => Err(Fault::usage(format!(
                "YEMAE_STREAM_REPLICAS is {asked}: the broker keeps 1 to 5 copies; 3 is usual in a cluster"
            ))),
        }
    }

    /// The most bytes that the stream may take, if there is a bound.
    pub(crate) fn stream_max_bytes(&self) -> Result<Option<i64>, Fault> {
        let Some(asked) = self.find("", "STREAM_MAX_BYTES")? else {
            return Ok(None);
        };
        match asked.value.parse() {
            Ok(bytes) if bytes > 0 => Ok(Some(bytes)),
            _ => Err(Fault::usage(format!(
                "{} is {}: it is a number of bytes above 0, like 10737418240 for 10 GiB",
                asked.from, asked.value
            ))),
        }
    }

    /// The broker's address.
    pub(crate) fn nats(&self) -> Result<String, Fault> {
        self.broker()?
            .ok_or_else(|| Fault::usage("NATS_URL is needed: nats://host:4222"))
    }
}

fn known_names() -> Vec<String> {
    let mut known = Vec::new();
    for setting in TABLE {
        let names = contexts::ALL.iter().map(|entry| entry.name);
        // The gateway is a process, though no context.
        let own = names.chain([door::NAME]);
        let own = own.filter_map(|name| setting.variable_of(name));
        for variable in std::iter::once(setting.variable()).chain(own) {
            known.extend(setting.is_secret.then(|| twin(&variable)));
            known.push(variable);
        }
    }
    known
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
