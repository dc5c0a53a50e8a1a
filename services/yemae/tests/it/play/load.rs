//! A load that goes on until it is killed, and what it wrote down.

use crate::rig::{PATIENCE, Up, yemae};
use crate::stores::systems;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A running `yemae load`.
pub struct Load {
    history: PathBuf,
    child: Child,
}

impl Load {
    /// Starts one that goes on until it is killed, at every system.
    pub fn start(up: &Up, history: &Path, clients: u32, seed: u64) -> Self {
        let systems: Vec<_> = systems().collect();
        Self::of(&systems, (&up.grpc, &up.data), history, clients, seed)
    }

    /// The same at the cinema alone, by the address of a mesh and the directory of its keys.
    pub fn start_at(grpc: &str, data: &Path, history: &Path, clients: u32, seed: u64) -> Self {
        Self::of(&["cinema"], (grpc, data), history, clients, seed)
    }

    fn of(systems: &[&str], at: (&str, &Path), history: &Path, clients: u32, seed: u64) -> Self {
        let (clients, seed) = (clients.to_string(), seed.to_string());
        let mut how = vec!["--clients", &clients, "--seed", &seed];
        how.extend(systems.iter().flat_map(|system| ["--system", system]));
        Self::begin(at.0, at.1, history, &how)
    }

    /// So many bookings a second at the cinema, each tried once.
    pub fn at_pace(grpc: &str, data: &Path, history: &Path, rate: &str) -> Self {
        Self::begin(grpc, data, history, &["--system", "cinema", "--rate", rate])
    }

    fn begin(grpc: &str, data: &Path, history: &Path, how: &[&str]) -> Self {
        let child = yemae()
            .args(["load", "--seconds", "3600"])
            .args(how)
            .arg("--history")
            .arg(history)
            .arg("--data")
            .arg(data)
            .args(["--server", grpc])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            history: history.to_owned(),
            child,
        }
    }

    /// How many orders were answered OK so far.
    pub fn booked(&self) -> usize {
        let text = std::fs::read_to_string(&self.history).unwrap_or_default();
        text.lines()
            .filter(|line| line.contains(r#""op":"create","outcome":"ok""#))
            .count()
    }

    /// Waits until so many bookings were answered OK. Never waits longer than that many would take at 10 a second.
    pub fn wait_for_booked(&mut self, number: usize) {
        let end = Instant::now() + PATIENCE + Duration::from_millis(100) * number as u32;
        while self.booked() < number {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the load ended: {ended:?}");
            let booked = self.booked();
            assert!(Instant::now() < end, "only {booked} of {number} booked");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it. What it wrote stays; the last line may be torn.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
