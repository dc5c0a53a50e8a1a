//! Every metric there is. The instruments are made from this table, and so is the operator's page.

use super::metric::Kind::{Counter, Gauge, Histogram, Worst};
use super::metric::Metric;

/// Calls and messages, seconds: those of the conventions, and two below them, for most calls here take a millisecond.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// A commit, seconds: a tenth of a millisecond where nothing is flushed, seconds where a disk is in trouble.
const COMMIT: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
/// Commands that share a commit; 256 at most.
const GROUP: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// An order's attempt, seconds: it may wait for a payment that is unknown for minutes.
const ATTEMPT: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0,
];

const OF_CONTEXT: &[&str] = &["yemae.context"];
const OF_PEER: &[&str] = &["yemae.context", "server.address"];
const OF_LOAD: &[&str] = &["yemae.context", "yemae.load"];

pub(crate) static RPC_SERVER: Metric = Metric::new(
    "rpc.server.call.duration",
    Histogram(SECONDS),
    "s",
    &[
        "rpc.system.name",
        "rpc.method",
        "rpc.response.status_code",
        "error.type",
        "yemae.context",
    ],
    "Calls that were answered: how many, how long they took, with which code. A stream counts when it ends.",
);
pub(crate) static RPC_CLIENT: Metric = Metric::new(
    "rpc.client.call.duration",
    Histogram(SECONDS),
    "s",
    &[
        "rpc.system.name",
        "rpc.method",
        "rpc.response.status_code",
        "error.type",
        "server.address",
        "yemae.context",
    ],
    "Calls to another context, all attempts and what was refused here included.",
);
pub(crate) static SERVER_SHED: Metric = Metric::new(
    "yemae.rpc.server.shed",
    Counter,
    "{call}",
    &["yemae.context", "yemae.reason"],
    "Calls turned away at the door: too many at once (OVERLOADED), or too late (DEADLINE_EXCEEDED).",
);
pub(crate) static CLIENT_REFUSED: Metric = Metric::new(
    "yemae.rpc.client.refused",
    Counter,
    "{call}",
    &["yemae.context", "server.address", "yemae.reason"],
    "Calls that this side did not make: the breaker was open (CIRCUIT_OPEN), too many were in flight (CLIENT_BUSY), too little time was left (OUT_OF_TIME).",
);
pub(crate) static CLIENT_IN_FLIGHT: Metric = Metric::new(
    "yemae.rpc.client.in_flight",
    Gauge,
    "{call}",
    OF_PEER,
    "Attempts that wait for another context at this moment.",
);
pub(crate) static BREAKER_STATE: Metric = Metric::new(
    "yemae.breaker.state",
    Worst,
    "{state}",
    OF_PEER,
    "0: calls go through; 1: one is out to look; 2: open, calls are refused. Of several endpoints the worst.",
);
pub(crate) static BREAKER_OPENED: Metric = Metric::new(
    "yemae.breaker.opened",
    Counter,
    "{opening}",
    OF_PEER,
    "How often a breaker that let calls through has opened.",
);
pub(crate) static LIMIT_CALLS: Metric = Metric::new(
    "yemae.limit.calls",
    Gauge,
    "{call}",
    OF_LOAD,
    "So many calls are let in at once, the reserve included: more while they are answered in time and some are shed, less when many are late or find whom they need full.",
);
pub(crate) static LIMIT_IN_USE: Metric = Metric::new(
    "yemae.limit.in_use",
    Gauge,
    "{call}",
    OF_LOAD,
    "Calls that are being served at this moment.",
);
pub(crate) static OUTBOX_UNPUBLISHED: Metric = Metric::new(
    "yemae.outbox.unpublished",
    Gauge,
    "{event}",
    OF_CONTEXT,
    "Events that are written and not yet published.",
);
pub(crate) static OUTBOX_OLDEST: Metric = Metric::new(
    "yemae.outbox.oldest.age",
    Gauge,
    "s",
    OF_CONTEXT,
    "How long the oldest of them waits.",
);
pub(crate) static SENT: Metric = Metric::new(
    "messaging.client.sent.messages",
    Counter,
    "{message}",
    &[
        "messaging.system",
        "messaging.operation.name",
        "yemae.context",
    ],
    "Events published.",
);
pub(crate) static OUTBOX_TROUBLE: Metric = Metric::new(
    "yemae.outbox.trouble",
    Counter,
    "{failure}",
    &["yemae.context", "error.type"],
    "Publishes that failed: no stream (stream), no room in it (full), a row that it does not take (row), a stream that has lost something (lost).",
);
pub(crate) static CONSUMER_PENDING: Metric = Metric::new(
    "yemae.consumer.pending",
    Gauge,
    "{message}",
    OF_CONTEXT,
    "How far the context is behind: messages that the stream has not yet brought to it.",
);
pub(crate) static CONSUMER_UNACKNOWLEDGED: Metric = Metric::new(
    "yemae.consumer.unacknowledged",
    Gauge,
    "{message}",
    OF_CONTEXT,
    "Messages that were brought and are not yet done with.",
);
pub(crate) static CONSUMED: Metric = Metric::new(
    "messaging.client.consumed.messages",
    Counter,
    "{message}",
    &[
        "messaging.system",
        "messaging.operation.name",
        "yemae.context",
    ],
    "Messages that were brought, each time they were.",
);
pub(crate) static PROCESS: Metric = Metric::new(
    "messaging.process.duration",
    Histogram(SECONDS),
    "s",
    &[
        "messaging.system",
        "messaging.operation.name",
        "messaging.destination.name",
        "error.type",
        "yemae.context",
    ],
    "Messages that were taken, with error.type those that were not; the wait for the shared commit included.",
);
pub(crate) static CONSUMER_RETRIES: Metric = Metric::new(
    "yemae.consumer.retries",
    Counter,
    "{message}",
    OF_CONTEXT,
    "Messages that came again and were tried alone.",
);
pub(crate) static DEAD_LETTERS: Metric = Metric::new(
    "yemae.dead_letters",
    Gauge,
    "{message}",
    OF_CONTEXT,
    "Messages put aside because no policy could take them.",
);
pub(crate) static STORE_GROUP: Metric = Metric::new(
    "yemae.store.group.size",
    Histogram(GROUP),
    "{command}",
    OF_CONTEXT,
    "Commands that shared a commit.",
);
pub(crate) static STORE_COMMIT: Metric = Metric::new(
    "yemae.store.commit.duration",
    Histogram(COMMIT),
    "s",
    OF_CONTEXT,
    "How long a commit took.",
);
pub(crate) static STORE_QUEUE: Metric = Metric::new(
    "yemae.store.queue.depth",
    Gauge,
    "{command}",
    OF_CONTEXT,
    "Commands that wait for a writer.",
);
pub(crate) static TASK_DUE: Metric = Metric::new(
    "yemae.task.due",
    Gauge,
    "{task}",
    OF_CONTEXT,
    "Tasks whose time has come and that are not done.",
);
pub(crate) static TASK_OLDEST: Metric = Metric::new(
    "yemae.task.oldest.age",
    Gauge,
    "s",
    OF_CONTEXT,
    "How long the one that is due longest has been.",
);
pub(crate) static TASK_FAILURES: Metric = Metric::new(
    "yemae.task.failures",
    Counter,
    "{failure}",
    &["yemae.context", "yemae.task.kind"],
    "Tries of a task that failed; each is tried again.",
);
pub(crate) static ATTEMPT_ENDED: Metric = Metric::new(
    "yemae.saga.attempt.duration",
    Histogram(ATTEMPT),
    "s",
    &["yemae.context", "yemae.outcome", "yemae.reason"],
    "Attempts to place an order that came to an end: placed, refused for a reason, voided.",
);
pub(crate) static LOG_LOST: Metric = Metric::new(
    "yemae.log.lost",
    Counter,
    "{line}",
    &[],
    "Log lines that were dropped because nobody read the others.",
);

