//! `yemae token`: a token for a person, for trying out.

use crate::cli;
use crate::data::Data;
use crate::fault::Fault;
use crate::out;
use mesh::Clock;
use mesh::identity::Key;
use std::time::Duration;

/// Every role there is, as the contracts spell them.
const ROLES: [&str; 7] = [
    "customer",
    "staff",
    "owner",
    "rep",
    "installer",
    "driver",
    "admin",
];

/// Runs the command.
pub(crate) fn run(command: &cli::Token) -> Result<(), Fault> {
    if let Some(unknown) = command
        .role
        .iter()
        .find(|role| !ROLES.contains(&role.as_str()))
    {
        return Err(Fault::usage(format!(
            "--role {unknown} is none of {}",
            ROLES.join(", ")
        )));
    }
    let data = Data::at(&command.data);
    let key = Key::read(&data.key("users"));
    let key = key.map_err(|why| {
        Fault::usage(format!(
            "{why}; `yemae up` makes the key, --data names another directory"
        ))
    })?;
    let roles: Vec<&str> = command.role.iter().map(String::as_str).collect();
    let good_for = Duration::from_secs(command.hours.saturating_mul(3600));
    out::line(format_args!(
        "{}",
        key.user_token(&command.subject, &roles, Clock::system().now(), good_for)
    ));
    Ok(())
}
