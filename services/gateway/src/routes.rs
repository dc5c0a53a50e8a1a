//! Which method a path means: the table of all `google.api.http` rules, read from the contracts.

use crate::template::{Bound, Path, Template};
use http::Method as Verb;
use http::uri::PathAndQuery;
use mesh::Contracts;
use mesh::contracts::Method;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};

const HTTP: &str = "google.api.http";

/// A method that has a route.
#[derive(Debug)]
pub(crate) struct Route {
    verb: Verb,
    template: Template,
    /// What the request's body is.
    pub(crate) body: Source,
    /// The field that alone is answered, if not the whole message.
    pub(crate) answers: Option<FieldDescriptor>,
    /// "/yemae.payment.v1.PaymentService/Approve".
    pub(crate) path: PathAndQuery,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
    /// What the contract says of how it may be called.
    pub(crate) rules: Method,
    pub(crate) streams: bool,
    /// Where the client's name for its request goes.
    pub(crate) request_id: Option<FieldDescriptor>,
    /// Where a stream is resumed, and where its items say how.
    pub(crate) resume: Option<(FieldDescriptor, FieldDescriptor)>,
}

/// What a request's body is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Nothing: everything is in the query.
    Nothing,
    /// The message, save what the path gives.
    Message,
    /// One field of it.
    Field(FieldDescriptor),
}

/// Why a contract cannot be routed.
#[derive(Debug, thiserror::Error)]
#[error("route of {method}: {why}")]
pub struct RouteFault {
    method: String,
    why: String,
}

/// All routes.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

/// What a request means.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Route(&'a Route, Bound),
    /// The path means something by these verbs.
    Otherwise(Vec<Verb>),
    Nothing,
}

impl Routes {
    /// Those of all methods of `services`. Methods whose callers stream have none: HTTP has no such form.
    pub(crate) fn read(contracts: &Contracts, services: &[&str]) -> Result<Self, RouteFault> {
        let mut routes = Vec::new();
        for service in contracts.pool().services() {
            if !services.contains(&service.full_name()) {
                continue;
            }
            for method in service.methods().filter(|one| !one.is_client_streaming()) {
                let path = format!("/{}/{}", service.full_name(), method.name());
                let Some(rules) = contracts.method(&path) else {
                    continue;
                };
                for rule in rules_of(contracts, &method) {
                    let route = route(&rule, rules, &method).map_err(|why| RouteFault {
                        method: path.clone(),
                        why,
                    })?;
                    routes.push(route);
                }
            }
        }
        // The first that matches is taken.
        routes.sort_by_key(|route| std::cmp::Reverse(route.template.weight()));
        Ok(Self(routes))
    }

    pub(crate) fn find(&self, verb: &Verb, path: &str) -> Found<'_> {
        let Some(path) = Path::read(path) else {
            return Found::Nothing;
        };
        let mut others = Vec::new();
        for route in &self.0 {
            let Some(bound) = route.template.matches(&path) else {
                continue;
            };
            if route.verb == verb {
                return Found::Route(route, bound);
            }
            others.push(route.verb.clone());
        }
        if others.is_empty() {
            Found::Nothing
        } else {
            Found::Otherwise(others)
        }
    }
}

/// Its rule and those that are bound besides.
fn rules_of(contracts: &Contracts, method: &MethodDescriptor) -> Vec<DynamicMessage> {
    let options = method.options();
    let Some(http) = contracts.pool().get_extension_by_name(HTTP) else {
        return Vec::new();
    };
    let rule = options.get_extension(&http);
    let Some(rule) = rule.as_message().filter(|_| options.has_extension(&http)) else {
        return Vec::new();
    };
    let more = rule.get_field_by_name("additional_bindings");
    let more = more.as_deref().and_then(|more| more.as_list());
    let more = more
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_message());
    std::iter::once(rule).chain(more).cloned().collect()
}

