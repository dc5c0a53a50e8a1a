//! `yemae load`: customers side by side, and what each of them saw.

mod chart;
pub(crate) mod cinema;
mod count;
mod customer;
pub(crate) mod food;
pub(crate) mod iptv;
pub(crate) mod moves;
mod open;
mod page;
mod payment;
mod person;
mod scene;
mod seen;
mod shop;
mod siege;
mod sweep;
mod tally;
pub(crate) mod taxi;
pub(crate) mod vod;

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::systems::{self, CINEMA, System};
use crate::{cli, out, runtime};
use customer::Customer;
use page::Pages;
use person::people;
use scene::Scene;
use seen::Seen;
use serde::Serialize;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long, and how many customers, unless told.
const SECONDS: u64 = 10;
const CLIENTS: usize = 16;

/// Runs the command.
pub(crate) fn run(command: &cli::Load) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach).await?;
        mesh.must_be_one()?;
        let mut history = Histories::open(command)?;
        if command.sweep {
            return sweep::run(&mesh, command, &mut history).await;
        }
        if command.siege {
            return siege::run(&mesh, command, &mut history).await;
        }
        let lasting = Duration::from_secs(command.seconds.unwrap_or(SECONDS));
        let tally = match command.rate {
            Some(rate) => {
                let scene = Scene::set(&mesh, &chosen(&mesh, command).await?, rate).await?;
                open::offer(
                    &mesh,
                    &scene,
                    rate,
                    lasting,
                    command.in_flight,
                    &mut history,
                )
                .await?
            }
            None => closed(&mesh, command, lasting, &mut history).await?,
        };
        show(command, &tally.summary())
    })
}

fn show<T: Serialize + Display>(command: &cli::Load, result: &T) -> Result<(), Fault> {
    if command.json {
        let text = serde_json::to_string(result).map_err(Fault::bug)?;
        out::line(text);
    } else {
        out::line(result);
    }
    Ok(())
}

/// Customers who want what others want too, wait for their answers, repeat, cancel and go on.
async fn closed(
    mesh: &Mesh,
    command: &cli::Load,
    lasting: Duration,
    history: &mut Histories,
) -> Result<Tally, Fault> {
    let systems = chosen(mesh, command).await?;
    let scene = Arc::new(Scene::set(mesh, &systems, 0.0).await?);
    let clients = command.clients.unwrap_or(CLIENTS);
    let (tell, told) = mpsc::unbounded_channel();
    let (people, watchers) = people(mesh, clients, &tell)?;
    drop(tell);
    let end = Instant::now() + lasting;
    for (number, person) in people.into_iter().enumerate() {
        let scene = scene.clone();
        let customer = Customer::new(person, scene, command.seed, number, command.just_book);
        drop(mesh::task::detach(customer.shop(end)));
    }
    let mut tally = scene.stocked(collect(told, history)).await?;
    tally.visible = watchers.end().await;
    Ok(tally)
}

/// The systems that were asked for.
async fn chosen(mesh: &Mesh, command: &cli::Load) -> Result<Vec<&'static System>, Fault> {
    if command.just_book {
        return Ok(vec![CINEMA]);
    }
    let (chosen, left_out) = systems::chosen(mesh, &command.system).await?;
    for line in left_out.iter().filter(|_| !command.json) {
        out::line(line);
    }
    Ok(chosen)
}

/// Where a customer tells what was seen.
#[derive(Clone)]
struct Tell {
    tell: mpsc::UnboundedSender<Seen>,
    /// Where those are who watch this customer's page, if somebody does.
    page: Option<Pages>,
}

impl Tell {
    fn tell(&self, seen: Seen) {
        if let Some(page) = &self.page {
            page.answered(&seen);
        }
        let _ = self.tell.send(seen);
    }
}

/// Takes in what is told until nobody is left to tell it.
async fn collect(
    mut told: mpsc::UnboundedReceiver<Seen>,
    history: &mut Histories,
) -> Result<Tally, Fault> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    while let Some(seen) = told.recv().await {
        history.append(&seen)?;
        tally.add(&seen);
        // Steps may be taken for a while after the last order.
        if seen.record.op == "create" {
            tally.took = begun.elapsed();
        }
    }
    Ok(tally)
}

/// The file of --history, if there is one.
struct Histories(Option<File>);

impl Histories {
    fn open(command: &cli::Load) -> Result<Self, Fault> {
        let Some(path) = &command.history else {
            return Ok(Self(None));
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|why| {
            Fault::usage(format!("cannot write --history {}: {why}", path.display()))
        })?;
        Ok(Self(Some(file)))
    }

    /// A line at a time, unbuffered: what was seen must survive whatever happens to us.
    fn append(&mut self, seen: &Seen) -> Result<(), Fault> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let mut line = serde_json::to_string(&seen.record).map_err(Fault::bug)?;
        line.push('\n');
        file.write_all(line.as_bytes())
            .map_err(|why| Fault::not_ready(format!("cannot write --history: {why}")))
    }
}
