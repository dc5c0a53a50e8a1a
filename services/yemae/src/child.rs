//! `yemae child`: one context under `up --processes`. Development, like its parent.

use crate::contexts;
use crate::data::Data;
use crate::fault::Fault;
use crate::house::{Ground, House};
use crate::settings::Settings;
use crate::{cli, guard, metrics, narrow_runtime, serve, stop, up};
use mesh::bus::{self, Bus};
use tokio::net::TcpListener;

/// Runs the command.
pub(crate) fn run(command: &cli::Child) -> Result<(), Fault> {
    guard::die_with(command.parent)?;
    let entry = contexts::find(&command.name)
        .ok_or_else(|| Fault::usage(format!("no context is called {}", command.name)))?;
    let data = Data::at(&command.data);
    let settings = Settings::from_environment()?;
    narrow_runtime()?.block_on(async {
        let listener = TcpListener::bind(command.listen)
            .await
            .map_err(Fault::not_ready)?;
        let page = metrics::Place::Default(command.metrics).take().await?;
        let bus = Bus::connect(bus::Settings::new(&command.nats, entry.name))
            .await
            .map_err(Fault::not_ready)?;
        let ground = Ground::development(bus)?;
        let peers = format!("http://{}", command.mesh);
        let house = House::open(&ground, &[entry], |entry| {
            up::place(&data, &settings, entry, &peers)
        })?;
        let verifier = up::verifier(&data, ground.clock.clone())?;
        serve::live(
            listener,
            house,
            &ground,
            verifier,
            up::patience(),
            page,
            stop::asked(),
        )
        .await
    })
}
