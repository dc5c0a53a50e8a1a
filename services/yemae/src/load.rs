//! `yemae load`: customers side by side, each waiting for its answer before it goes on, and what each of them saw.

mod customer;
mod tally;

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::{cli, out, runtime, stage};
use customer::Customer;
use mesh::Clock;
use ordering::audit::Record;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Won for one seat.
const PRICE: i64 = 12_000;
/// Seats of one screening: enough that most customers find one.
const ROWS: i32 = 50;
const COLUMNS: i32 = 26;
/// Screenings side by side on the one screen.
const SCREENINGS: u32 = 6;

/// Where the customers play.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) screenings: Vec<String>,
    pub(crate) staff: Mesh,
    /// Tells this run from others with the same seed.
    pub(crate) run: String,
}

/// Runs the command.
pub(crate) fn run(command: &cli::Load) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)?;
        let stage = Arc::new(set(&mesh).await?);
        let tally = drive(&mesh, &stage, command).await?;
        if command.json {
            out::line(format_args!(
                "{}",
                serde_json::to_string(&tally.summary()).map_err(Fault::bug)?
            ));
        } else {
            out::line(tally.summary());
        }
        Ok(())
    })
}

async fn set(mesh: &Mesh) -> Result<Stage, Fault> {
    let staff = mesh.acting_as("load-staff", &["staff", "admin", "customer"])?;
    let run = mesh::id::new();
    let screen = stage::screen(&staff, &run, ROWS, COLUMNS).await?;
    let movie = stage::movie(&staff, &run, "Load", PRICE).await?;
    let mut screenings = Vec::new();
    for number in 0..SCREENINGS {
        let ahead = Duration::from_secs(u64::from(24 + 3 * number) * 3600);
        let screening =
            stage::schedule(&staff, &format!("{run}-{number}"), &movie, &screen, ahead).await?;
        screenings.push(screening.screening_id);
    }
    Ok(Stage {
        screenings,
        staff,
        run,
    })
}

async fn drive(mesh: &Mesh, stage: &Arc<Stage>, command: &cli::Load) -> Result<Tally, Fault> {
    let (tell, mut told) = mpsc::unbounded_channel::<Record>();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(command.seconds);
    for number in 0..command.clients {
        let own = mesh.acting_as(&format!("load-{number}"), &["customer"])?;
        let customer = Customer::new(
            own,
            stage.clone(),
            command.seed,
            number,
            tell.clone(),
            Clock::system(),
        );
        drop(mesh::task::detach(customer.shop(end)));
    }
    drop(tell);
    let mut file = match &command.history {
        None => None,
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Some(file.map_err(|why| {
                Fault::usage(format!("cannot write --history {}: {why}", path.display()))
            })?)
        }
    };
    let mut tally = Tally::default();
    while let Some(record) = told.recv().await {
        if let Some(file) = &mut file {
            // A line at a time, unbuffered: what was seen must survive whatever happens to us.
            let mut line = serde_json::to_string(&record).map_err(Fault::bug)?;
            line.push('\n');
            file.write_all(line.as_bytes())
                .map_err(|why| Fault::not_ready(format!("cannot write --history: {why}")))?;
        }
        tally.add(&record);
    }
    tally.took = begun.elapsed();
    Ok(tally)
}
