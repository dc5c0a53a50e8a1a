//! What a bounded context stands on: how it is called and calls, writes and reads, tells and is told. It knows no
//! contract, no service and no domain.
//!
//! A context is built with [`Context`] and works through its [`Site`]: [`Store::write`] is the only write path,
//! [`Tx::enqueue`] tells what has come about, [`Context::follows`] hears of it, [`Tx::start_task`] puts down what must
//! leave our doors.

pub mod bus;
pub mod call;
pub mod client;
mod clock;
mod context;
pub mod contracts;
pub mod dead_letter;
pub mod deadline;
mod event;
pub mod fields;
pub mod id;
pub mod identity;
pub mod inbox;
mod leader;
pub mod outbox;
pub mod page;
pub mod policy;
pub mod refusal;
mod replay;
pub mod request;
mod running;
pub mod schema;
pub mod server;
pub mod store;
pub mod task;
pub mod tasks;
pub mod telemetry;
mod tls;
pub mod watch;

pub use call::{Call, Caller, Reply, Service, User};
pub use clock::{Clock, Hand, Time};
pub use context::{Context, Job, Peers, Site};
pub use contracts::Contracts;
pub use event::{Change, Event};
pub use fields::Fields;
pub use page::Page;
pub use refusal::{Kind, Refusal, Text, Violation, text};
pub use replay::Replay;
pub use running::run;
pub use store::{AtEnd, Column, Db, Left, Many, Store, Tx, found, update, write_all};
pub use tasks::{Done, Task};
pub use tls::TlsFault;
