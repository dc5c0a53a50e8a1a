//! Jobs in a world where subscription and support only say what the test wants them to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod jobs;
mod van;
