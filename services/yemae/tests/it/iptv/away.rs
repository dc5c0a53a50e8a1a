//! Support and installation away: subscriptions are taken around the clock, and all become active once both are back.

use crate::play::audit;
use crate::rig::{Up, directory, wait_for};
use crate::shared::call;
use serde_json::json;

/// How many subscribe while nobody is in.
const ORDERS: usize = 3;

const CHOI: (&str, &str) = ("choi", "rep");
const PARK: (&str, &str) = ("park", "installer");
const KIM: (&str, &str) = ("kim", "customer");

/// Where Kim lives, and her number: found again wherever they may not be.
const ADDRESS: &str = "canary-ro 1";
const PHONE: &str = "010-7654-3219";

/// Registers a plan with a fee and an installer; answers the plan's id.
fn plan(up: &Up) -> String {
    let won = |amount: i64| json!({"currency": "KRW", "minorUnits": amount});
    let plan = json!({
        "requestId": "away", "name": "Basic", "monthlyFee": won(15_000), "installationFee": won(30_000),
    });
    let plan = call(up, CHOI, "RegisterPlan", &plan).unwrap();
    let park = json!({"installerId": "park", "name": "Park", "region": "강남"});
    call(up, CHOI, "PutInstaller", &park).unwrap();
    plan["plan"]["planId"].as_str().unwrap().to_owned()
}

/// Kim subscribes; None while the plan is not known, or it could not be taken at once.
fn subscribe(up: &Up, plan_id: &str, request_id: &str) -> Option<String> {
    let request = json!({
        "requestId": request_id,
        "planId": plan_id,
        "home": {"address": ADDRESS, "phone": PHONE},
        "region": "강남",
        "wishedOn": "2026-12-24",
        "expectedTotal": {"currency": "KRW", "minorUnits": 30_000},
        "paymentMethod": "pm_test",
    });
    let placed = call(up, KIM, "Subscribe", &request)?;
    let id = placed["subscription"]["subscriptionId"].as_str()?;
    Some(id.to_owned())
}

#[test]
fn real_support_and_installation_left_out() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let plan_id = plan(&up);
    for (by, method) in [
        (KIM, "ListCases"),
        (PARK, "ListCases"),
        (CHOI, "ListJobs"),
        (KIM, "ListJobs"),
        (CHOI, "ListSubscriptions"),
        (PARK, "ListSubscriptions"),
    ] {
        let refused = up.run(&["call", method, "{}", "--as", by.0, "--role", by.1]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("PERMISSION_DENIED"),
            "{by:?} {method}: {said}"
        );
    }
    let first = wait_for("the plan", || subscribe(&up, &plan_id, "first"));
    assert!(up.stop(), "it drained");

    let without = [
        "--without",
        "iptv-support",
        "--without",
        "iptv-installation",
    ];
    let up = Up::start(data.path(), &without);
    let mut placed = vec![first];
    for number in 0..ORDERS {
        let request_id = format!("order-{number}");
        let taken = wait_for("an order", || subscribe(&up, &plan_id, &request_id));
        placed.push(taken);
    }
    assert!(up.stop(), "it drained");

    let up = Up::start_with(data.path(), &[], &[("RUST_LOG", "trace")]);
    for id in &placed {
        let order = json!({ "orderId": id });
        let assign = json!({"orderId": id, "installerId": "park"});
        wait_for("the case", || call(&up, CHOI, "AssignInstaller", &assign));
        wait_for("the job", || call(&up, PARK, "AcceptJob", &order));
        wait_for("where it is", || {
            let job = call(&up, PARK, "GetJob", &order)?;
            (job["job"]["home"]["address"] == ADDRESS).then_some(())
        });
        assert!(call(&up, PARK, "CompleteJob", &order).is_some());
        wait_for("the case to be installed", || {
            call(&up, CHOI, "CompleteCase", &order)
        });
    }
    for id in &placed {
        let order = json!({ "orderId": id });
        wait_for("the page to say active", || {
            let shown = call(&up, KIM, "GetMyOrder", &order)?;
            (shown["order"]["status"]["name"] == "ACTIVE").then_some(())
        });
    }
    audit(&up, &[]);
    let said = up.said();
    assert!(said.contains("answered"), "it says everything");
    assert!(!said.contains(ADDRESS) && !said.contains(PHONE), "but that");
    assert!(up.stop(), "it drained");
}
