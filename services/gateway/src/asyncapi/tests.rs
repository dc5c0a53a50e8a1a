use super::*;
use std::collections::BTreeSet;

fn contracts() -> Contracts {
    Contracts::load(proto::DESCRIPTORS).unwrap()
}

#[test]
fn every_event_is_told_on_the_channel_of_its_entity() {
    let contracts = contracts();
    let document = document(&contracts);
    let mut told = BTreeSet::new();
    for (name, channel) in document["channels"].as_object().unwrap() {
        let address = channel["address"].as_str().unwrap();
        assert_eq!(address, format!("yemae.{name}.{{id}}"));
        let entity = channel["x-entity"].as_str().unwrap();
        for message in channel["messages"].as_object().unwrap().values() {
            let place = message["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
            let message = document.pointer(place).unwrap();
            let name = message["name"].as_str().unwrap();
            if name != STATED {
                assert!(entity.ends_with(contracts.entity(name).unwrap()));
                assert!(told.insert(name.to_owned()), "{name} is on two channels");
            }
        }
    }
    let events: BTreeSet<_> = events(&contracts)
        .map(|event| event.message.full_name().to_owned())
        .collect();
    assert_eq!(told, events);
    assert!(events.contains("yemae.cinema.booking.v1.BookingPlaced"));
    // An entity may stand beside its events.
    assert!(!events.contains("yemae.cinema.booking.v1.Claim"));
    assert_eq!(
        document["channels"]["cinema-booking.Claim"]["x-entity"],
        "yemae.cinema.booking.v1.Claim"
    );
}

#[test]
fn a_file_of_events_holds_nothing_else() {
    let contracts = contracts();
    let document = document(&contracts);
    let entities: BTreeSet<_> = document["channels"]
        .as_object()
        .unwrap()
        .values()
        .map(|channel| channel["x-entity"].as_str().unwrap())
        .collect();
    for file in contracts.pool().files() {
        for message in file.messages().filter(|_| file.name().ends_with(EVENTS)) {
            let name = message.full_name();
            let event = document["components"]["messages"].get(name).is_some();
            assert!(event || entities.contains(name), "{name} is neither");
        }
    }
}

#[test]
fn a_message_says_how_it_is_addressed_and_encoded() {
    let document = document(&contracts());
    let placed = &document["components"]["messages"]["yemae.cinema.booking.v1.BookingPlaced"];
    assert_eq!(placed["contentType"], PROTOBUF);
    assert_eq!(placed["summary"], "A booking was paid and placed.");
    assert_eq!(
        placed["x-protobuf"]["file"],
        "yemae/cinema/booking/v1/events.proto"
    );
    let example = &placed["examples"][0];
    let id = example["payload"]["order"]["orderId"].as_str().unwrap();
    assert_eq!(
        example["headers"]["ce-id"],
        format!("cinema-booking/Order/{id}/1")
    );
    let known = document["components"]["schemas"]["CloudEvent"]["properties"]
        .as_object()
        .unwrap();
    for header in example["headers"].as_object().unwrap().keys() {
        assert!(known.contains_key(header), "{header}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document(&contracts());
    let text = document.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).collect();
    assert!(references.len() > 100);
    for reference in references {
        let place = reference.split('"').next().unwrap();
        assert!(document.pointer(place).is_some(), "{place}");
    }
}
