use super::*;
use std::collections::BTreeSet;

fn contracts() -> Contracts {
    Contracts::load(proto::DESCRIPTORS).unwrap()
}

fn whole(contracts: &Contracts) -> Value {
    let services: Vec<_> = contracts.pool().services().collect();
    let services: Vec<_> = services.iter().map(|service| service.full_name()).collect();
    document(contracts, &services)
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let verbs = item.as_object().unwrap().iter();
        verbs.map(move |(verb, operation)| (path, verb, operation))
    })
}

/// Every value within, with where it stands.
fn walk<'a>(value: &'a Value, place: String, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(&place, value);
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                walk(inner, format!("{place}/{name}"), visit);
            }
        }
        Value::Array(list) => {
            for (number, inner) in list.iter().enumerate() {
                walk(inner, format!("{place}/{number}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_method_is_there_once() {
    let contracts = contracts();
    let document = whole(&contracts);
    let told: BTreeSet<_> = operations(&document)
        .map(|(path, verb, operation)| {
            let call = contracts
                .method(operation["x-grpc-method"].as_str().unwrap())
                .unwrap();
            let parts = call.route.split(['/', ':', ' ']).count();
            assert_eq!(
                parts,
                format!("{verb} {path}").split(['/', ':', ' ']).count()
            );
            call.path.clone()
        })
        .collect();
    let all: BTreeSet<_> = contracts.methods().map(|call| call.path.clone()).collect();
    assert_eq!(told, all);
    let ids: BTreeSet<_> = operations(&document)
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), all.len());
    assert!(ids.contains("cinema_booking_v1_BookingService_CreateBooking"));
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_idle() {
    let document = whole(&contracts());
    let mut used = BTreeSet::new();
    walk(&document, String::new(), &mut |place, value| {
        if place.ends_with("/$ref") {
            let target = value.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(target).is_some(), "{place}: {target}");
            used.insert(target.to_owned());
        }
    });
    for kind in ["schemas", "responses", "headers", "parameters"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let place = format!("/components/{kind}/{name}");
            // Methods that nobody has to serve come with the contracts' next one.
            assert!(used.contains(&place) || name == "Unimplemented", "{place}");
        }
    }
}

#[test]
fn everything_is_explained() {
    let document = whole(&contracts());
    walk(&document, String::new(), &mut |place, value| {
        let property = place.rsplit('/').nth(1) == Some("properties") && !place.contains("example");
        let schema = place.starts_with("/components/schemas/") && place.split('/').count() == 4;
        if property || schema {
            let said = value["description"].as_str().unwrap_or_default();
            assert!(!said.is_empty(), "{place} is not explained");
        }
    });
    for (path, verb, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap();
        assert!(
            !summary.is_empty() && summary.len() < 200,
            "{verb} {path}: {summary}"
        );
        for parameter in operation["parameters"].as_array().unwrap() {
            let said = parameter["description"]
                .as_str()
                .or(parameter["$ref"].as_str());
            assert!(
                said.is_some_and(|said| !said.is_empty()),
                "{verb} {path}: {parameter}"
            );
        }
    }
    for tag in document["tags"].as_array().unwrap() {
        assert_ne!(tag["description"], "", "{tag}");
    }
}

#[test]
fn what_varies_in_a_path_is_a_parameter_and_not_in_the_body() {
    let document = whole(&contracts());
    for (path, verb, operation) in operations(&document) {
        let named: BTreeSet<_> = path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .collect();
        let all = operation["parameters"].as_array().unwrap().iter();
        let in_path: BTreeSet<_> = all
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true);
                assert!(parameter.get("example").is_some(), "{parameter}");
                parameter["name"].as_str().unwrap()
            })
            .collect();
        assert_eq!(named, in_path, "{verb} {path}");
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let body = body
            .as_str()
            .and_then(|place| document.pointer(&place[1..]));
        for name in in_path {
            assert!(
                body.is_none_or(|body| body["properties"].get(name).is_none()),
                "{verb} {path}: {name}"
            );
        }
        if verb == "get" || verb == "delete" {
            assert!(operation.get("requestBody").is_none(), "{verb} {path}");
        }
    }
}

