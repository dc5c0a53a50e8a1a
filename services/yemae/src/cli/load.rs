//! What can be typed after `yemae load`.

use super::Reach;
use crate::systems;
use clap::Args;
use std::path::PathBuf;

/// `yemae load`.
#[derive(Args, Clone, Debug)]
#[command(
    long_about = "Drive the public RPCs as many customers at once, and write down what each saw.\n\n\
                  Closed loop, the default: each customer waits for an answer before going on, and repeats what may \
                  work a moment later. Open loop (--rate, --sweep): orders come at their pace, whatever is answered; \
                  each is tried once, and one in ten is cancelled at once. The customers order from every system that \
                  runs, or those that --system names. --just-book, --sweep and --siege are of the cinema alone: what \
                  they come to is compared with what it came to before."
)]
pub(crate) struct Load {
    /// Which system's customers; may be given more than once. all: each whose contexts run.
    #[arg(long, value_name = "NAME", default_value = systems::EVERY, value_parser = systems::names(), conflicts_with_all = ["just_book", "sweep", "siege"])]
    pub(crate) system: Vec<String>,
    /// How long; each step of a sweep so long. Default: 10, of a siege 60.
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// How many customers at once. Default: 16, of a siege 100.
    #[arg(long, conflicts_with_all = ["rate", "sweep"])]
    pub(crate) clients: Option<usize>,
    /// What makes two runs alike.
    #[arg(long, default_value_t = 1, conflicts_with_all = ["rate", "sweep", "siege"])]
    pub(crate) seed: u64,
    /// Closed loop at the cinema: customers who do nothing but book, each a seat of its own. Else some cancel, have the next
    /// step taken (a ticket printed, a movie watched, a courier sent), or want what is taken.
    #[arg(long, conflicts_with_all = ["rate", "sweep", "siege"])]
    pub(crate) just_book: bool,
    /// Open loop: offer so many orders a second.
    #[arg(long, value_name = "N", conflicts_with_all = ["sweep", "siege"], value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Open loop: how many of them may be under way; one more is held back, and counted so.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) in_flight: usize,
    /// Overload of the cinema: offer from 0.5 to 5 times what the simulated payment is good for. Fails when the last step books less than
    /// 90 % of the best one, when the slowest hundredth of what was booked took longer than a booking may, or when a
    /// cancellation was not taken.
    #[arg(long, conflicts_with = "siege")]
    pub(crate) sweep: bool,
    /// Of a sweep: how many charges a second payment is good for. What is beyond waits in line there.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "sweep", value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) capacity: u32,
    /// Of a sweep: draw the curve into this file.
    #[arg(long, value_name = "FILE", requires = "sweep")]
    pub(crate) svg: Option<PathBuf>,
    /// The old systems' trial, at the cinema: a payment of 400 to 620 ms, and customers who do nothing but book. Fails below 100 %
    /// answered, 95 % of what such a payment allows, or above 0.7 s for the slowest hundredth.
    #[arg(long)]
    pub(crate) siege: bool,
    /// Append what each client saw to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.1..=1e6).contains(&rate) => Ok(rate),
        _ => Err("must be a number from 0.1 to 1000000".to_owned()),
    }
}
