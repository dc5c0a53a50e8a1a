//! `yemae audit`: reads every context's database, and judges.

use crate::contexts::{self, Entry};
use crate::data::Data;
use crate::fault::Fault;
use crate::settings::Settings;
use crate::{cli, databases, out, runtime};
use mesh::store::Url;
use mesh::{Clock, Db, bus, outbox, tasks};
use ordering::audit::{self, Facts, Finding, History, Report};
use std::time::Duration;
use tokio::time::Instant;

/// Quiet, and a finding, must be seen twice, so far apart.
const APART: Duration = Duration::from_secs(2);
/// How many findings of a rule are printed.
const SHOWN: usize = 5;

/// Runs the command.
pub(crate) fn run(command: &cli::Audit) -> Result<(), Fault> {
    contexts::all_known("--without", &command.without)?;
    let without = match &command.without[..] {
        [] => Settings::from_environment()?.without()?,
        named => named.to_vec(),
    };
    let places = Places::find(&command.data, &without)?;
    places.all_there(&command.data, &without)?;
    let history = read_history(command)?;
    let report = runtime()?.block_on(examine(command, &places, history.as_ref()))?;
    if command.json {
        out::line(format_args!(
            "{}",
            serde_json::to_string_pretty(&report).map_err(Fault::bug)?
        ));
    } else {
        if !without.is_empty() {
            out::line(format_args!("left out: {}", without.join(", ")));
        }
        show(&report);
    }
    let breaches: usize = report.values().map(|verdict| verdict.breaches.len()).sum();
    if breaches > 0 {
        Err(Fault::no(format!("{breaches} breaches")))
    } else {
        Ok(())
    }
}

async fn examine(
    command: &cli::Audit,
    places: &Places,
    history: Option<&History>,
) -> Result<Report, Fault> {
    if command.quiet {
        wait_for_quiet(places, command.wait).await?;
    }
    let first = places.facts()?;
    tokio::time::sleep(APART).await;
    let second = places.facts()?;
    // Something new began meanwhile: then what is in flight proves nothing.
    let quiet = command.quiet && first.open == 0 && second.open == 0;
    Ok(audit::judge(
        &first,
        &second,
        history,
        quiet,
        Clock::system().now(),
    ))
}

async fn wait_for_quiet(places: &Places, patience: Duration) -> Result<(), Fault> {
    let end = Instant::now() + patience;
    let mut seen_quiet = false;
    loop {
        let looked = Instant::now();
        let busy = places.busy().await?;
        let looking = looked.elapsed();
        match (busy, seen_quiet) {
            (None, true) => return Ok(()),
            (None, false) => seen_quiet = true,
            (Some(_), _) => seen_quiet = false,
        }
        if Instant::now() >= end {
            let why = places.busy().await?.unwrap_or_default();
            return Err(Fault::not_ready(format!(
                "the mesh did not come to rest in {} s: {why}",
                patience.as_secs()
            )));
        }
        let pause = if seen_quiet {
            APART
        } else {
            // A look reads all there is, on the machine that is to come to rest.
            looking.max(Duration::from_millis(200))
        };
        tokio::time::sleep(pause).await;
    }
}

fn read_history(command: &cli::Audit) -> Result<Option<History>, Fault> {
    let mut all = History::default();
    for path in &command.history {
        let text = match path.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(path),
        };
        let text = text.map_err(|why| {
            Fault::usage(format!("cannot read --history {}: {why}", path.display()))
        })?;
        let own = History::parse(&text)
            .map_err(|why| Fault::usage(format!("--history {}: {why}", path.display())))?;
        all.0.extend(own.0);
    }
    Ok((!command.history.is_empty()).then_some(all))
}

/// Where every context's database and the broker are.
pub(crate) struct Places {
    databases: Vec<(&'static Entry, Url)>,
    nats: Option<String>,
}

impl Places {
    /// Of the data directory; without one, of the environment.
    pub(crate) fn find(data: &std::path::Path, without: &[String]) -> Result<Self, Fault> {
        let here = Data::at(data);
        let settings = Settings::from_environment()?;
        let mut databases = Vec::new();
        for entry in contexts::ALL
            .iter()
            .filter(|entry| !without.iter().any(|name| name == entry.name))
        {
            let url = match databases::of(&here, &settings, entry)? {
                Some(url) => url,
                None if data.is_dir() => continue,
                None => {
                    let url = settings.get(entry.name, "DATABASE_URL").map_err(|why| {
                        Fault::usage(format!(
                            "there is no data directory {} and {why}",
                            data.display()
                        ))
                    })?;
                    Url(url)
                }
            };
            databases.push((entry, url));
        }
        databases::must_differ(databases.iter().map(|(entry, url)| (entry.name, url)))?;
        let nats = match here.running() {
            Some(running) => Some(running.nats),
            None => settings.broker()?,
        };
        Ok(Self { databases, nats })
    }

