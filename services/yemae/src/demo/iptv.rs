//! IPTV's story: Kim's is cancelled in time, Lee's too late.

use super::{
    Cast, answered, check, refused_for, say, until, until_refunded, until_shown, until_told,
};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::iptv::FEE;
use crate::stage::{self, won};
use mesh::client::Client;
use proto::iptv::installation::v1::installation_service_client::InstallationServiceClient;
use proto::iptv::installation::v1::{
    AcceptJobRequest, AnswerCancellationRequest, CompleteJobRequest, GetJobRequest, QueuedJob,
};
use proto::iptv::subscription::v1::subscription_service_client::SubscriptionServiceClient;
use proto::iptv::subscription::v1::{
    CancelSubscriptionRequest, CancelSubscriptionResponse, SubscribeRequest, Subscription,
    SubscriptionStatus,
};
use proto::iptv::support::v1::support_service_client::SupportServiceClient;
use proto::iptv::support::v1::{
    AssignInstallerRequest, CompleteCaseRequest, DecideCancellationRequest, ListInstallersRequest,
    ReceiveCancellationRequest,
};
use proto::shared::v1::Text;
use tonic::{Response, Status};

/// Tells it.
pub(crate) async fn tell(cast: &Cast) -> Result<(), Fault> {
    say("Choi registers a plan with an installation fee, and Yoon, who installs in a region.");
    let choi = cast.somebody("choi", &["rep", "customer"])?;
    let region = format!("강남 {}", cast.run);
    let installer_id = format!("demo-yoon-{}", cast.run);
    let yoon = cast.somebody(&format!("yoon-{}", cast.run), &["installer"])?;
    let plan_id = stage::iptv::plan(&choi, &cast.run, "IPTV 베이직", 15_000, FEE).await?;
    stage::iptv::installer(&choi, &installer_id, "윤기사", &region).await?;

    say("Kim subscribes. She pays the fee before the subscription exists.");
    let kims = request(cast.request("kim-1"), &plan_id, &region);
    let placed = subscribe(&cast.kim, &kims).await?;
    let is_placed = placed.status() == SubscriptionStatus::Subscribed;
    check(is_placed, "the subscription is SUBSCRIBED")?;
    let again = subscribe(&cast.kim, &kims).await?;
    check(
        again == placed,
        "the same request again is the same subscription",
    )?;

    say("Choi assigns who is suggested; Yoon sees where to go, and accepts.");
    let id = &placed.subscription_id;
    assign(&choi, id, &region, &installer_id).await?;
    accept(&yoon, id).await?;
    until_shown(&cast.kim, id, "INSTALLING").await?;

    say("Kim cancels. Choi takes it up and asks Yoon, who agrees; his job is locked.");
    answered(cancel(&cast.kim, id).await)?;
    receive(&choi, id).await?;
    answer(&yoon, id, true).await?;
    let order_id = id.clone();
    let complete = CompleteJobRequest { order_id };
    refused_for("JOB_LOCKED", of(&yoon).complete_job(complete).await)?;

    say("Choi decides: it is cancelled, Yoon's job too, and the money goes back.");
    decide(&choi, id, true).await?;
    until_refunded(&cast.kim, id).await?;
    until("Yoon no longer knows where it was", async || {
        job(&yoon, id).await.is_some_and(|job| job.home.is_none())
    })
    .await?;

    say("Lee subscribes too, and cancels when Yoon is already at work: Yoon says no.");
    let lee = cast.somebody("lee", &["customer"])?;
    let lees = subscribe(&lee, &request(cast.request("lee-1"), &plan_id, &region)).await?;
    let id = &lees.subscription_id;
    assign(&choi, id, &region, &installer_id).await?;
    accept(&yoon, id).await?;
    answered(cancel(&lee, id).await)?;
    receive(&choi, id).await?;
    answer(&yoon, id, false).await?;
    decide(&choi, id, false).await?;
    until_shown(&lee, id, "INSTALLING").await?;

    say("Yoon installs it, and Choi completes it. It can't be cancelled any more.");
    let order_id = id.clone();
    answered(
        of(&yoon)
            .complete_job(CompleteJobRequest { order_id })
            .await,
    )?;
    until_shown(&lee, id, "INSTALLED").await?;
    refused_for("NOT_CANCELLABLE", cancel(&lee, id).await)?;
    let order_id = id.clone();
    let complete = CompleteCaseRequest { order_id };
    until("Choi completes it", async || {
        desk(&choi).complete_case(complete.clone()).await.is_ok()
    })
    .await?;
    until_shown(&lee, id, "ACTIVE").await?;

    say("Kim was told every step, in her language.");
    until_told(&cast.kim, &placed.subscription_id, 6).await
}