fn text(message: &DynamicMessage, field: &str) -> Option<String> {
    let value = message.get_field_by_name(field)?;
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

fn route(
    rule: &DynamicMessage,
    rules: &Method,
    method: &MethodDescriptor,
) -> Result<Route, String> {
    let verbs = ["get", "put", "post", "delete", "patch"];
    let plain = verbs
        .into_iter()
        .find_map(|verb| Some((verb.to_uppercase(), text(rule, verb)?)));
    let custom = || {
        let custom = rule.get_field_by_name("custom")?;
        let custom = custom.as_message()?;
        Some((text(custom, "kind")?, text(custom, "path")?))
    };
    let (verb, path) = plain.or_else(custom).ok_or("it names no verb and path")?;
    let verb = Verb::from_bytes(verb.as_bytes()).map_err(|why| why.to_string())?;
    let template = Template::parse(&path).ok_or_else(|| format!("{path} is no path template"))?;
    let (input, output) = (method.input(), method.output());
    for field in template.fields() {
        if field_of(&input, field).is_none() {
            return Err(format!("{} has no field {field}", input.full_name()));
        }
    }
    let named = |of: &MessageDescriptor, name: &str| {
        of.get_field_by_name(name)
            .ok_or_else(|| format!("{} has no field {name}", of.full_name()))
    };
    let body = match text(rule, "body").as_deref() {
        None => Source::Nothing,
        Some("*") => Source::Message,
        Some(name) => Source::Field(named(&input, name)?),
    };
    let answers = text(rule, "response_body");
    let answers = answers.map(|name| named(&output, &name)).transpose()?;
    let word = |of: &MessageDescriptor, name: &str| {
        let field = of.get_field_by_name(name)?;
        (field.kind() == Kind::String && !field.is_list()).then_some(field)
    };
    let cursors = (word(&input, "cursor"), word(&output, "cursor"));
    let streams = method.is_server_streaming();
    Ok(Route {
        verb,
        template,
        body,
        answers,
        path: rules.path.parse().map_err(|_| "its name is no path")?,
        request_id: word(&input, "request_id"),
        resume: match cursors {
            (Some(input), Some(output)) if streams => Some((input, output)),
            _ => None,
        },
        input,
        output,
        rules: rules.clone(),
        streams,
    })
}

/// The field at a path: "expected_total.currency".
pub(crate) fn field_of(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (head, rest) = path
        .split_once('.')
        .map_or((path, None), |(head, rest)| (head, Some(rest)));
    let field = message
        .get_field_by_name(head)
        .or_else(|| message.get_field_by_json_name(head))?;
    match rest {
        None => Some(field),
        Some(_) if field.is_list() || field.is_map() => None,
        Some(rest) => field_of(field.kind().as_message()?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
        let services = contracts.pool().services();
        let services: Vec<String> = services.map(|one| one.full_name().to_owned()).collect();
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        Routes::read(&contracts, &services).unwrap()
    }

    #[test]
    fn every_method_that_declares_a_route_has_it() {
        let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
        let routes = routes();
        assert!(contracts.methods().count() > 80);
        for method in contracts.methods() {
            let (verb, template) = method.route.split_once(' ').unwrap();
            let path = template.replace(['{', '}'], "");
            let Found::Route(route, _) = routes.find(&verb.parse().unwrap(), &path) else {
                panic!("{} is not found at {path}", method.path);
            };
            assert_eq!(route.path.as_str(), method.path, "{path}");
        }
    }

    #[test]
    fn what_is_found() {
        let routes = routes();
        let found = |verb: Verb, path: &str| match routes.find(&verb, path) {
            Found::Route(route, bound) => format!("{} {bound:?}", route.path),
            Found::Otherwise(verbs) => format!("{verbs:?}"),
            Found::Nothing => String::new(),
        };
        let watch = found(Verb::GET, "/v1/me/orders:watch");
        assert_eq!(watch, "/yemae.mypage.v1.MyPageService/WatchMyOrders []");
        let cancel = found(Verb::DELETE, "/v1/rides/7");
        assert_eq!(
            cancel,
            "/yemae.taxi.ride.v1.RideService/CancelRide [(\"ride_id\", \"7\")]"
        );
        assert_eq!(found(Verb::DELETE, "/v1/me/orders"), "[GET]");
        assert_eq!(found(Verb::GET, "/v1/me/nothing"), "");
        assert_eq!(found(Verb::GET, "/v1/me/../me/orders"), "");
    }

    #[test]
    fn what_a_route_knows_of_its_messages() {
        let routes = routes();
        let Found::Route(watch, _) = routes.find(&Verb::GET, "/v1/me/orders:watch") else {
            panic!("not found");
        };
        assert!(watch.streams && watch.resume.is_some() && watch.request_id.is_none());
        let Found::Route(book, _) = routes.find(&Verb::POST, "/v1/cinema/bookings") else {
            panic!("not found");
        };
        assert!(!book.streams && book.resume.is_none() && book.request_id.is_some());
    }
}
