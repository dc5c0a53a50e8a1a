//! What the contracts say, read from their descriptors: how each method may be called, which entity each event states.

mod rules;
mod wire;

pub(crate) use wire::message_of;

use crate::refusal::{Kind, Refusal, text};
use crate::telemetry::rpc::Labels;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use rules::Rules;
use std::collections::HashMap;
use std::time::Duration;

const OPTION: &str = "yemae.shared.v1.method";
const HTTP: &str = "google.api.http";

/// Every contract the process knows.
#[derive(Debug)]
pub struct Contracts {
    pool: DescriptorPool,
    encoded: &'static [u8],
    methods: HashMap<String, Method>,
    rules: Rules,
    /// The rules of each method's request.
    requests: HashMap<String, usize>,
    entities: HashMap<String, String>,
}

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

/// Why contracts cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("contract {place}: {why}")]
pub struct ContractFault {
    place: String,
    why: String,
}

fn fault(place: &str, why: impl Into<String>) -> ContractFault {
    ContractFault {
        place: place.to_owned(),
        why: why.into(),
    }
}

impl Contracts {
    /// Reads a serialized `FileDescriptorSet`. An error when a method of ours declares no deadline, callers, load,
    /// idempotency or route, or a route that another has; or when a request of it has a rule that is not understood here, or
    /// a field whose size no rule bounds.
    pub fn load(descriptors: &'static [u8]) -> Result<Self, ContractFault> {
        let pool =
            DescriptorPool::decode(descriptors).map_err(|e| fault("image", e.to_string()))?;
        let mut methods = HashMap::new();
        let mut routes: HashMap<String, String> = HashMap::new();
        let (mut rules, mut requests) = (Rules::default(), HashMap::new());
        for service in pool
            .services()
            .filter(|service| context_of(service.package_name()).is_some())
        {
            for descriptor in service.methods() {
                let method = read_method(&pool, &descriptor)?;
                if let Some(other) = routes.insert(method.route.clone(), method.path.clone()) {
                    return Err(fault(
                        &method.path,
                        format!("its route is already that of {other}"),
                    ));
                }
                let request = rules.add(&pool, &descriptor.input())?;
                requests.insert(method.path.clone(), request);
                methods.insert(method.path.clone(), method);
            }
        }
        let known: Vec<_> = methods.keys().cloned().collect();
        for method in methods.values_mut() {
            resolve(method, &known)?;
        }
        let entities = pool
            .all_messages()
            .filter_map(|message| {
                let first = message.get_field(1)?;
                let entity = first.kind().as_message()?.name().to_owned();
                Some((message.full_name().to_owned(), entity))
            })
            .collect();
        Ok(Self {
            pool,
            encoded: descriptors,
            methods,
            rules,
            requests,
            entities,
        })
    }

    /// How a method may be called, by its path.
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.methods.get(path)
    }

    /// Every method.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.values()
    }

    /// Judges a request's bytes by the rules that the contract has of its fields. INVALID_ARGUMENT with every violation;
    /// also when they are no such message. What no contract names has no rules.
    pub fn check(&self, path: &str, message: &[u8]) -> Result<(), Refusal> {
        let Some(request) = self.requests.get(path) else {
            return Ok(());
        };
        match self.rules.judge(*request, message) {
            Ok(wrong) if wrong.is_empty() => Ok(()),
            Ok(wrong) => Err(Refusal::invalid(wrong)),
            Err(_) => Err(malformed("the request is no message of this method")),
        }
    }

    /// The entity an event states: the message name of its field 1.
    pub fn entity(&self, event: &str) -> Result<&str, Refusal> {
        self.entities
            .get(event)
            .map(String::as_str)
            .ok_or_else(|| Refusal::internal(format!("{event} states no entity in field 1")))
    }

    /// The descriptors themselves.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The serialized set, for reflection.
    pub fn encoded(&self) -> &'static [u8] {
        self.encoded
    }
}

/// A request that is no message of its method.
pub(crate) fn malformed(why: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(
        Kind::Invalid,
        "MALFORMED_REQUEST",
        text(why, "요청 형식이 올바르지 않습니다."),
    )
}

/// The context a package is served by: "yemae.cinema.booking.v1" is "cinema-booking".
pub fn context_of(package: &str) -> Option<String> {
    let inner = package.strip_prefix("yemae.")?;
    let (name, version) = inner.rsplit_once('.')?;
    let shared = matches!(name, "shared" | "ordering");
    (version.starts_with('v') && !shared).then(|| name.replace('.', "-"))
}

fn read_method(
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
fn resolve(method: &mut Method, known: &[String]) -> Result<(), ContractFault> {
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

fn extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).as_message().cloned())
        .flatten()
}

fn list(message: &DynamicMessage, field: &str) -> Vec<Value> {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_list().map(<[Value]>::to_vec))
        .unwrap_or_default()
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
