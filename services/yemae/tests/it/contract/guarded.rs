//! Whoever may not call an RPC is refused before a byte of the request is read.

use super::asked::{Door, Who};
use super::rpcs::{Rpc, all};
use super::table::{OK, conclude};
use crate::rig::{Up, directory};
use tonic::Code;

/// No message of anything: a handler, and the rules of a request, would say so.
const NONSENSE: &[u8] = &[0xff; 4];
const ROLES: [&str; 7] = [
    "customer",
    "staff",
    "owner",
    "rep",
    "installer",
    "driver",
    "admin",
];

/// A role that an RPC does not let in.
fn wrong_role(rpc: &Rpc) -> Option<&'static str> {
    let permitted = |role: &str| {
        rpc.method
            .roles
            .iter()
            .any(|own| own == role || own == "anyone")
    };
    ROLES.into_iter().find(|role| !permitted(role))
}

async fn is_refused(door: &Door, rpc: &Rpc, who: Who, code: Code, wrong: &mut Vec<String>) {
    let told = door.raw(rpc, &who, NONSENSE.to_vec()).await;
    let told = told.map_err(|no| (no.code, no.reason));
    if !told.as_ref().is_err_and(|(told, _)| *told == code) {
        wrong.push(format!("{}: {who:?} was told {told:?}", rpc.name()));
    }
}

#[tokio::test]
async fn who_may_not_call_is_refused_before_the_request_is_read() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    let door = Door::of(&mesh);
    let (mut cells, mut wrong) = (Vec::new(), Vec::new());
    for rpc in all() {
        is_refused(&door, &rpc, Who::Nobody, Code::Unauthenticated, &mut wrong).await;
        let mut cell = OK.to_owned();
        match wrong_role(&rpc) {
            Some(role) => {
                let person = Who::Person("stranger".to_owned(), role.to_owned());
                is_refused(&door, &rpc, person, Code::PermissionDenied, &mut wrong).await;
                // Its key permits nothing.
                let service = Who::Service("mypage".to_owned());
                is_refused(&door, &rpc, service, Code::PermissionDenied, &mut wrong).await;
            }
            None => cell.push_str(" (ROLE_ANYONE)"),
        }
        // Who may is not refused for that: the message is none.
        let own = Door::whom(&rpc, "guarded");
        let told = door
            .raw(&rpc, &own, NONSENSE.to_vec())
            .await
            .err()
            .map(|no| no.reason);
        if told.as_deref() != Some("MALFORMED_REQUEST") {
            wrong.push(format!(
                "{}: {own:?} was told {told:?} of no message",
                rpc.name()
            ));
        }
        cells.push((rpc, cell));
    }
    wrong.extend(super::error::undocumented());
    conclude("2-guarded", &cells, &wrong);
    assert!(mesh.stop());
}
