//! `yemae call`: any method by its name, with JSON, by what the server's reflection says of it.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::{cli, out, runtime};
use futures::StreamExt;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use std::collections::BTreeSet;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

/// Runs the command.
pub(crate) fn run(command: &cli::Call) -> Result<(), Fault> {
    runtime()?.block_on(async {
        let roles: Vec<&str> = command.role.iter().map(String::as_str).collect();
        let mesh = rpc::reach(&command.reach)
            .await?
            .acting_as(&command.subject, &roles)?;
        let method = find(&reflect(&mesh).await?, &command.method)?;
        let request = read(&method.input(), &command.json)?;
        call(&mesh, &method, request).await
    })
}

fn read(input: &MessageDescriptor, json: &str) -> Result<DynamicMessage, Fault> {
    let mut json = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(input.clone(), &mut json)
        .map_err(|why| Fault::usage(format!("the JSON is no {}: {why}", input.full_name())))
}

async fn call(
    mesh: &Mesh,
    method: &MethodDescriptor,
    request: DynamicMessage,
) -> Result<(), Fault> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = http::uri::PathAndQuery::try_from(path).map_err(Fault::bug)?;
    let mut client = tonic::client::Grpc::new(mesh.channel());
    client.ready().await.map_err(Fault::not_ready)?;
    let replies = client.server_streaming(Request::new(request), path, Dynamic(method.output()));
    let mut replies = replies
        .await
        .map_err(|status| rpc::fault(&status))?
        .into_inner();
    while let Some(reply) = replies.next().await {
        out::line(format_args!(
            "{}",
            show(&reply.map_err(|status| rpc::fault(&status))?)?
        ));
    }
    Ok(())
}

fn show(message: &DynamicMessage) -> Result<String, Fault> {
    let mut json = serde_json::Serializer::pretty(Vec::new());
    let options = SerializeOptions::new().skip_default_fields(true);
    message
        .serialize_with_options(&mut json, &options)
        .map_err(Fault::bug)?;
    String::from_utf8(json.into_inner()).map_err(Fault::bug)
}

/// The one method that `name` means: all of its name, or its end.
fn find(pool: &DescriptorPool, name: &str) -> Result<MethodDescriptor, Fault> {
    let wanted = name.trim_start_matches('/').replace('/', ".");
    let is_meant = |method: &MethodDescriptor| {
        let full = method.full_name();
        full == wanted || full.ends_with(&format!(".{wanted}"))
    };
    let mut found: Vec<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(is_meant)
        .collect();
    let names: Vec<_> = found
        .iter()
        .map(|method| method.full_name().to_owned())
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(method), true) => Ok(method),
        (Some(_), false) => Err(Fault::usage(format!(
            "{name} may be any of: {}",
            names.join(", ")
        ))),
        (None, _) => {
            let known: Vec<_> = pool
                .services()
                .map(|service| service.full_name().to_owned())
                .collect();
            Err(Fault::usage(format!(
                "no method is called {name}. The services here: {}",
                known.join(", ")
            )))
        }
    }
}

/// Everything the server says it serves.
async fn reflect(mesh: &Mesh) -> Result<DescriptorPool, Fault> {
    let listed = ask(mesh, vec![MessageRequest::ListServices(String::new())]).await?;
    let names = listed
        .into_iter()
        .flat_map(|answer| match answer.message_response {
            Some(MessageResponse::ListServicesResponse(list)) => {
                list.service.into_iter().map(|s| s.name).collect()
            }
            _ => Vec::new(),
        });
    let asked = names.map(MessageRequest::FileContainingSymbol).collect();
    let mut files = BTreeSet::new();
    for answer in ask(mesh, asked).await? {
        if let Some(MessageResponse::FileDescriptorResponse(response)) = answer.message_response {
            files.extend(response.file_descriptor_proto);
        }
    }
    complete(mesh, files).await
}