#[test]
fn a_creating_command_takes_its_key_in_a_header() {
    let document = whole(&contracts());
    let takes = |operation: &Value| {
        let parameters = operation["parameters"].as_array().unwrap();
        parameters.iter().any(|parameter| {
            parameter["name"] == "Idempotency-Key" && parameter["required"] == true
        })
    };
    assert!(takes(&document["paths"]["/v1/cinema/bookings"]["post"]));
    assert!(takes(&document["paths"]["/v1/mypage/rebuilds"]["post"]));
    assert!(!takes(&document["paths"]["/v1/cinema/bookings"]["get"]));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let takes = name.ends_with("Request") && schema["properties"].get("requestId").is_some();
        assert!(!takes, "{name}");
    }
}

#[test]
fn a_booking_reads_as_its_contract_does() {
    let document = whole(&contracts());
    let create = &document["paths"]["/v1/cinema/bookings"]["post"];
    assert_eq!(
        create["summary"],
        "Books seats of a screening and charges for them"
    );
    assert_eq!(create["tags"], json!(["cinema-booking"]));
    assert_eq!(create["security"], json!([{"bearer": ["customer"]}]));
    assert_eq!(create["x-deadline-seconds"], 5);
    let refused = &create["responses"]["400"];
    let examples = refused["content"]["application/problem+json"]["examples"]
        .as_object()
        .unwrap();
    for reason in ["SEATS_TAKEN", "MOVIE_NOT_OPEN", "INVALID_FIELDS"] {
        assert_eq!(examples[reason]["value"]["reason"], reason);
        assert!(
            refused["description"].as_str().unwrap().contains(reason) || reason == "INVALID_FIELDS"
        );
    }
    let busy = &create["responses"]["503"]["content"]["application/problem+json"]["examples"];
    assert_eq!(busy["PAYMENT_BUSY"]["value"]["status"], 503);
    let example = &create["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(example["seats"], json!(["1A"]));
    assert_eq!(
        example["expectedTotal"],
        json!({"currency": "KRW", "minorUnits": "14000"})
    );
    let booking = &document["components"]["schemas"]["cinema.booking.v1.Booking"]["properties"];
    assert_eq!(booking["version"]["type"], json!(["string", "integer"]));
    assert_eq!(booking["placedAt"]["format"], "date-time");
    assert_eq!(
        booking["seating"]["allOf"][0]["$ref"],
        "#/components/schemas/cinema.booking.v1.Seating"
    );
    assert_eq!(booking["timeline"]["type"], "array");
}

#[test]
fn a_stream_is_told_as_events() {
    let document = whole(&contracts());
    let watch = &document["paths"]["/v1/me/orders:watch"]["get"];
    let content = watch["responses"]["200"]["content"].as_object().unwrap();
    let stream = &content["text/event-stream"];
    assert_eq!(content.len(), 1);
    assert_eq!(
        stream["x-item-schema"]["$ref"],
        "#/components/schemas/mypage.v1.WatchMyOrdersResponse"
    );
    let example = stream["example"].as_str().unwrap();
    assert!(example.starts_with("data: {") && example.ends_with("}\n\n"));
}

#[test]
fn a_field_in_a_query_may_be_of_a_message() {
    let document = whole(&contracts());
    let list = &document["paths"]["/v1/cinema/screenings"]["get"]["parameters"];
    let from = list
        .as_array()
        .unwrap()
        .iter()
        .find(|parameter| parameter["name"] == "from");
    assert_eq!(from.unwrap()["schema"]["format"], "date-time");
}

#[test]
fn the_same_contracts_give_the_same_document() {
    assert_eq!(
        whole(&contracts()).to_string(),
        whole(&contracts()).to_string()
    );
}

#[test]
fn what_is_not_served_is_not_told() {
    let document = document(&contracts(), &["yemae.mypage.v1.MyPageService"]);
    assert_eq!(operations(&document).count(), 3);
    assert_eq!(document["tags"].as_array().unwrap().len(), 1);
}
