//! Plans: what IPTV is sold as.

use crate::schema::plan;
use diesel::prelude::*;
use mesh::{Db, Event, Fields, Page, Refusal, Time, Tx, id, page};
use ordering::rows;
use proto::iptv::support::v1::{self, PlanClosed, PlanRegistered, RegisterPlanRequest};
use proto::shared::v1::Money;

/// A plan as it is stored.
#[derive(Clone, Debug, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = plan, treat_none_as_default_value = false)]
pub struct Plan {
    plan_id: String,
    version: i64,
    name: String,
    currency: String,
    monthly_fee: i64,
    installation_fee: Option<i64>,
    is_open: bool,
    registered_at: i64,
}

impl Plan {
    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.registered_at, self.plan_id.clone())
    }
}

impl From<&Plan> for v1::Plan {
    fn from(plan: &Plan) -> Self {
        let money = |minor_units| Money {
            currency: plan.currency.clone(),
            minor_units,
        };
        Self {
            plan_id: plan.plan_id.clone(),
            version: plan.version,
            name: plan.name.clone(),
            monthly_fee: Some(money(plan.monthly_fee)),
            installation_fee: plan.installation_fee.map(money),
            open: plan.is_open,
            registered_at: Some(Time(plan.registered_at).into()),
        }
    }
}

/// A plan is priced in one currency.
pub fn check(fields: &mut Fields, request: &RegisterPlanRequest) {
    if let (Some(monthly), Some(fee)) = (&request.monthly_fee, &request.installation_fee) {
        let same = fee.currency == monthly.currency;
        let rule = "must be the currency of monthly_fee";
        fields.check(same, "installation_fee.currency", rule);
    }
}

/// Registers a plan. It is sold at once.
pub fn register(tx: &mut Tx<'_>, request: &RegisterPlanRequest) -> Result<v1::Plan, Refusal> {
    let monthly = request.monthly_fee.clone().unwrap_or_default();
    let row = Plan {
        plan_id: id::new(),
        version: 1,
        name: request.name.clone(),
        currency: monthly.currency,
        monthly_fee: monthly.minor_units,
        installation_fee: request.installation_fee.as_ref().map(|fee| fee.minor_units),
        is_open: true,
        registered_at: tx.now().0,
    };
    diesel::insert_into(plan::table)
        .values(&row)
        .execute(tx.db())?;
    let plan = v1::Plan::from(&row);
    let registered = PlanRegistered {
        plan: Some(plan.clone()),
    };
    tx.enqueue(Event::new(&plan.plan_id, plan.version, &registered))?;
    Ok(plan)
}

/// Sells it no more.
pub fn close(tx: &mut Tx<'_>, plan_id: &str) -> Result<v1::Plan, Refusal> {
    let mut row = read(tx.db(), plan_id)?;
    if !row.is_open {
        return Ok((&row).into());
    }
    let unchanged = plan::table
        .find(plan_id)
        .filter(plan::version.eq(row.version));
    row.is_open = false;
    row.version += 1;
    rows::written(mesh::update(unchanged).set(&row).execute(tx.db()))?;
    let plan = v1::Plan::from(&row);
    let closed = PlanClosed {
        plan: Some(plan.clone()),
    };
    tx.enqueue(Event::new(plan_id, plan.version, &closed))?;
    Ok(plan)
}

/// A plan.
pub fn read(db: &mut Db, plan_id: &str) -> Result<Plan, Refusal> {
    mesh::found(Plan::query().find(plan_id).first(db), "plan")
}

/// Plans, newest first.
pub fn list(db: &mut Db, page: &Page) -> Result<Vec<Plan>, Refusal> {
    let plans = Plan::query().into_boxed();
    let listed = page.newest_first(plans, plan::registered_at, plan::plan_id);
    Ok(listed.load(db)?)
}
