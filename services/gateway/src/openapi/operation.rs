//! A method as an operation on a path.

use super::problem::headers;
use super::route::{Body, Route};
use super::words::sentence;
use super::{Schemas, errors, example, rules, words};
use mesh::contracts::{Method, context_of};
use prost_reflect::{FieldDescriptor, Kind, MethodDescriptor};
use serde_json::{Value, json};

/// The field that makes a command one and the same; over HTTP it may come in a header.
pub(super) const KEY: &str = "request_id";
/// The field by which a stream goes on where it stopped.
const RESUME: &str = "cursor";
const ABOUT_KEY: &str = "Chosen by the client, 1 to 64 printable characters: the same key with the same body is the same \
    request, and is answered as it was. It may stand in the body instead, as `requestId`.";
/// Messages in a query are named by their fields, not deeper than this.
const DEEPEST: usize = 3;

/// The operation of `method`.
pub(super) fn of(
    method: &MethodDescriptor,
    call: &Method,
    route: &Route,
    schemas: &mut Schemas,
) -> Value {
    let input = method.input();
    let comment = words(&method.parent_file(), method.path());
    let (summary, _) = sentence(&comment);
    let mut parameters = Vec::new();
    for (name, field) in &route.in_path {
        parameters.push(parameter(field, name, "path", true, schemas));
    }
    for field in route.in_query(&input) {
        in_query(&field, "", 0, &mut parameters, schemas);
    }
    if let Some(key) = input.get_field_by_name(KEY) {
        let mut header = parameter(&key, "Idempotency-Key", "header", true, schemas);
        header["description"] = json!(ABOUT_KEY);
        parameters.push(header);
    }
    if method.is_server_streaming() && input.get_field_by_name(RESUME).is_some() {
        parameters.push(json!({"$ref": "#/components/parameters/LastEventId"}));
    }
    parameters.push(json!({"$ref": "#/components/parameters/AcceptLanguage"}));

    let finds = input.fields().any(|field| field.name().ends_with("_id"));
    let mut responses = errors::of(&comment, finds, !call.read_only);
    responses.insert("200".to_owned(), answer(method, route, schemas));
    let mut operation = json!({
        "operationId": operation_id(method),
        "tags": [context_of(method.parent_service().package_name())],
        "summary": summary,
        "description": format!("{comment}\n\n{}", how(method, call)),
        "parameters": parameters,
        "responses": responses,
        "security": security(call),
        "x-grpc-method": call.path,
        "x-deadline-seconds": call.deadline.as_secs(),
        "x-roles": call.roles,
        "x-scopes": call.scopes,
        "x-streams": method.is_server_streaming(),
    });
    if let Some(body) = body(method, route, schemas) {
        operation["requestBody"] = body;
    }
    operation
}

/// What operations share.
pub(super) fn parameters() -> Value {
    json!({
        "LastEventId": {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Goes on behind the event of this id. A browser's `EventSource` sends it by itself.",
            "schema": {"type": "string"},
        },
        "AcceptLanguage": {
            "name": "Accept-Language",
            "in": "header",
            "description": "The language of texts for people: `en` or `ko`.",
            "schema": {"type": "string"},
        },
    })
}

/// It is made of names that a contract cannot change, so it is the same for ever.
fn operation_id(method: &MethodDescriptor) -> String {
    let service = method.parent_service();
    let package = service.package_name();
    let package = package.strip_prefix("yemae.").unwrap_or(package);
    let package = package.replace('.', "_");
    format!("{package}_{}_{}", service.name(), method.name())
}

