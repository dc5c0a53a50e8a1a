//! Journeys with real parts: the binary itself, a real nats-server, real files, real kills. Tests whose name begins with
//! `real_` take a machine's whole attention and run one at a time.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod audit;
#[allow(dead_code, reason = "of which a part is needed here")]
#[path = "../../../../mesh/tests/it/authority.rs"]
mod authority;
mod backup;
mod bookings;
mod broker;
mod causes;
mod cinema;
mod cli;
mod contract;
mod cost;
mod crash_world;
mod databases;
mod dead_letters;
mod food;
mod gateway;
mod help;
mod iptv;
mod kills;
mod labels;
mod left_out;
mod load;
mod old_bugs;
mod payment;
mod plain;
mod play;
mod processes;
mod production;
mod provision;
mod readme;
mod rebuild;
mod replicas;
mod republish;
mod rig;
mod schemas;
mod seat_races;
mod seats;
mod secrets;
mod secure;
mod sentences;
mod served;
mod serving;
mod settings;
mod shared;
mod staged;
mod stores;
mod story;
mod taxi;
mod telemetry;
mod unread;
mod unwell;
mod vod;
