//! How one method may be called, read from the options of its descriptor.

use super::{ContractFault, context_of, extension, fault, list};
use crate::telemetry::rpc::Labels;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use std::time::Duration;

const OPTION: &str = "yemae.shared.v1.method";
const HTTP: &str = "google.api.http";

/// How a method may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// "/yemae.payment.v1.PaymentService/Approve".
    pub path: String,
    /// The context that serves it, by its package: "payment".
    pub context: String,
    /// How long a caller waits that says nothing itself.
    pub deadline: Duration,
    /// Who may call it, lower case; "anyone" is any valid token.
    pub roles: Vec<String>,
    /// Which services may.
    pub scopes: Vec<String>,
    /// Its class for the concurrency limit.
    pub load: Load,
    /// It is served from the reserve while the rest is shed.
    pub reserved: bool,
    /// It has no side effects.
    pub read_only: bool,
    /// Neither side streams.
    pub unary: bool,
    /// "POST /v1/payments".
    pub route: String,
    /// The methods that usually come before it and make what it names, by their paths.
    pub after: Vec<String>,
    pub(crate) labels: Labels,
}

/// What a method waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Load {
    /// Its own store, reading.
    Read,
    /// Its own store, writing.
    Write,
    /// Another context.
    Peer,
}

impl Load {
    /// Lower case, as a metric tells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Peer => "peer",
        }
    }
}

/// Reads what the contract of a method declares; an error for what it does not.
pub(super) fn read(
    pool: &DescriptorPool,
    descriptor: &MethodDescriptor,
) -> Result<Method, ContractFault> {
    let service = descriptor.parent_service();
    let path = format!("/{}/{}", service.full_name(), descriptor.name());
    let missing = |what: &str| fault(&path, format!("declares no {what}"));
    let options = descriptor.options();
    let option = extension(pool, &options, OPTION)
        .ok_or_else(|| missing("option yemae.shared.v1.method"))?;

    let duration = option.get_field_by_name("deadline");
    let deadline = duration
        .as_deref()
        .and_then(Value::as_message)
        .and_then(|d| d.get_field_by_name("seconds")?.as_i64());
    let deadline = deadline
        .and_then(|s| u64::try_from(s).ok())
        .filter(|s| *s > 0)
        .ok_or_else(|| missing("deadline"))?;
    let load = match enum_name(&option, "load").as_deref() {
        Some("LOAD_READ") => Load::Read,
        Some("LOAD_WRITE") => Load::Write,
        Some("LOAD_PEER") => Load::Peer,
        _ => return Err(missing("load")),
    };
    let roles: Vec<String> = list(&option, "roles")
        .iter()
        .filter_map(|value| role_name(pool, value.as_enum_number()?))
        .collect();
    let scopes: Vec<String> = list(&option, "scopes")
        .iter()
        .filter_map(|v| Some(v.as_str()?.to_owned()))
        .collect();
    if roles.is_empty() && scopes.is_empty() {
        return Err(missing("role and no scope that may call it"));
    }
    // 0 unknown, 1 no side effects, 2 idempotent, as descriptor.proto says.
    let level = options
        .get_field_by_name("idempotency_level")
        .and_then(|value| value.as_enum_number())
        .filter(|level| *level > 0)
        .ok_or_else(|| missing("idempotency_level"))?;
    let http = extension(pool, &options, HTTP).ok_or_else(|| missing("google.api.http route"))?;
    let route = ["get", "put", "post", "delete", "patch"]
        .iter()
        .find_map(|verb| {
            let value = http.get_field_by_name(verb)?;
            let path = value.as_str().filter(|path| !path.is_empty())?;
            Some(format!("{} {path}", verb.to_uppercase()))
        })
        .ok_or_else(|| missing("google.api.http route"))?;
    if descriptor.is_client_streaming() {
        return Err(fault(
            &path,
            "streams its requests, which no rules are kept of",
        ));
    }
    let after = list(&option, "after");
    let after = after.iter().filter_map(Value::as_str).map(str::to_owned);
    let context = context_of(service.package_name()).unwrap_or_default();
    Ok(Method {
        after: after.collect(),
        labels: Labels::new(&path, &context),
        context,
        deadline: Duration::from_secs(deadline),
        roles,
        scopes,
        load,
        reserved: option
            .get_field_by_name("reserved")
            .and_then(|v| v.as_bool())
            .unwrap_or(false),
        read_only: level == 1,
        unary: !descriptor.is_client_streaming() && !descriptor.is_server_streaming(),
        route,
        path,
    })
}

/// Makes paths of the ends of names that [`Method::after`] was read as: of its own service first.
pub(super) fn resolve(method: &mut Method, known: &[String]) -> Result<(), ContractFault> {
    let (service, _) = method.path.rsplit_once('/').unwrap_or_default();
    for name in &mut method.after {
        let own = format!("{service}/{name}");
        let is_meant = |path: &&String| {
            let full = path.replace('/', ".");
            **path == own || full.ends_with(&format!(".{name}"))
        };
        let mut meant: Vec<_> = known.iter().filter(is_meant).collect();
        if meant.contains(&&own) {
            meant.retain(|path| **path == own);
        }
        let [one] = meant[..] else {
            let why = format!("comes after {name}, which names {} methods", meant.len());
            return Err(fault(&method.path, why));
        };
        one.clone_into(name);
    }
    Ok(())
}

fn enum_name(message: &DynamicMessage, field: &str) -> Option<String> {
    let descriptor = message.descriptor().get_field_by_name(field)?;
    let number = message.get_field(&descriptor).as_enum_number()?;
    let kind = descriptor.kind();
    Some(kind.as_enum()?.get_value(number)?.name().to_owned())
}

fn role_name(pool: &DescriptorPool, number: i32) -> Option<String> {
    let role = pool
        .get_enum_by_name("yemae.shared.v1.Role")?
        .get_value(number)?;
    Some(role.name().strip_prefix("ROLE_")?.to_lowercase())
}
