//! The routes as an OpenAPI 3.1 document, made from the descriptors: what a method does and what a field means is said
//! by the contracts' own comments.

mod errors;
pub(crate) mod example;
mod operation;
pub mod page;
mod problem;
mod route;
mod rules;
mod schema;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use schema::Schemas;
pub(crate) use words::words;

use mesh::Contracts;
use mesh::contracts::context_of;
use prost_reflect::ServiceDescriptor;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ABOUT: &str = "Ordering systems on one mesh. Each route is a gRPC method, told in JSON as protobuf maps it: 64-bit \
    numbers are strings, enums are names, times are RFC 3339, and a field that is left out has its zero value.\n\n\
    The same address also answers gRPC and gRPC-Web. A refused call is answered in RFC 9457 form; programs go by its \
    `reason`. A command that creates something takes an `Idempotency-Key`, and may be sent again with it for ever: it is \
    done once.";

/// Every route of `services` (full names), with what it takes, answers and refuses.
pub fn document(contracts: &Contracts, services: &[&str]) -> Value {
    let mut schemas = Schemas::new("#/components/schemas/");
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (context, service) in contexts(contracts) {
        if !services.contains(&service.full_name()) {
            continue;
        }
        tags.entry(context)
            .or_default()
            .push(words(&service.parent_file(), service.path()));
        for method in service.methods().filter(|one| !one.is_client_streaming()) {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let Some(call) = contracts.method(&path) else {
                continue;
            };
            for (number, route) in route::of(&method).into_iter().enumerate() {
                let mut operation = operation::of(&method, call, &route, &mut schemas);
                if number > 0 {
                    let id = operation["operationId"].as_str().unwrap_or_default();
                    operation["operationId"] = json!(format!("{id}_{}", number + 1));
                }
                paths
                    .entry(route.path)
                    .or_default()
                    .insert(route.verb.to_owned(), operation);
            }
        }
    }
    let tags: Vec<_> = tags
        .into_iter()
        .map(|(context, about)| {
            json!({"name": context, "description": about.join("\n\n"), "x-system": system_of(&context)})
        })
        .collect();
    let mut schemas = schemas.into_components();
    schemas.insert("Problem".to_owned(), problem::schema());
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "yemae",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This gateway."}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": errors::responses(),
            "headers": problem::headers::all(),
            "parameters": operation::parameters(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token that says who calls and in which roles. `yemae token` makes one for trying out.",
                },
            },
        },
    })
}

/// Every service with the context that serves it.
pub(crate) fn contexts(
    contracts: &Contracts,
) -> impl Iterator<Item = (String, ServiceDescriptor)> + '_ {
    contracts
        .pool()
        .services()
        .filter_map(|service| Some((context_of(service.package_name())?, service)))
}

/// The system a context belongs to: "cinema-booking" is the cinema's.
pub(crate) fn system_of(context: &str) -> &str {
    context
        .split_once('-')
        .map_or(context, |(system, _)| system)
}