fn of(installer: &Mesh) -> InstallationServiceClient<Client> {
    InstallationServiceClient::new(installer.channel())
}

fn desk(rep: &Mesh) -> SupportServiceClient<Client> {
    SupportServiceClient::new(rep.channel())
}

fn request(request_id: String, plan_id: &str, region: &str) -> SubscribeRequest {
    SubscribeRequest {
        request_id,
        plan_id: plan_id.to_owned(),
        home: Some(stage::iptv::home()),
        region: region.to_owned(),
        wished_on: "2026-12-24".to_owned(),
        expected_total: Some(won(FEE)),
        payment_method: "pm_demo".to_owned(),
    }
}

async fn subscribe(by: &Mesh, request: &SubscribeRequest) -> Result<Subscription, Fault> {
    let placed = SubscriptionServiceClient::new(by.channel())
        .subscribe(request.clone())
        .await;
    Ok(answered(placed)?.subscription.unwrap_or_default())
}

async fn cancel(by: &Mesh, id: &str) -> Result<Response<CancelSubscriptionResponse>, Status> {
    let request = CancelSubscriptionRequest {
        subscription_id: id.to_owned(),
    };
    SubscriptionServiceClient::new(by.channel())
        .cancel_subscription(request)
        .await
}

/// Assigns whom the region's list suggests, as soon as there is a case.
async fn assign(rep: &Mesh, id: &str, region: &str, expected: &str) -> Result<(), Fault> {
    let request = ListInstallersRequest {
        region: region.to_owned(),
    };
    let listed = answered(desk(rep).list_installers(request).await)?;
    let suggested = listed.installers.into_iter().next().unwrap_or_default();
    let is_he = suggested.installer_id == expected;
    check(is_he, "Yoon is suggested")?;
    let request = AssignInstallerRequest {
        order_id: id.to_owned(),
        installer_id: suggested.installer_id,
    };
    until("he is assigned", async || {
        desk(rep).assign_installer(request.clone()).await.is_ok()
    })
    .await
}

async fn job(installer: &Mesh, id: &str) -> Option<QueuedJob> {
    let order_id = id.to_owned();
    let found = of(installer).get_job(GetJobRequest { order_id }).await;
    found.ok()?.into_inner().job
}

async fn accept(installer: &Mesh, id: &str) -> Result<(), Fault> {
    until("Yoon knows where to go", async || {
        let job = job(installer, id).await;
        job.is_some_and(|job| job.home == Some(stage::iptv::home()))
    })
    .await?;
    let order_id = id.to_owned();
    let request = AcceptJobRequest { order_id };
    answered(of(installer).accept_job(request).await).map(drop)
}

async fn receive(rep: &Mesh, id: &str) -> Result<(), Fault> {
    let request = ReceiveCancellationRequest {
        order_id: id.to_owned(),
        number: 1,
    };
    until("Choi takes it up", async || {
        desk(rep)
            .receive_cancellation(request.clone())
            .await
            .is_ok()
    })
    .await
}

async fn answer(installer: &Mesh, id: &str, agreed: bool) -> Result<(), Fault> {
    let drilled = || Text {
        en: "the wall is drilled".to_owned(),
        ko: "벽을 이미 뚫었습니다.".to_owned(),
    };
    let request = AnswerCancellationRequest {
        order_id: id.to_owned(),
        number: 1,
        agreed,
        reason: (!agreed).then(drilled),
    };
    until("Yoon answers", async || {
        let answered = of(installer).answer_cancellation(request.clone()).await;
        answered.is_ok()
    })
    .await
}

async fn decide(rep: &Mesh, id: &str, agreed: bool) -> Result<(), Fault> {
    let request = DecideCancellationRequest {
        order_id: id.to_owned(),
        number: 1,
        agreed,
        reason: None,
    };
    until("Choi decides", async || {
        desk(rep).decide_cancellation(request.clone()).await.is_ok()
    })
    .await
}
