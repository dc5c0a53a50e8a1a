//! What a check has found of each RPC, written down for the table.

use super::rpcs::Rpc;
use crate::rig::root;
use std::fmt::Write;

/// What a check says of an RPC that it has held against the mesh and found right.
pub const OK: &str = "ok";

/// Writes a check's column. `cells` has one for every RPC: [`OK`], or why the check does not apply, by the descriptor.
pub fn column(check: &str, cells: &[(Rpc, String)]) {
    let folder = root().join("target/contract");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = String::new();
    for (rpc, cell) in cells {
        writeln!(lines, "{}\t{cell}", rpc.name()).unwrap();
    }
    std::fs::write(folder.join(format!("{check}.tsv")), lines).unwrap();
}

/// Panics with everything that is wrong; else writes the column.
pub fn conclude(check: &str, cells: &[(Rpc, String)], wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{check}: {} faults\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    column(check, cells);
}
