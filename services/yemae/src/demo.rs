//! `yemae demo`: a system's whole story through the public RPCs, each step said, each step checked. Here is what every
//! story says and looks at; `demo/<system>.rs` is the story of one.

pub(crate) mod cinema;
pub(crate) mod food;
pub(crate) mod iptv;
pub(crate) mod taxi;
pub(crate) mod vod;

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::{cli, out, runtime, stage, systems};
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::ordering::v1::{Order, Phase};
use tonic::{Response, Status};

/// Runs the command.
pub(crate) fn run(command: &cli::Demo) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach).await?;
        let story = std::slice::from_ref(&command.story);
        let (chosen, left_out) = systems::chosen(&mesh, story).await?;
        left_out.iter().for_each(out::line);
        let cast = Cast::new(&mesh)?;
        for system in chosen {
            if command.story == systems::EVERY {
                out::line(format_args!("{}:", system.name));
            }
            (system.story)(&cast).await?;
            out::line(format_args!("The story came true."));
        }
        Ok(())
    })
}

/// Who is in a story.
pub(crate) struct Cast {
    mesh: Mesh,
    /// Staff and admin, and a customer as well.
    pub(crate) staff: Mesh,
    /// A customer.
    pub(crate) kim: Mesh,
    /// Tells this run's requests and names from those of others.
    pub(crate) run: String,
}

impl Cast {
    fn new(mesh: &Mesh) -> Result<Self, Fault> {
        Ok(Self {
            mesh: mesh.clone(),
            staff: mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?,
            kim: mesh.acting_as("demo-kim", &["customer"])?,
            run: mesh::id::new(),
        })
    }

    /// Somebody else: "demo-{name}", in these roles.
    pub(crate) fn somebody(&self, name: &str, roles: &[&str]) -> Result<Mesh, Fault> {
        self.mesh.acting_as(&format!("demo-{name}"), roles)
    }

    /// A request id of this run.
    pub(crate) fn request(&self, name: &str) -> String {
        format!("{}-{name}", self.run)
    }
}

/// Says what comes next.
pub(crate) fn say(line: &str) {
    out::line(format_args!("- {line}"));
}

/// Says that it is so; an error if it is not.
pub(crate) fn check(holds: bool, what: &str) -> Result<(), Fault> {
    if holds {
        out::line(format_args!("    {what}"));
        Ok(())
    } else {
        Err(Fault::no(format!("it did not come true that {what}")))
    }
}

/// The answer of a call that must be answered.
pub(crate) fn answered<T>(answer: Result<Response<T>, Status>) -> Result<T, Fault> {
    let answer = answer.map_err(|status| rpc::fault(&status))?;
    Ok(answer.into_inner())
}

/// Checks that the call was refused, for this reason: "SEATS_TAKEN".
pub(crate) fn refused_for<T>(wanted: &str, answer: Result<T, Status>) -> Result<(), Fault> {
    let refused = answer.err();
    let reason = refused.as_ref().and_then(mesh::refusal::reason);
    let reason = reason.unwrap_or_default();
    check(
        reason == wanted,
        &format!("the reason is {wanted} ({reason})"),
    )
}

/// Waits until it has come true, at most 20 s.
pub(crate) async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) -> Result<(), Fault> {
    let come = stage::found(async || is_true().await.then_some(()));
    check(come.await.is_some(), what)
}

/// Waits until the customer's page shows the order in this status, by its name: "SEATS_RESERVED".
pub(crate) async fn until_shown(by: &Mesh, order_id: &str, status: &str) -> Result<(), Fault> {
    until(&format!("the page says {status}"), async || {
        let shown = on_page(by, order_id).await.status.unwrap_or_default();
        shown.name == status
    })
    .await
}

/// Waits until the customer's page shows the order as cancelled, and the money as paid back.
pub(crate) async fn until_refunded(by: &Mesh, order_id: &str) -> Result<(), Fault> {
    until("the page says cancelled and refunded", async || {
        let order = on_page(by, order_id).await;
        let mut told = order.timeline.iter().filter_map(|own| own.status.as_ref());
        order.phase() == Phase::Cancelled && told.any(|status| status.name == "REFUNDED")
    })
    .await
}

/// Waits until the customer was sent so many notifications about the order.
pub(crate) async fn until_told(by: &Mesh, order_id: &str, times: usize) -> Result<(), Fault> {
    until(&format!("{times} notifications were sent"), async || {
        let request = ListNotificationsRequest {
            order_id: order_id.to_owned(),
            ..ListNotificationsRequest::default()
        };
        let answer = NotificationServiceClient::new(by.channel())
            .list_notifications(request)
            .await;
        answered(answer).is_ok_and(|told| told.notifications.len() >= times)
    })
    .await
}

/// The order as its customer's page shows it; an empty one while it does not.
pub(crate) async fn on_page(by: &Mesh, order_id: &str) -> Order {
    let request = GetMyOrderRequest {
        order_id: order_id.to_owned(),
    };
    let answer = MyPageServiceClient::new(by.channel())
        .get_my_order(request)
        .await;
    let answer = answered(answer).unwrap_or_default();
    answer.order.unwrap_or_default()
}
