//! What the contracts say, read from their descriptors: how each method may be called, which entity each event states.

mod method;
mod rules;
mod wire;

pub use method::{Load, Method};
pub(crate) use wire::message_of;

use crate::refusal::{Kind, Refusal, text};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use rules::Rules;
use std::collections::HashMap;

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
                let method = method::read(&pool, &descriptor)?;
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
            method::resolve(method, &known)?;
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
