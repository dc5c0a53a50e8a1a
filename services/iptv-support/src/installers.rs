//! Installers: where each works, and how much each has to do.

use crate::domain::TO_DO;
use crate::schema::{installer, support_case};
use diesel::dsl::count_star;
use diesel::prelude::*;
use mesh::{Db, Refusal, Tx, text};
use ordering::rows;
use proto::iptv::support::v1::{Installer, PutInstallerRequest};
use std::collections::HashMap;

/// The most installers that are listed of one region.
const MOST: i64 = 200;

#[derive(Clone, Debug, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = installer, treat_none_as_default_value = false)]
struct Row {
    installer_id: String,
    name: String,
    region: String,
}

/// Writes down who somebody is and where he works.
pub fn put(tx: &mut Tx<'_>, told: PutInstallerRequest) -> Result<Installer, Refusal> {
    let row = Row {
        installer_id: told.installer_id,
        name: told.name,
        region: told.region,
    };
    let update = mesh::update(installer::table.find(&row.installer_id)).set(&row);
    let insert = diesel::insert_into(installer::table).values(&row);
    rows::put(tx, update, insert)?;
    let open_cases = open_cases(tx.db(), std::slice::from_ref(&row.installer_id))?;
    Ok(show(row, &open_cases))
}

/// What an installer is called, who works in one region: FAILED_PRECONDITION INSTALLER_ELSEWHERE if that is not `region`.
pub fn works_in(db: &mut Db, installer_id: &str, region: &str) -> Result<String, Refusal> {
    let installer: Row = mesh::found(Row::query().find(installer_id).first(db), "installer")?;
    if installer.region == region {
        return Ok(installer.name);
    }
    let own = installer.region;
    Err(Refusal::precondition(
        "INSTALLER_ELSEWHERE",
        text(
            format!("the installer works in {own}"),
            format!("{own} 지역의 설치기사입니다."),
        ),
    ))
}

/// The installers of a region, who has least to do first.
pub fn list(db: &mut Db, region: &str) -> Result<Vec<Installer>, Refusal> {
    let rows: Vec<Row> = Row::query()
        .filter(installer::region.eq(region))
        .order(installer::installer_id)
        .limit(MOST)
        .load(db)?;
    let ids: Vec<_> = rows.iter().map(|row| row.installer_id.clone()).collect();
    let open_cases = open_cases(db, &ids)?;
    let mut installers: Vec<_> = rows.into_iter().map(|row| show(row, &open_cases)).collect();
    installers.sort_by_key(|own| own.open_cases);
    Ok(installers)
}

fn open_cases(db: &mut Db, installers: &[String]) -> Result<HashMap<String, i64>, Refusal> {
    let counted: Vec<(Option<String>, i64)> = support_case::table
        .filter(support_case::installer_id.eq_any(installers.to_vec()))
        .filter(support_case::status.eq_any(TO_DO.to_vec()))
        .group_by(support_case::installer_id)
        .select((support_case::installer_id, count_star()))
        .load(db)?;
    let named = |(id, count): (Option<String>, i64)| Some((id?, count));
    Ok(counted.into_iter().filter_map(named).collect())
}

fn show(row: Row, open_cases: &HashMap<String, i64>) -> Installer {
    let open = open_cases.get(&row.installer_id).copied().unwrap_or(0);
    Installer {
        installer_id: row.installer_id,
        name: row.name,
        region: row.region,
        open_cases: i32::try_from(open).unwrap_or(i32::MAX),
    }
}
