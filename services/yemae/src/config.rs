//! `yemae config`: which settings are in effect, and where each comes from.

use crate::contexts;
use crate::fault::Fault;
use crate::settings::{self, Found, Setting, Settings, TABLE};
use crate::{cli, door, out, serve};
use serde_json::json;

/// A setting as it is shown.
struct Row {
    variable: String,
    value: String,
    from: String,
}

/// Runs the command.
pub(crate) fn run(command: &cli::Config) -> Result<(), Fault> {
    if command.page {
        out::line(settings::page().trim_end());
        return Ok(());
    }
    if command.metrics {
        out::line(mesh::telemetry::table().trim_end());
        return Ok(());
    }
    let settings = Settings::from_environment()?;
    let name = |name: &String| match name.as_str() {
        door::NAME => Ok(door::NAME),
        name => serve::named(name).map(|entry| entry.name),
    };
    let named = command.names.iter().map(name);
    let named = named.collect::<Result<Vec<_>, Fault>>()?;
    let rows = if named.is_empty() {
        everybodys(&settings)?
    } else {
        let mut rows = Vec::new();
        for name in named {
            rows.extend(effective(&settings, name)?);
        }
        rows
    };
    if command.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| json!({"setting": row.variable, "value": row.value, "from": row.from}))
            .collect();
        let text = serde_json::to_string_pretty(&rows).map_err(Fault::bug)?;
        out::line(text);
        return Ok(());
    }
    for row in rows {
        out::line(format_args!(
            "{:<40} {:<32} {}",
            row.variable, row.value, row.from
        ));
    }
    Ok(())
}

/// What holds for all contexts, and each exception to it.
fn everybodys(settings: &Settings) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for setting in TABLE {
        let variable = setting.variable();
        let held = settings.held(setting, &variable)?;
        let default = setting.default.map(|value| Found {
            value: value.to_owned(),
            from: "default".to_owned(),
        });
        rows.push(row(setting, variable, held.or(default)));
        for entry in contexts::ALL {
            let Some(own) = setting.variable_of(entry.name) else {
                continue;
            };
            if let Some(held) = settings.held(setting, &own)? {
                rows.push(row(setting, own, Some(held)));
            }
        }
    }
    Ok(rows)
}

/// What one context would be given.
fn effective(settings: &Settings, context: &str) -> Result<Vec<Row>, Fault> {
    let rows = TABLE.iter().map(|setting| {
        let variable = setting
            .variable_of(context)
            .unwrap_or_else(|| setting.variable());
        let found = settings.find(context, setting.name)?;
        Ok(row(setting, variable, found))
    });
    rows.collect()
}

fn row(setting: &Setting, variable: String, found: Option<Found>) -> Row {
    let Some(found) = found else {
        return Row {
            variable,
            value: "-".to_owned(),
            from: "not set".to_owned(),
        };
    };
    let value = match setting.is_secret {
        true => "***".to_owned(),
        false => found.value,
    };
    Row {
        variable,
        value,
        from: found.from,
    }
}
