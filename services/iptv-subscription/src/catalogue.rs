//! Subscription's own copy of the plans: the fee at the moment of subscribing is the one written here.

use diesel::prelude::*;
use mesh::{Change, Refusal, Tx};
use proto::iptv::support::v1::Plan;

diesel::table! {
    plan (plan_id) {
        plan_id -> Text,
        name -> Text,
        currency -> Text,
        monthly_fee -> BigInt,
        installation_fee -> BigInt,
        is_open -> Bool,
    }
}

/// A plan as subscription knows it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = plan)]
pub(crate) struct KnownPlan {
    pub(crate) plan_id: String,
    pub(crate) name: String,
    pub(crate) currency: String,
    pub(crate) monthly_fee: i64,
    /// 0: none.
    pub(crate) installation_fee: i64,
    pub(crate) is_open: bool,
}

/// Whenever a plan has changed, sell it as it is now, or no more.
pub(crate) fn plan_changed(tx: &mut Tx<'_>, change: &Change<Plan>) -> Result<(), Refusal> {
    let told = change.entity.clone();
    let monthly = told.monthly_fee.unwrap_or_default();
    let row = KnownPlan {
        plan_id: told.plan_id,
        name: told.name,
        currency: monthly.currency,
        monthly_fee: monthly.minor_units,
        installation_fee: told.installation_fee.map_or(0, |fee| fee.minor_units),
        is_open: told.open,
    };
    let known = mesh::update(plan::table.find(&row.plan_id))
        .set(&row)
        .execute(tx.db())?;
    if known == 0 {
        diesel::insert_into(plan::table)
            .values(&row)
            .execute(tx.db())?;
    }
    Ok(())
}

/// A plan that was heard of.
pub(crate) fn find(tx: &mut Tx<'_>, plan_id: &str) -> Result<Option<KnownPlan>, Refusal> {
    Ok(plan::table
        .find(plan_id)
        .select(KnownPlan::as_select())
        .first(tx.db())
        .optional()?)
}
