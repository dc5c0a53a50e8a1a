//! `yemae migrate NAME…`: brings databases up to date and does nothing else, as a step of its own before `serve`.

use crate::contexts::{Given, Mode};
use crate::fault::Fault;
use crate::settings::Settings;
use crate::{cli, databases, out, schemas, serve};
use mesh::store::{Backend, Url};

/// Runs the command.
pub(crate) fn run(command: &cli::Migrate) -> Result<(), Fault> {
    let settings = Settings::from_environment()?;
    // Every wrong name and missing setting is heard before anything is touched.
    let places = command.names.iter().map(|name| {
        let entry = serve::named(name)?;
        Ok((entry, Url(settings.get(entry.name, "DATABASE_URL")?)))
    });
    let places = places.collect::<Result<Vec<_>, Fault>>()?;
    databases::must_differ(places.iter().map(|(entry, url)| (entry.name, url)))?;
    for (entry, url) in places {
        let fault =
            |why: &dyn std::fmt::Display| Fault::not_ready(format!("{}: {why}", entry.name));
        let (mut db, before) = databases::open(entry, &url)?;
        let migrations = (entry.build)(Given::to_look_at(Mode::Production)?).take_migrations();
        db.migrate(migrations).map_err(|why| fault(&why))?;
        let after = schemas::applied(&mut db)?;
        let ran: Vec<&str> = after.difference(&before).map(String::as_str).collect();
        let did = if ran.is_empty() {
            "was up to date".to_owned()
        } else {
            format!("ran {}", ran.join(", "))
        };
        let kind = match db.backend() {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
        };
        out::line(format_args!("{:<18} {kind:<8} {did}", entry.name));
    }
    Ok(())
}
