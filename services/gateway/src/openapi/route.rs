//! Where a method is found over HTTP, as its `google.api.http` option says.

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor};

const HTTP: &str = "google.api.http";
const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Where a method is found.
pub(super) struct Route {
    /// Lower case.
    pub(super) verb: &'static str,
    /// "/v1/cinema/bookings/{bookingId}:cancel": what varies has the name it has in JSON.
    pub(super) path: String,
    /// The fields that stand in the path, under their names there.
    pub(super) in_path: Vec<(String, FieldDescriptor)>,
    /// What the body holds.
    pub(super) body: Body,
    /// The field that alone is answered, if not the whole message.
    pub(super) answers: Option<FieldDescriptor>,
}

/// What the body of a request holds.
pub(super) enum Body {
    /// There is none: every field that is not in the path is in the query.
    None,
    /// Every field that is not in the path.
    Rest,
    /// This field; the others are in the query.
    Field(FieldDescriptor),
}

impl Route {
    /// The fields of `input` that go into the query.
    pub(super) fn in_query(&self, input: &MessageDescriptor) -> Vec<FieldDescriptor> {
        let taken = |field: &FieldDescriptor| match &self.body {
            Body::None => false,
            Body::Rest => true,
            Body::Field(body) => body == field,
        };
        let free = |field: &FieldDescriptor| !self.is_in_path(field) && !taken(field);
        input.fields().filter(free).collect()
    }

    /// Whether the path gives this field.
    pub(super) fn is_in_path(&self, field: &FieldDescriptor) -> bool {
        self.in_path.iter().any(|(_, given)| given == field)
    }
}

/// Where `method` is found: by its own rule first, then by those bound besides. What names a field that there is not is
/// left out; the gateway does not start with it.
pub(super) fn of(method: &MethodDescriptor) -> Vec<Route> {
    let options = method.options();
    let Some(extension) = method.parent_pool().get_extension_by_name(HTTP) else {
        return Vec::new();
    };
    let rule = options.get_extension(&extension);
    let Some(rule) = rule.as_message() else {
        return Vec::new();
    };
    let besides = rule.get_field_by_name("additional_bindings");
    let besides = besides.as_deref().and_then(|besides| besides.as_list());
    let besides = besides.into_iter().flatten();
    std::iter::once(rule)
        .chain(besides.filter_map(|rule| rule.as_message()))
        .filter_map(|rule| by(rule, method))
        .collect()
}

fn by(rule: &DynamicMessage, method: &MethodDescriptor) -> Option<Route> {
    let input = method.input();
    let text = |field: &str| {
        let value = rule.get_field_by_name(field)?;
        Some(value.as_str()?.to_owned()).filter(|text| !text.is_empty())
    };
    let (verb, template) = VERBS
        .into_iter()
        .find_map(|verb| Some((verb, text(verb)?)))?;
    let body = match text("body").as_deref() {
        None => Body::None,
        Some("*") => Body::Rest,
        Some(name) => Body::Field(input.get_field_by_name(name)?),
    };
    let (mut path, mut in_path) = (String::new(), Vec::new());
    let mut rest = template.as_str();
    while let Some((before, varying)) = rest.split_once('{') {
        let (inside, after) = varying.split_once('}')?;
        let name = inside.split_once('=').map_or(inside, |(name, _)| name);
        let (name, field) = at(&input, name)?;
        path.push_str(&format!("{before}{{{name}}}"));
        in_path.push((name, field));
        rest = after;
    }
    path.push_str(rest);
    let answers = text("response_body").and_then(|name| method.output().get_field_by_name(&name));
    Some(Route {
        verb,
        path,
        in_path,
        body,
        answers,
    })
}

/// The field at "expected_total.currency", and that path in JSON's names.
fn at(message: &MessageDescriptor, path: &str) -> Option<(String, FieldDescriptor)> {
    let (head, rest) = path
        .split_once('.')
        .map_or((path, None), |(head, rest)| (head, Some(rest)));
    let field = message.get_field_by_name(head)?;
    let Some(rest) = rest else {
        return Some((field.json_name().to_owned(), field));
    };
    let (name, inner) = at(field.kind().as_message()?, rest)?;
    Some((format!("{}.{name}", field.json_name()), inner))
}
