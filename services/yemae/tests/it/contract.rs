//! The contract gate (`make contract`): what the contracts say, held against a real mesh. Everything here is derived from the
//! descriptors, so that a new RPC is covered without a new test, and one that says too little fails. Each check tells what it
//! has found of every RPC; `.ci/contract.py` makes one table of that, in which no cell may be missing.

mod asked;
mod broken;
mod declared;
mod effects;
mod env;
mod error;
mod events;
mod failed;
mod guarded;
mod images;
mod kept;
mod made;
mod old_and_new;
mod repeats;
mod rpcs;
mod ruled;
mod seeded;
mod table;
mod text;
mod ways;