/// The table of all of them, for a page: by its Prometheus name, what kind it is, by what it is told apart, what it means.
pub fn table() -> String {
    let mut table = "| metric | kind | unit | by | meaning |\n|---|---|---|---|---|\n".to_owned();
    for metric in METRICS {
        let (prometheus, kind) = (metric.prometheus(), metric.kind.name());
        let by: Vec<_> = metric
            .attributes
            .iter()
            .map(|by| format!("`{by}`"))
            .collect();
        table += &format!(
            "| `{}`<br>`{prometheus}` | {kind} | `{}` | {} | {} |\n",
            metric.name,
            metric.unit,
            by.join(", "),
            metric.about
        );
    }
    table
}

/// Every metric of a process, in the order of a page about them.
pub static METRICS: &[&Metric] = &[
    &RPC_SERVER,
    &RPC_CLIENT,
    &SERVER_SHED,
    &CLIENT_REFUSED,
    &CLIENT_IN_FLIGHT,
    &BREAKER_STATE,
    &BREAKER_OPENED,
    &LIMIT_CALLS,
    &LIMIT_IN_USE,
    &OUTBOX_UNPUBLISHED,
    &OUTBOX_OLDEST,
    &SENT,
    &OUTBOX_TROUBLE,
    &CONSUMER_PENDING,
    &CONSUMER_UNACKNOWLEDGED,
    &CONSUMED,
    &PROCESS,
    &CONSUMER_RETRIES,
    &DEAD_LETTERS,
    &STORE_GROUP,
    &STORE_COMMIT,
    &STORE_QUEUE,
    &TASK_DUE,
    &TASK_OLDEST,
    &TASK_FAILURES,
    &ATTEMPT_ENDED,
    &LOG_LOST,
];