/// Adds the files that others import, until none is missing.
async fn complete(mesh: &Mesh, mut files: BTreeSet<Vec<u8>>) -> Result<DescriptorPool, Fault> {
    loop {
        let mut set = prost_types::FileDescriptorSet::default();
        for file in &files {
            set.file
                .push(prost_types::FileDescriptorProto::decode(&**file).map_err(Fault::bug)?);
        }
        let known: BTreeSet<_> = set.file.iter().map(|file| file.name().to_owned()).collect();
        let missing: BTreeSet<_> = set
            .file
            .iter()
            .flat_map(|file| file.dependency.clone())
            .filter(|name| !known.contains(name))
            .collect();
        if missing.is_empty() {
            // From the bytes, so that options survive.
            let encoded: Vec<Vec<u8>> = files.into_iter().collect();
            let mut pool = DescriptorPool::new();
            add_all(&mut pool, encoded)?;
            return Ok(pool);
        }
        let asked = missing
            .into_iter()
            .map(MessageRequest::FileByFilename)
            .collect();
        let before = files.len();
        for answer in ask(mesh, asked).await? {
            if let Some(MessageResponse::FileDescriptorResponse(response)) = answer.message_response
            {
                files.extend(response.file_descriptor_proto);
            }
        }
        if files.len() == before {
            return Err(Fault::not_ready(
                "the server's reflection does not know files that it imports",
            ));
        }
    }
}

/// Adds files in whatever order their imports allow.
fn add_all(pool: &mut DescriptorPool, mut files: Vec<Vec<u8>>) -> Result<(), Fault> {
    while !files.is_empty() {
        let before = files.len();
        let mut last = String::new();
        files.retain(|file| match pool.decode_file_descriptor_proto(&**file) {
            Ok(()) => false,
            Err(why) => {
                last = why.to_string();
                true
            }
        });
        if files.len() == before {
            return Err(Fault::bug(last));
        }
    }
    Ok(())
}

async fn ask(
    mesh: &Mesh,
    asked: Vec<MessageRequest>,
) -> Result<Vec<ServerReflectionResponse>, Fault> {
    let requests = asked.into_iter().map(|message| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    });
    let mut client = ServerReflectionClient::new(mesh.channel());
    let answers = client
        .server_reflection_info(futures::stream::iter(requests.collect::<Vec<_>>()))
        .await;
    let mut answers = answers.map_err(|status| rpc::fault(&status))?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.next().await {
        all.push(answer.map_err(|status| rpc::fault(&status))?);
    }
    Ok(all)
}

/// Messages that are only known by their descriptor.
#[derive(Clone)]
struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(to)
            .map_err(|why| Status::internal(why.to_string()))
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), from);
        message
            .map(Some)
            .map_err(|why| Status::internal(why.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_found_by_as_much_of_its_end_as_is_unique() {
        let mut pool = DescriptorPool::new();
        for package in ["a.v1", "b.v1"] {
            let method = |name: &str| prost_types::MethodDescriptorProto {
                name: Some(name.to_owned()),
                input_type: Some(format!(".{package}.Empty")),
                output_type: Some(format!(".{package}.Empty")),
                ..Default::default()
            };
            let file = prost_types::FileDescriptorProto {
                name: Some(format!("{package}.proto")),
                package: Some(package.to_owned()),
                message_type: vec![prost_types::DescriptorProto {
                    name: Some("Empty".to_owned()),
                    ..Default::default()
                }],
                service: vec![prost_types::ServiceDescriptorProto {
                    name: Some("Service".to_owned()),
                    method: vec![method("Get"), method(&format!("Get{}", &package[..1]))],
                    ..Default::default()
                }],
                syntax: Some("proto3".to_owned()),
                ..Default::default()
            };
            pool.add_file_descriptor_proto(file).unwrap();
        }
        let named = |name: &str| find(&pool, name).map(|method| method.full_name().to_owned());
        assert_eq!(named("Geta").unwrap(), "a.v1.Service.Geta");
        assert_eq!(named("/b.v1.Service/Get").unwrap(), "b.v1.Service.Get");
        let why = named("Get").unwrap_err().to_string();
        assert!(
            why.contains("a.v1.Service.Get") && why.contains("b.v1.Service.Get"),
            "{why}"
        );
        let why = named("et").unwrap_err().to_string();
        assert!(why.contains("no method is called et"), "{why}");
    }
}
