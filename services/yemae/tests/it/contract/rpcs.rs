//! Every RPC of the contracts, and what its descriptor says.

use mesh::Contracts;
use mesh::contracts::Method;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use std::sync::{Arc, LazyLock};

/// The contracts as this build has them.
pub static CONTRACTS: LazyLock<Arc<Contracts>> =
    LazyLock::new(|| Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()));

/// One RPC.
#[derive(Clone)]
pub struct Rpc {
    pub method: Method,
    pub descriptor: MethodDescriptor,
}

/// Every RPC, by its path.
pub fn all() -> Vec<Rpc> {
    let mut all: Vec<_> = CONTRACTS.methods().cloned().map(Rpc::of).collect();
    all.sort_by(|a, b| a.method.path.cmp(&b.method.path));
    all
}

/// The RPC of this path.
pub fn find(path: &str) -> Rpc {
    Rpc::of(CONTRACTS.method(path).unwrap().clone())
}

impl Rpc {
    fn of(method: Method) -> Self {
        let (service, name) = method.path[1..].split_once('/').unwrap();
        let service = CONTRACTS.pool().get_service_by_name(service).unwrap();
        let descriptor = service.methods().find(|own| own.name() == name).unwrap();
        Self { method, descriptor }
    }

    /// "cinema.booking.v1.BookingService/CreateBooking".
    pub fn name(&self) -> &str {
        self.method.path.strip_prefix("/yemae.").unwrap()
    }

    pub fn input(&self) -> MessageDescriptor {
        self.descriptor.input()
    }

    /// It makes something: its client names the request.
    pub fn creates(&self) -> bool {
        self.input().get_field_by_name("request_id").is_some()
    }

    /// It charges somebody.
    pub fn charges(&self) -> bool {
        self.creates() && self.input().get_field_by_name("payment_method").is_some()
    }

    /// What the file says of it.
    pub fn comment(&self) -> String {
        comment(self.descriptor.parent_file(), self.descriptor.path())
    }
}

/// The comment of what stands at `path` in a file.
pub fn comment(file: prost_reflect::FileDescriptor, path: &[i32]) -> String {
    let info = file
        .file_descriptor_proto()
        .source_code_info
        .clone()
        .unwrap_or_default();
    let here = info
        .location
        .into_iter()
        .find(|location| location.path == path);
    here.and_then(|location| location.leading_comments)
        .unwrap_or_default()
}

/// What `buf.validate` says of a field: its `FieldRules`.
pub fn rules(field: &FieldDescriptor) -> Option<DynamicMessage> {
    option(field, "buf.validate.field")?.as_message().cloned()
}

/// What of a field only its context can judge.
pub fn judged(field: &FieldDescriptor) -> Option<String> {
    Some(
        option(field, "yemae.shared.v1.judged")?
            .as_str()?
            .to_owned(),
    )
}

fn option(field: &FieldDescriptor, name: &str) -> Option<Value> {
    let extension = CONTRACTS.pool().get_extension_by_name(name).unwrap();
    let options = field.options();
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).into_owned())
}

/// A value that a message of options sets.
pub fn set(said: &DynamicMessage, name: &str) -> Option<Value> {
    let mut fields = said.fields();
    fields.find_map(|(field, value)| (field.name() == name).then(|| value.clone()))
}

/// The rules of a value by its kind: of a list, those of its items.
pub fn of_value(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let mut rules = rules(field)?;
    if field.is_list() {
        rules = set(&rules, "repeated")?.as_message()?.clone();
        rules = set(&rules, "items")?.as_message()?.clone();
    }
    let own = [
        "string", "int32", "int64", "sint32", "sint64", "uint32", "enum", "bool",
    ];
    let own = own.iter().chain(&["duration", "timestamp"]);
    let mut own = own.filter_map(|kind| set(&rules, kind));
    own.next()?.as_message().cloned()
}

/// The first example that a contract gives.
pub fn example(field: &FieldDescriptor) -> Option<Value> {
    let examples = set(&of_value(field)?, "example")?;
    let first = examples.as_list()?.first()?;
    match (field.kind(), first) {
        (Kind::Enum(_), Value::I32(number)) => Some(Value::EnumNumber(*number)),
        _ => Some(first.clone()),
    }
}

/// A number that rules set.
pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::I32(n) | Value::EnumNumber(n) => Some(i64::from(*n)),
        Value::I64(n) => Some(*n),
        Value::U32(n) => Some(i64::from(*n)),
        Value::U64(n) => i64::try_from(*n).ok(),
        _ => None,
    }
}
