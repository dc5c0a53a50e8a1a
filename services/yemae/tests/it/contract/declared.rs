//! What every contract declares, and what a running mesh says of itself.

use super::asked::Door;
use super::images;
use super::rpcs::{CONTRACTS, all};
use super::table::{OK, conclude};
use crate::rig::{Up, directory};
use futures::StreamExt;
use prost_reflect::{DynamicMessage, Value};
use std::collections::BTreeMap;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

/// Asks a mesh's reflection for these files or symbols.
async fn reflect(door: &Door, asked: Vec<MessageRequest>) -> Vec<Option<MessageResponse>> {
    let requests = asked.into_iter().map(|message| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    });
    let requests = futures::stream::iter(requests.collect::<Vec<_>>());
    let mut client = ServerReflectionClient::new(door.client());
    let answers = client
        .server_reflection_info(requests)
        .await
        .unwrap()
        .into_inner();
    answers
        .map(|answer| answer.unwrap().message_response)
        .collect()
        .await
}

fn file(bytes: &[u8]) -> DynamicMessage {
    let of = CONTRACTS
        .pool()
        .get_message_by_name("google.protobuf.FileDescriptorProto");
    DynamicMessage::decode(of.unwrap(), bytes).unwrap()
}

/// Each file of this build, by its name.
fn files() -> BTreeMap<String, DynamicMessage> {
    let image = images::now();
    let files = image.get_field_by_name("file").unwrap().into_owned();
    let files = files
        .as_list()
        .unwrap()
        .iter()
        .filter_map(|file| Some(file.as_message()?.clone()));
    let name = |file: &DynamicMessage| {
        file.get_field_by_name("name")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    files.map(|file| (name(&file), file)).collect()
}

#[tokio::test]
async fn every_rpc_declares_itself_and_reflection_equals_the_files() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    let door = Door::of(&mesh);
    let mut wrong = Vec::new();
    let files = files();
    let asked = files.keys().cloned().map(MessageRequest::FileByFilename);
    for ((name, own), told) in files.iter().zip(reflect(&door, asked.collect()).await) {
        match told {
            Some(MessageResponse::FileDescriptorResponse(told)) => {
                if file(&told.file_descriptor_proto[0]) != *own {
                    wrong.push(format!("{name}: reflection tells another one"));
                }
            }
            other => wrong.push(format!("{name}: reflection tells {other:?}")),
        }
    }
    let listed = reflect(&door, vec![MessageRequest::ListServices(String::new())]).await;
    let Some(Some(MessageResponse::ListServicesResponse(listed))) = listed.into_iter().next()
    else {
        panic!("reflection lists nothing");
    };
    let listed: Vec<_> = listed
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    let mut cells = Vec::new();
    for rpc in all() {
        let service = rpc.descriptor.parent_service().full_name().to_owned();
        if !listed.contains(&service) {
            wrong.push(format!(
                "{}: reflection does not list {service}",
                rpc.name()
            ));
        }
        if rpc.comment().trim().is_empty() {
            wrong.push(format!("{}: its file says nothing of it", rpc.name()));
        }
        if rpc.method.unary && rpc.method.deadline.as_secs() > 60 {
            wrong.push(format!("{}: nobody waits so long", rpc.name()));
        }
        let symbol = MessageRequest::FileContainingSymbol(rpc.descriptor.full_name().to_owned());
        let told = reflect(&door, vec![symbol]).await;
        if !matches!(told[..], [Some(MessageResponse::FileDescriptorResponse(_))]) {
            wrong.push(format!("{}: reflection does not know it", rpc.name()));
        }
        cells.push((rpc, OK.to_owned()));
    }
    conclude("1-declared", &cells, &wrong);
    assert!(mesh.stop());
}

/// A message of options is in what is told, not only what prost knows of it.
#[test]
fn files_carry_their_options() {
    let mut image = images::now();
    let file = images::named(&mut image, "file", "yemae/payment/v1/payment.proto");
    let service = images::named(file, "service", "PaymentService");
    let method = images::named(service, "method", "Approve");
    let said = images::option(method, "yemae.shared.v1.method");
    let deadline = said.get_field_by_name("deadline").unwrap().into_owned();
    let seconds = deadline
        .as_message()
        .unwrap()
        .get_field_by_name("seconds")
        .unwrap()
        .into_owned();
    assert_eq!(seconds, Value::I64(3));
}
