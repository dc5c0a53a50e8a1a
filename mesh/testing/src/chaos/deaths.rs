//! How processes die and come back.

use super::Chaos;
use super::process;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

impl Chaos {
    pub(super) async fn restart(
        self,
        mut crashed: mpsc::UnboundedReceiver<(&'static str, Duration)>,
    ) {
        while let Some((name, after)) = crashed.recv().await {
            let world = self.clone();
            process::spawn(async move {
                sleep(after).await;
                if let Some(process) = world.process(name).filter(|p| p.life().is_none()) {
                    world.say(|| format!("{name} starts"));
                    process.start(&world);
                }
            });
        }
    }

    pub(super) async fn kill_now_and_then(self, mean: Duration) {
        loop {
            let mean = mean.as_millis() as u64;
            sleep(self.dice().millis(mean / 2, mean * 3 / 2)).await;
            if self.faults().kill.is_none() {
                return;
            }
            let names: Vec<_> = self.processes().iter().map(|p| p.name()).collect();
            self.kill(names[self.dice().below(names.len())]);
        }
    }

    /// Kills a process wherever it is; it starts again a moment or some time later.
    pub fn kill(&self, name: &'static str) {
        let after = self.outage();
        self.kill_for(name, after);
    }

    /// Kills a process wherever it is; it starts again after `outage`.
    pub fn kill_for(&self, name: &'static str, outage: Duration) {
        if let Some(life) = self.process(name).and_then(|process| process.life()) {
            life.fate().end();
            self.crashed(name, outage);
        }
    }

    pub(super) fn outage(&self) -> Duration {
        let longest = *self.dice().pick(&[50, 50, 3_000, 20_000]);
        self.dice().millis(1, longest)
    }

    /// A process has died.
    pub(super) fn crashed(&self, name: &'static str, outage: Duration) {
        self.strike();
        self.say(|| format!("{name} dies for {outage:?}"));
        let _ = self.0.restarts.send((name, outage));
    }
}
