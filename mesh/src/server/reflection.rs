//! What the services here are, for whoever asks: the files as they were compiled, with our options and others' in them.
//! (tonic's own reflection knows the files by types of prost, which have no place for such options, and loses them.)

use super::Fault;
use crate::contracts::Contracts;
use futures::StreamExt;
use futures::stream::BoxStream;
use prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use std::collections::HashMap;
use std::sync::Arc;
use tonic::service::RoutesBuilder;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::server_reflection_server::{
    ServerReflection, ServerReflectionServer,
};
use tonic_reflection::pb::{v1, v1alpha};

/// Services of the mesh itself, which are listed, too.
const NAMES: [&str; 2] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
];

#[derive(Clone)]
struct Reflection(Arc<Known>);

struct Known {
    services: Vec<String>,
    files: HashMap<String, Arc<[u8]>>,
    /// In which file each is.
    symbols: HashMap<String, String>,
    extensions: HashMap<(String, i32), String>,
}

/// Adds reflection in both its forms: grpcurl and others of its age ask in the older one.
pub(super) fn add(
    contracts: &Contracts,
    services: &[&str],
    routes: &mut RoutesBuilder,
) -> Result<(), Fault> {
    let mut pool = contracts.pool().clone();
    for own in [
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        v1::FILE_DESCRIPTOR_SET,
        v1alpha::FILE_DESCRIPTOR_SET,
    ] {
        pool.decode_file_descriptor_set(own)
            .map_err(|why| Fault(format!("reflection: {why}")))?;
    }
    let reflection = Reflection(Arc::new(Known::new(&pool, services)));
    routes.add_service(ServerReflectionServer::new(reflection.clone()));
    let older = v1alpha::server_reflection_server::ServerReflectionServer::new(reflection);
    routes.add_service(older);
    Ok(())
}

impl Known {
    fn new(pool: &DescriptorPool, services: &[&str]) -> Self {
        let mut known = Self {
            services: services
                .iter()
                .chain(&NAMES)
                .map(|s| (*s).to_owned())
                .collect(),
            files: HashMap::new(),
            symbols: HashMap::new(),
            extensions: HashMap::new(),
        };
        for file in pool.files() {
            known.file(&file);
        }
        known
    }

    fn file(&mut self, file: &FileDescriptor) {
        let mut symbols = Vec::new();
        for service in file.services() {
            symbols.push(service.full_name().to_owned());
            symbols.extend(
                service
                    .methods()
                    .map(|method| method.full_name().to_owned()),
            );
        }
        for kind in file.enums() {
            symbols.push(kind.full_name().to_owned());
        }
        for extension in file.extensions() {
            let of = extension.containing_message().full_name().to_owned();
            let number = i32::try_from(extension.number()).unwrap_or_default();
            self.extensions.insert((of, number), file.name().to_owned());
            symbols.push(extension.full_name().to_owned());
        }
        for message in file.messages() {
            add_message(&message, &mut symbols);
        }
        let symbols = symbols
            .into_iter()
            .map(|name| (name, file.name().to_owned()));
        self.symbols.extend(symbols);
        let bytes = file.encode_to_vec().into();
        self.files.insert(file.name().to_owned(), bytes);
    }

    fn answer(&self, asked: &MessageRequest) -> MessageResponse {
        let found = match asked {
            MessageRequest::FileByFilename(name) => Some(name),
            MessageRequest::FileContainingSymbol(name) => self.symbols.get(name),
            MessageRequest::FileContainingExtension(asked) => {
                let key = (asked.containing_type.clone(), asked.extension_number);
                self.extensions.get(&key)
            }
            MessageRequest::AllExtensionNumbersOfType(of) => {
                let own = self.extensions.keys().filter(|(message, _)| message == of);
                return MessageResponse::AllExtensionNumbersResponse(v1::ExtensionNumberResponse {
                    base_type_name: of.clone(),
                    extension_number: own.map(|(_, number)| *number).collect(),
                });
            }
            MessageRequest::ListServices(_) => {
                let services = self.services.iter().cloned();
                let service = services.map(|name| v1::ServiceResponse { name }).collect();
                return MessageResponse::ListServicesResponse(v1::ListServiceResponse { service });
            }
        };
        match found.and_then(|name| self.files.get(name)) {
            Some(file) => MessageResponse::FileDescriptorResponse(v1::FileDescriptorResponse {
                file_descriptor_proto: vec![file.to_vec()],
            }),
            None => MessageResponse::ErrorResponse(v1::ErrorResponse {
                error_code: Code::NotFound as i32,
                error_message: "no contract here knows it".to_owned(),
            }),
        }
    }
}

fn add_message(message: &MessageDescriptor, symbols: &mut Vec<String>) {
    symbols.push(message.full_name().to_owned());
    symbols.extend(message.fields().map(|field| field.full_name().to_owned()));
    let enums = message.child_enums();
    symbols.extend(enums.map(|kind| kind.full_name().to_owned()));
    for inner in message.child_messages() {
        add_message(&inner, symbols);
    }
}

impl Reflection {
    fn answer(&self, request: v1::ServerReflectionRequest) -> v1::ServerReflectionResponse {
        let asked = request.message_request.as_ref();
        v1::ServerReflectionResponse {
            valid_host: request.host.clone(),
            message_response: asked.map(|asked| self.0.answer(asked)),
            original_request: Some(request),
        }
    }
}

#[tonic::async_trait]
impl ServerReflection for Reflection {
    type ServerReflectionInfoStream =
        BoxStream<'static, Result<v1::ServerReflectionResponse, Status>>;

    async fn server_reflection_info(
        &self,
        requests: Request<Streaming<v1::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let own = self.clone();
        let answers = requests.into_inner();
        let answers = answers.map(move |asked| Ok(own.answer(asked?)));
        Ok(Response::new(answers.boxed()))
    }
}

#[tonic::async_trait]
impl v1alpha::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream =
        BoxStream<'static, Result<v1alpha::ServerReflectionResponse, Status>>;

    async fn server_reflection_info(
        &self,
        requests: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let own = self.clone();
        let answers = requests.into_inner().map(move |asked| {
            // The same messages, in another package.
            let asked = recoded(&asked?)?;
            recoded(&own.answer(asked))
        });
        Ok(Response::new(answers.boxed()))
    }
}

fn recoded<T: Message + Default>(message: &impl Message) -> Result<T, Status> {
    T::decode(message.encode_to_vec().as_slice()).map_err(|why| Status::internal(why.to_string()))
}
