//! `yemae demo cinema`: the whole story through the public RPCs, each step said, each step checked.

mod calls;

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::{cli, out, runtime};
use proto::cinema::booking::v1::BookingStatus;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// How long a step may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);
/// Won for one seat.
const PRICE: i64 = 14_000;

/// Runs the command.
pub(crate) fn run(command: &cli::Demo) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)?;
        let story = Story {
            staff: mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?,
            kim: mesh.acting_as("demo-kim", &["customer"])?,
            lee: mesh.acting_as("demo-lee", &["customer"])?,
            run: mesh::id::new(),
        };
        story.play().await?;
        out::line(format_args!("The story came true."));
        Ok(())
    })
}

struct Story {
    staff: Mesh,
    kim: Mesh,
    lee: Mesh,
    run: String,
}

impl Story {
    async fn play(&self) -> Result<(), Fault> {
        say("A movie is registered; the theater gives it a screen and schedules it.");
        let screening =
            crate::stage::screening(&self.staff, &self.run, "Soul", PRICE, 5, 8).await?;

        say("Kim holds seats 1A and 1B, and books them. She pays before the booking exists.");
        let hold = self.hold(&screening, &["1A", "1B"]).await?;
        let booked = self
            .book(&self.kim, &screening, &["1A", "1B"], "kim-1", &hold)
            .await
            .map_err(|s| rpc::fault(&s))?;
        check(
            booked.status() == BookingStatus::Booked,
            "the booking is BOOKED",
        )?;
        let again = self
            .book(&self.kim, &screening, &["1A", "1B"], "kim-1", &hold)
            .await
            .map_err(|s| rpc::fault(&s))?;
        check(
            again == booked,
            "the same request again is the same booking",
        )?;

        say("Lee wants 1B too, and is refused before any payment.");
        let refused = self.book(&self.lee, &screening, &["1B"], "lee-1", "").await;
        refused_for("SEATS_TAKEN", refused.err().as_ref())?;

        say("The theater reserves the seats; Kim sees it on her page.");
        let id = &booked.booking_id;
        until("her page says SEATS_RESERVED", || async {
            self.status_on_page(&self.kim, id).await == "SEATS_RESERVED"
        })
        .await?;

        say(
            "Kim cancels. The ticket counter agrees, the seats are free again, and the money goes back.",
        );
        self.cancel(&self.kim, id)
            .await
            .map_err(|s| rpc::fault(&s))?;
        until("the booking is CANCELLED and refunded", || async {
            self.is_refunded(&self.kim, id).await
        })
        .await?;
        until("seats 1A and 1B are free", || async {
            self.are_free(&screening, &["1A", "1B"]).await
        })
        .await?;

        say("Lee books 1B and prints the ticket; after that it can't be cancelled.");
        let lees = self
            .book(&self.lee, &screening, &["1B"], "lee-2", "")
            .await
            .map_err(|s| rpc::fault(&s))?;
        until("the ticket is printed", || async {
            self.print(&lees.booking_id).await
        })
        .await?;
        until("the booking is TICKET_RECEIVED", || async {
            self.status_on_page(&self.lee, &lees.booking_id).await == "TICKET_RECEIVED"
        })
        .await?;
        let refused = self.cancel(&self.lee, &lees.booking_id).await;
        refused_for("NOT_CANCELLABLE", refused.err().as_ref())?;

        say("Kim was told every step, in her language.");
        until("five notifications were sent", || async {
            self.notifications(id).await >= 5
        })
        .await
    }
}

fn say(line: &str) {
    out::line(format_args!("- {line}"));
}

fn check(holds: bool, what: &str) -> Result<(), Fault> {
    if holds {
        out::line(format_args!("    {what}"));
        Ok(())
    } else {
        Err(Fault::no(format!("it did not come true that {what}")))
    }
}

fn refused_for(wanted: &str, refused: Option<&Status>) -> Result<(), Fault> {
    let reason = refused.and_then(mesh::refusal::reason).unwrap_or_default();
    check(
        reason == wanted,
        &format!("the reason is {wanted} ({reason})"),
    )
}

/// Waits until it has come true, at most [`PATIENCE`].
async fn until<F>(what: &str, mut is_true: impl FnMut() -> F) -> Result<(), Fault>
where
    F: Future<Output = bool>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        if is_true().await {
            return check(true, what);
        }
        if Instant::now() >= end {
            return check(false, what);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
