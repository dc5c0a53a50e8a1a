//! `yemae order ID`: one order across contexts.

use crate::audit::Places;
use crate::cli;
use crate::fault::Fault;
use crate::out;
use crate::settings::Settings;
use ordering::audit::Facts;
use serde_json::json;

/// Runs the command.
pub(crate) fn run(command: &cli::Order) -> Result<(), Fault> {
    let id = mesh::id::parse("ID", &command.id)
        .map_err(|why| Fault::usage(format!("ID {}", why.description)))?;
    let places = Places::find(&command.data, &Settings::from_environment()?.without()?)?;
    let mut told = Vec::new();
    for (entry, mut db) in places.open()? {
        let facts = (entry.facts)(&mut db).map_err(Fault::not_ready)?;
        told.extend(
            about(&facts, &id)
                .into_iter()
                .map(|fact| (entry.name, fact)),
        );
    }
    for (entry, mut db) in places.open()? {
        for row in mesh::outbox::of_entity(&mut db, &id).map_err(Fault::not_ready)? {
            let published = if row.published {
                "published"
            } else {
                "NOT PUBLISHED YET"
            };
            told.push((
                entry.name,
                format!(
                    "{} {} version {} ({published})",
                    mesh::Time(row.at),
                    row.name,
                    row.version
                ),
            ));
        }
    }
    if told.is_empty() {
        return Err(Fault::no(format!("no context knows the order {id}")));
    }
    if command.json {
        let lines: Vec<_> = told
            .iter()
            .map(|(context, fact)| json!({"context": context, "fact": fact}))
            .collect();
        out::line(format_args!(
            "{}",
            serde_json::to_string_pretty(&lines).map_err(Fault::bug)?
        ));
    } else {
        for (context, fact) in told {
            out::line(format_args!("{context:<18} {fact}"));
        }
    }
    Ok(())
}

/// Everything a context's facts say of an order.
fn about(facts: &Facts, id: &str) -> Vec<String> {
    let orders = facts
        .orders
        .iter()
        .filter(|order| order.id == id)
        .map(|order| {
            let stands = if order.cancelled {
                "cancelled"
            } else {
                "stands"
            };
            let paid = order.payment_id.as_deref().unwrap_or("free");
            format!(
                "order version {}, {stands}, {} {}, payment {paid}, wants {}",
                order.version,
                order.amount.minor_units,
                order.amount.currency,
                order.wants.join(" ")
            )
        });
    let charges = facts
        .charges
        .iter()
        .filter(|charge| charge.order_id == id)
        .map(|charge| {
            let state = if charge.refunded {
                "refunded"
            } else if charge.approved {
                "approved"
            } else {
                "not taken"
            };
            format!(
                "charge {} of {} {}: {state}, {} refunds",
                charge.payment_id,
                charge.amount.minor_units,
                charge.amount.currency,
                charge.refunds
            )
        });
    let fulfilments = facts
        .fulfilments
        .iter()
        .filter(|fulfilment| fulfilment.order_id == id)
        .map(|fulfilment| {
            let end = if fulfilment.irrevocable {
                ", for good"
            } else {
                ""
            };
            format!(
                "fulfilment, has seen order version {}{end}",
                fulfilment.seen_version
            )
        });
    let held = facts
        .held
        .iter()
        .filter(|held| held.order_id == id && held.live)
        .map(|held| format!("holds {}", held.resource));
    let seen = facts
        .seen
        .iter()
        .filter(|seen| seen.order_id == id)
        .map(|seen| format!("shown as version {}", seen.version));
    let told = facts
        .told
        .iter()
        .filter(|told| told.order_id == id)
        .map(|told| format!("told entry {}", told.seq));
    orders
        .chain(charges)
        .chain(fulfilments)
        .chain(held)
        .chain(seen)
        .chain(told)
        .collect()
}