    /// A database that is not there proves nothing: what is left out for good is said by name.
    fn all_there(&self, data: &std::path::Path, without: &[String]) -> Result<(), Fault> {
        let absent = contexts::ALL.iter().map(|entry| entry.name).find(|name| {
            !without.iter().any(|out| out == name)
                && !self.databases.iter().any(|(entry, _)| entry.name == *name)
        });
        match absent {
            Some(name) => Err(Fault::not_ready(format!(
                "{} has no database of {name}: name another directory with --data; if {name} is left out for good, \
                 say --without {name}",
                data.display()
            ))),
            None => Ok(()),
        }
    }

    /// Each context with a connection to its database.
    pub(crate) fn open(&self) -> Result<Vec<(&'static Entry, Db)>, Fault> {
        let open = |(entry, url): &(&'static Entry, Url)| {
            Ok((*entry, databases::open_there(entry, url)?.0))
        };
        self.databases.iter().map(open).collect()
    }

    fn facts(&self) -> Result<Facts, Fault> {
        let mut all = Facts::default();
        for (entry, mut db) in self.open()? {
            let mut facts = (entry.facts)(&mut db).map_err(Fault::not_ready)?;
            facts.open += tasks::open(&mut db).map_err(Fault::not_ready)?
                + outbox::waiting(&mut db).map_err(Fault::not_ready)?.0;
            facts.contexts.push(entry.name.to_owned());
            all.add(facts);
        }
        Ok(all)
    }

    /// What is still under way, if anything.
    async fn busy(&self) -> Result<Option<String>, Fault> {
        for (entry, mut db) in self.open()? {
            let waiting = outbox::waiting(&mut db).map_err(Fault::not_ready)?.0;
            let open = tasks::open(&mut db).map_err(Fault::not_ready)?;
            let unsettled = (entry.facts)(&mut db).map_err(Fault::not_ready)?.open;
            if waiting + open + unsettled > 0 {
                let name = entry.name;
                return Ok(Some(format!(
                    "{name}: {waiting} unpublished events, {open} open tasks, {unsettled} unsettled"
                )));
            }
        }
        let nats = self.nats.as_ref().ok_or_else(|| {
            Fault::not_ready("--quiet needs the running broker: is `yemae up` running?")
        })?;
        let bus = bus::Bus::connect(bus::Settings::new(nats, "yemae audit"))
            .await
            .map_err(Fault::not_ready)?;
        for (entry, _) in &self.databases {
            let lag = bus.lag(entry.name).await.map_err(Fault::not_ready)?;
            let behind = lag.pending + lag.unacknowledged;
            if behind > 0 {
                return Ok(Some(format!(
                    "{}: {behind} events not acted on",
                    entry.name
                )));
            }
        }
        Ok(None)
    }
}

const RULES: [&str; 8] = [
    "every order has one approved payment of its amount",
    "every approved payment has an order or a void",
    "cancelled orders are refunded, once; standing ones are not",
    "a seat has one order; standing orders have their seats",
    "every order reached its fulfilling side; none is both cancelled and fulfilled",
    "the customer's page equals the source",
    "every change was told, once",
    "nothing answered OK is gone",
];

fn show(report: &Report) {
    for (rule, verdict) in report {
        let about = RULES
            .get(usize::from(*rule) - 1)
            .copied()
            .unwrap_or_default();
        let found = match &verdict.not_checked {
            Some(why) => format!("not checked: {why}"),
            None => format!(
                "{} compared, {} breaches, {} in flight",
                verdict.compared,
                verdict.breaches.len(),
                verdict.in_flight.len()
            ),
        };
        out::line(format_args!("{rule}. {about}: {found}"));
        list("BREACH", &verdict.breaches);
        list("in flight", &verdict.in_flight);
    }
}

fn list(kind: &str, findings: &[Finding]) {
    for finding in findings.iter().take(SHOWN) {
        out::line(format_args!(
            "   {kind} {}: {}",
            finding.about, finding.evidence
        ));
    }
    if findings.len() > SHOWN {
        out::line(format_args!("   … and {} more", findings.len() - SHOWN));
    }
}
