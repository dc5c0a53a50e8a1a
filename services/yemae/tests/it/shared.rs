//! What every system needs around it: the contexts that all of them share, and the audit of everybody.

use crate::rig::Up;
use mesh::{Context, Db, Refusal, refusal};
use ordering::audit::{Facts, judge};
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::ordering::v1::Order;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, SetBehaviorRequest};
use proto::shared::v1::{Money, Text};
use serde_json::Value;
use testing::{Caller, World};
use tonic::Status;

/// What a context tells the audit.
pub type Teller = fn(&mut Db) -> Result<Facts, Refusal>;

/// A context, and what it tells the audit.
pub struct Resident {
    pub name: &'static str,
    /// Makes it anew for each of its lives; from a seed where it throws dice.
    pub make: fn(u64) -> Box<dyn Fn() -> Context + Send + Sync>,
    pub facts: Teller,
}

/// The contexts that every system needs around it.
pub const SHARED: &[Resident] = &[
    Resident {
        name: "payment",
        make: |seed| {
            let bank = payment::Simulator::new(seed);
            Box::new(move || payment::simulated(bank.clone()))
        },
        facts: payment::facts::facts,
    },
    Resident {
        name: "mypage",
        make: |_| Box::new(mypage::context),
        facts: mypage::facts,
    },
    Resident {
        name: "notification",
        make: |_| {
            Box::new(|| {
                notification::context(notification::Settings {
                    console: notification::Console::new(std::io::sink()),
                    webhooks: notification::Reach::Private,
                })
            })
        },
        facts: notification::facts,
    },
];

/// The contexts of a system throw no dice of their own.
pub fn plain(make: fn() -> Context) -> Box<dyn Fn() -> Context + Send + Sync> {
    Box::new(make)
}

/// Moves the shared contexts in.
pub fn with_shared(world: World) -> World {
    let moves_in = |world: World, shared: &Resident| world.with((shared.make)(7)());
    SHARED.iter().fold(world, moves_in)
}

/// An order on the page of Kim, who is the customer of every system.
pub async fn page(world: &World, order_id: &str) -> Order {
    let order_id = order_id.to_owned();
    let shown = MyPageServiceClient::new(world.client("mypage", Caller::customer("kim")))
        .get_my_order(GetMyOrderRequest { order_id })
        .await;
    shown.unwrap().into_inner().order.unwrap()
}

/// What Kim's page says has happened to an order.
pub async fn timeline(world: &World, order_id: &str) -> Vec<String> {
    let timeline = page(world, order_id).await.timeline.into_iter();
    timeline.map(|entry| entry.status.unwrap().name).collect()
}

/// The texts that Kim was sent about an order; without an id, about all.
pub async fn texts(world: &World, order_id: &str) -> Vec<String> {
    let request = ListNotificationsRequest {
        order_id: order_id.to_owned(),
        ..ListNotificationsRequest::default()
    };
    let client = world.client("notification", Caller::customer("kim"));
    let told = NotificationServiceClient::new(client)
        .list_notifications(request)
        .await;
    let told = told.unwrap().into_inner().notifications;
    told.into_iter().map(|own| own.text).collect()
}

/// Tells the payment provider how to be from now on.
pub async fn provider(world: &World, behavior: Behavior) {
    let behavior = Some(behavior);
    SimulatorServiceClient::new(world.client("payment", Caller::user("root", &["admin"])))
        .set_behavior(SetBehaviorRequest { behavior })
        .await
        .unwrap();
}

/// The audit, at rest: no rule is broken, as these and the shared contexts tell it.
pub async fn is_clean(world: &World, own: &[(&'static str, Teller)]) {
    let mut all = Facts::default();
    let shared = SHARED.iter().map(|shared| (shared.name, shared.facts));
    for (context, facts) in own.iter().copied().chain(shared) {
        let mut told = world.site(context).store.read(facts).await.unwrap();
        told.contexts.push(context.to_owned());
        all.add(told);
    }
    for (rule, verdict) in judge(&all, &all, None, true, world.now()) {
        assert_eq!(verdict.breaches, [], "rule {rule}");
    }
}

/// A call to a real mesh by whoever that is, by name and role; None: it was refused.
pub fn call(up: &Up, by: (&str, &str), method: &str, request: &Value) -> Option<Value> {
    let (subject, role) = by;
    let request = request.to_string();
    let said = up.run(&["call", method, &request, "--as", subject, "--role", role]);
    let answer = || serde_json::from_slice(&said.stdout).unwrap();
    said.status.success().then(answer)
}

/// So many won.
pub fn won(minor_units: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units,
    }
}

/// A reason in both languages.
pub fn because(why: &str) -> Text {
    Text {
        en: why.to_owned(),
        ko: why.to_owned(),
    }
}

/// Why a call was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    refusal::reason(&answer.unwrap_err()).unwrap_or_default()
}
