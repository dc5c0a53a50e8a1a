//! Calls by descriptor, as anybody, with raw bytes; every refusal's reason must be one that the contract names.

use super::error::{LOOK, PATIENCE, Refused};
use super::rpcs::Rpc;
use crate::rig::Up;
use bytes::{Buf, BufMut, Bytes};
use futures::StreamExt;
use http::uri::PathAndQuery;
use mesh::client::Client;
use mesh::identity::{Key, Signer};
use mesh::{Clock, server};
use prost::Message;
use prost_reflect::DynamicMessage;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::{Request, Status};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// A person: the token's subject and role.
    Person(String, String),
    /// A context, by its key.
    Service(String),
}

/// A mesh, called from outside.
#[derive(Clone)]
pub struct Door {
    client: Client,
    keys: PathBuf,
}

impl Door {
    pub fn of(up: &Up) -> Self {
        Self {
            client: server::plain(&up.grpc),
            keys: up.data.join("keys"),
        }
    }

    /// What answers raw channels, for what is no RPC of ours.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Who may call an RPC, with this end to every subject.
    pub fn whom(rpc: &Rpc, trial: &str) -> Who {
        match rpc.method.roles.first().map(String::as_str) {
            Some("anyone") => Who::Person(format!("customer-{trial}"), "customer".to_owned()),
            Some(role) => Who::Person(format!("{role}-{trial}"), role.to_owned()),
            None => Who::Service("cinema-booking".to_owned()),
        }
    }

    fn bearer(&self, who: &Who) -> Option<String> {
        let key = |name: &str| Key::read(&self.keys.join(format!("{name}.pem"))).unwrap();
        let hour = Duration::from_secs(3600);
        match who {
            Who::Nobody => None,
            Who::Person(subject, role) => {
                let now = Clock::system().now();
                let token = key("users").user_token(subject, &[role], now, hour);
                Some(format!("Bearer {token}"))
            }
            Who::Service(context) => {
                let signer = Signer::new(context, key(context), Clock::system());
                Some(signer.bearer().to_str().unwrap().to_owned())
            }
        }
    }

    /// The first message that is answered, as bytes.
    pub async fn raw(&self, rpc: &Rpc, who: &Who, message: Vec<u8>) -> Result<Bytes, Refused> {
        self.within(rpc, who, message, Duration::from_secs(10))
            .await
    }

    /// The same, on a machine that has much to do: who is turned away for that alone asks again.
    pub async fn patiently(
        &self,
        rpc: &Rpc,
        who: &Who,
        message: Vec<u8>,
    ) -> Result<Bytes, Refused> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.raw(rpc, who, message.clone()).await {
                Err(no) if no.is_of_the_moment() && Instant::now() < end => sleep(LOOK).await,
                answer => return answer,
            }
        }
    }

    /// The same; the caller waits no longer than this.
    pub async fn within(
        &self,
        rpc: &Rpc,
        who: &Who,
        message: Vec<u8>,
        patience: Duration,
    ) -> Result<Bytes, Refused> {
        let mut request = Request::new(Bytes::from(message));
        request.set_timeout(patience);
        if let Some(bearer) = self.bearer(who) {
            let bearer: MetadataValue<_> = bearer.parse().unwrap();
            request.metadata_mut().insert("authorization", bearer);
        }
        let path = PathAndQuery::try_from(rpc.method.path.clone()).unwrap();
        let mut client = tonic::client::Grpc::new(self.client.clone());
        client.ready().await.unwrap();
        let first = async {
            let replies = client.server_streaming(request, path, Raw).await?;
            let first = replies.into_inner().next().await;
            first.unwrap_or_else(|| Err(Status::internal("it answered nothing")))
        };
        let answer = if rpc.method.unary {
            first.await
        } else {
            // A stream may have nothing to say yet.
            let said = tokio::time::timeout(Duration::from_secs(1), first).await;
            said.unwrap_or(Ok(Bytes::new()))
        };
        answer.map_err(|status| Refused::of(rpc, &status))
    }

    /// An answer, read.
    pub async fn ask(
        &self,
        rpc: &Rpc,
        who: &Who,
        message: &DynamicMessage,
    ) -> Result<DynamicMessage, Refused> {
        let bytes = self.raw(rpc, who, message.encode_to_vec()).await?;
        Ok(DynamicMessage::decode(rpc.descriptor.output(), bytes).unwrap())
    }
}

/// Bytes as they are.
#[derive(Clone)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