fn how(method: &MethodDescriptor, call: &Method) -> String {
    let mut lines = vec![match (call.roles.as_slice(), call.scopes.as_slice()) {
        ([], scopes) => format!(
            "Services of the mesh alone may call it (scope {}); it is refused from outside.",
            scopes.join(", ")
        ),
        ([role], _) if role == "anyone" => {
            "Who may call it: anybody with a valid token.".to_owned()
        }
        (roles, _) => format!("Who may call it: {}.", roles.join(", ")),
    }];
    let seconds = call.deadline.as_secs();
    lines.push(if method.is_server_streaming() {
        format!("It streams for up to {seconds} s.")
    } else {
        format!("It is answered within {seconds} s.")
    });
    let creates = method.input().get_field_by_name(KEY).is_some();
    lines.push(match (call.read_only, creates) {
        (true, _) => "It changes nothing.".to_owned(),
        (_, true) => "The same key again is done once.".to_owned(),
        _ => "The same again has no second effect.".to_owned(),
    });
    lines.push(format!("gRPC: `{}`.", &call.path[1..]));
    let lines: Vec<_> = lines.iter().map(|line| format!("- {line}")).collect();
    lines.join("\n")
}

/// One of its roles is enough. OpenAPI 3.1 lets a bearer scheme name them.
fn security(call: &Method) -> Value {
    if call.roles.is_empty() || call.roles.iter().any(|role| role == "anyone") {
        return json!([{"bearer": []}]);
    }
    let any_of = call.roles.iter().map(|role| json!({"bearer": [role]}));
    any_of.collect()
}

fn in_query(
    field: &FieldDescriptor,
    before: &str,
    depth: usize,
    parameters: &mut Vec<Value>,
    schemas: &mut Schemas,
) {
    let name = format!("{before}{}", field.json_name());
    let own_form = |name: &str| name.starts_with("google.protobuf.");
    match field.kind() {
        Kind::Message(message) if !own_form(message.full_name()) => {
            if depth < DEEPEST && !field.is_list() && !field.is_map() {
                for inner in message.fields() {
                    in_query(&inner, &format!("{name}."), depth + 1, parameters, schemas);
                }
            }
        }
        _ => {
            let required = depth == 0 && rules::requires(&rules::of(field), field);
            parameters.push(parameter(field, &name, "query", required, schemas));
        }
    }
}

fn parameter(
    field: &FieldDescriptor,
    name: &str,
    place: &str,
    required: bool,
    schemas: &mut Schemas,
) -> Value {
    let mut schema = schemas.field(field);
    let said = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("description"));
    let mut parameter = json!({
        "name": name,
        "in": place,
        "required": required,
        "description": said,
        "schema": schema,
    });
    // What is optional is best left out at first.
    if required && let Some(example) = example::field(field) {
        parameter["example"] = example;
    }
    parameter
}

fn body(method: &MethodDescriptor, route: &Route, schemas: &mut Schemas) -> Option<Value> {
    let input = method.input();
    let (schema, example, required) = match &route.body {
        Body::None => return None,
        Body::Field(field) => {
            let schema = schemas.field(field);
            let example = example::field(field);
            (schema, example.unwrap_or_default(), true)
        }
        Body::Rest => {
            let in_body = |field: &FieldDescriptor| field.name() != KEY && !route.is_in_path(field);
            let rest = || input.fields().filter(in_body);
            rest().next()?;
            let required = rest().any(|field| rules::requires(&rules::of(&field), &field));
            let example = example::request(rest());
            (schemas.message_of(&input, rest()), example, required)
        }
    };
    Some(json!({
        "required": required,
        "content": {"application/json": {"schema": schema, "example": example}},
    }))
}

fn answer(method: &MethodDescriptor, route: &Route, schemas: &mut Schemas) -> Value {
    let output = method.output();
    let (schema, example) = match &route.answers {
        None => (schemas.message(&output), example::object(output.fields())),
        Some(field) => (
            schemas.field(field),
            example::field(field).unwrap_or_default(),
        ),
    };
    let said = words(&output.parent_file(), output.path());
    if !method.is_server_streaming() {
        return json!({
            "description": said,
            "headers": headers::on_every_reply(),
            "content": {"application/json": {"schema": schema, "example": example}},
        });
    }
    json!({
        "description": format!(
            "{said} Each event's `data` is one message as JSON, its `id`, if it has one, where to go on; \
             lines that begin with a colon keep the connection alive. A stream that breaks ends with an event `error` whose data is a problem."
        ),
        "headers": headers::on_every_reply(),
        "content": {"text/event-stream": {
            "schema": {"type": "string"},
            "example": format!("data: {example}\n\n"),
            "x-item-schema": schema,
        }},
    })
}
