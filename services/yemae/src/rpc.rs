//! How commands reach the mesh, and as whom.

use crate::cli;
use crate::contexts;
use crate::data::Data;
use crate::everybody::{self, Doors};
use crate::fault::Fault;
use crate::secure;
use crate::settings::Settings;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use mesh::client::{self, BadUri, Board, Client, Endpoint, Tls};
use mesh::identity::Key;
use mesh::refusal::code_name;
use mesh::{Clock, Contracts, server};
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// How long a command's own token is good for.
const TOKEN_GOOD_FOR: Duration = Duration::from_secs(3600);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The mesh, seen from outside, as somebody.
#[derive(Clone)]
pub(crate) struct Mesh {
    client: Client,
    server: String,
    sign: Sign,
    bearer: Option<HeaderValue>,
}

/// Where tokens come from.
#[derive(Clone)]
enum Sign {
    Key(Key),
    Given(HeaderValue),
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mesh(***)")
    }
}

/// Finds the mesh that a command means.
pub(crate) async fn reach(reach: &cli::Reach) -> Result<Mesh, Fault> {
    let data = Data::at(&reach.data);
    let settings = Settings::from_environment()?;
    let told = || Ok::<_, Fault>(settings.find("", "SERVER")?.map(|found| found.value));
    let server = match reach
        .server
        .clone()
        .map_or_else(told, |server| Ok(Some(server)))?
    {
        Some(server) => server,
        None => {
            let running = data.running().ok_or_else(|| {
                Fault::not_ready(format!(
                    "no yemae runs on {}: start one with `yemae up`, or name another with --data, --server or YEMAE_SERVER",
                    reach.data.display()
                ))
            })?;
            format!("http://{}", running.grpc)
        }
    };
    let sign = match (&reach.token_file, settings.find("", "TOKEN")?) {
        (Some(file), _) => {
            let token = std::fs::read_to_string(file);
            let token = token.map_err(|why| {
                Fault::usage(format!(
                    "cannot read --token-file {}: {why}",
                    file.display()
                ))
            })?;
            Sign::Given(bearer(token.trim())?)
        }
        (None, Some(token)) => Sign::Given(bearer(&token.value)?),
        (None, None) => Sign::Key(Key::read(&data.key("users")).map_err(|why| {
            Fault::usage(format!("{why}; give --data, --token-file or YEMAE_TOKEN"))
        })?),
    };
    let tls = secure::calls(&settings, "")?;
    let server = match (server.contains("://"), &tls) {
        (true, _) => server,
        (false, None) => format!("http://{server}"),
        (false, Some(_)) => format!("https://{server}"),
    };
    Ok(Mesh {
        client: connect(&server, tls.as_ref(), &settings).await?,
        server,
        sign,
        bearer: None,
    })
}

/// A client for commands: patient, and never repeating by itself, so that what is seen is what was answered.
async fn connect(server: &str, tls: Option<&Tls>, settings: &Settings) -> Result<Client, Fault> {
    let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?);
    let patience = client::Settings {
        total: PATIENCE,
        attempt: PATIENCE,
        attempts: 1,
        in_flight: 10_000,
        ..client::Settings::default()
    };
    let to = |peer: &str, server: &str| {
        let endpoint = Endpoint::trusting(server, tls);
        let endpoint = endpoint.map_err(|why| match why {
            BadUri::NobodyTrusted(_) => {
                Fault::usage(format!("{why}: YEMAE_MESH_CA names that file"))
            }
            BadUri::None(_) => Fault::usage(why),
        })?;
        let (contracts, breakers) = (contracts.clone(), Board::default());
        let stack = client::stack(contracts, None, peer, endpoint, &patience, &breakers);
        Ok::<_, Fault>(stack)
    };
    if !is_of_many(server) {
        return to("the mesh", server);
    }
    let (doors, without) = (Doors::default(), settings.without()?);
    for entry in contexts::ALL {
        if !without.iter().any(|name| name == entry.name) {
            let own = server.replace(CONTEXT, entry.name);
            doors.put(entry.name, to(entry.name, &own)?);
        }
    }
    let all = everybody::server(&contracts, doors).await?;
    Ok(BoxCloneSyncService::new(all))
}

/// What stands for a context's name in an address.
const CONTEXT: &str = "{context}";

fn is_of_many(server: &str) -> bool {
    server.contains(CONTEXT)
}

fn bearer(token: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Fault::usage("the token is no token"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Mesh {
    /// The same mesh as this person; with a token that was given, as whoever it says.
    pub(crate) fn acting_as(&self, subject: &str, roles: &[&str]) -> Result<Self, Fault> {
        let own = match &self.sign {
            Sign::Given(given) => given.clone(),
            Sign::Key(key) => {
                bearer(&key.user_token(subject, roles, Clock::system().now(), TOKEN_GOOD_FOR))?
            }
        };
        Ok(Self {
            bearer: Some(own),
            ..self.clone()
        })
    }

    /// An error when each context has an address of its own.
    pub(crate) fn must_be_one(&self) -> Result<(), Fault> {
        match is_of_many(&self.server) {
            true => Err(Fault::usage(
                "a load wants the whole mesh at one address: give the gateway's with --server",
            )),
            false => Ok(()),
        }
    }

    /// The same mesh with no breaker before it: a load keeps coming, and hears each answer, however bad. Over TLS it is the
    /// guarded one: the bare hop speaks none.
    pub(crate) fn unguarded(&self) -> Self {
        if self.server.starts_with("https://") {
            return self.clone();
        }
        let authority = self.server.trim_start_matches("http://");
        let bare = server::plain(authority);
        let client = BoxCloneSyncService::new(tower::service_fn(move |call: client::Request| {
            let answer = tokio::time::timeout(PATIENCE, bare.clone().oneshot(call));
            async move {
                answer.await.unwrap_or_else(|_| {
                    let late = Status::deadline_exceeded("there was no answer in 10 s");
                    Ok(late.into_http())
                })
            }
        }));
        Self {
            client,
            ..self.clone()
        }
    }

    /// What a generated client is built on.
    pub(crate) fn channel(&self) -> Client {
        let bearer = self.bearer.clone();
        BoxCloneSyncService::new(self.client.clone().map_request(
            move |mut request: client::Request| {
                if let Some(bearer) = &bearer {
                    request.headers_mut().insert(AUTHORIZATION, bearer.clone());
                }
                request
            },
        ))
    }
}

/// What a refused call means for the command.
pub(crate) fn fault(status: &Status) -> Fault {
    let why = format!("{}: {}", code_name(status.code()), status.message());
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            Fault::NotReady(why)
        }
        Code::InvalidArgument | Code::Unimplemented | Code::Unauthenticated => Fault::Usage(why),
        _ => Fault::No(why),
    }
}

/// Whether the same call may be answered a moment later.
pub(crate) fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
