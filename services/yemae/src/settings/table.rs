//! Every setting there is. From this table they are read, shown by `yemae config` and described in `docs/settings.md`.

/// One setting.
pub(crate) struct Setting {
    /// Its name, of ours without `YEMAE_`.
    pub(crate) name: &'static str,
    pub(crate) scope: Scope,
    pub(crate) default: Option<&'static str>,
    /// Never shown, and readable from a file that its `…_FILE` twin names.
    pub(crate) is_secret: bool,
    /// The commands that read it.
    pub(crate) read_by: &'static str,
    /// A sentence: what it is, in which unit, and what it is good for.
    pub(crate) about: &'static str,
}

/// What a setting is for, and so which names it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Each context: `YEMAE_X` for all, `YEMAE_<CONTEXT>__X` for one.
    Context,
    /// As a context's; of the contexts of one process the one that is named first decides.
    Process,
    /// The mesh as a whole: `YEMAE_X`.
    Mesh,
    /// The gateway's alone: `YEMAE_GATEWAY_X`.
    Gateway,
    /// It keeps the name by which the rest of the world knows it.
    World,
}

pub(crate) const TABLE: &[Setting] = &[
    Setting {
        name: "DATABASE_URL",
        scope: Scope::Context,
        default: None,
        is_secret: true,
        read_by: "serve, migrate, up, backup, audit, order",
        about: "Where the database is: postgres://user:password@host/name, or a SQLite file's path. `{context}` in it \
                stands for the context's name, and each context needs a database of its own. Under `up`, and for what \
                reads its data directory, the default is a SQLite file in there.",
    },
    Setting {
        name: "LISTEN",
        scope: Scope::Process,
        default: Some("127.0.0.1:50051"),
        is_secret: false,
        read_by: "serve",
        about: "The address and port where gRPC is served.",
    },
    Setting {
        name: "METRICS_LISTEN",
        scope: Scope::Process,
        default: Some("127.0.0.1:9464"),
        is_secret: false,
        read_by: "serve, up",
        about: "The address and port where Prometheus reads `/metrics`, and where `/healthz` and `/readyz` are, by plain HTTP and \
                for whoever can reach it. When it is taken a process does without, unless it was asked for here. Under `up --listen` \
                the default is a free port, and with `--processes` each context has a free one at the same address, \
                unless its own setting gives it another; `metrics.json` in the data directory says which.",
    },
    Setting {
        name: "PEERS",
        scope: Scope::Context,
        default: Some("http://{context}:50051"),
        is_secret: false,
        read_by: "serve",
        about: "Where the other contexts are; `{context}` stands for the name of the one that is called. With MESH_CA the default is \
                https://{context}:50051, and http:// is refused.",
    },
    Setting {
        name: "MESH_CERTIFICATE",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve, status, call, demo, load, dead-letters, rebuild, republish",
        about: "The file with the certificate chain of this process within the mesh, PEM: for those who call it, under the name by \
                which they do (YEMAE_PEERS), and shown to those whom it calls. With it, MESH_KEY and MESH_CA the contexts speak TLS \
                among each other. These files are looked at again every 10 s, and read when they have changed.",
    },
    Setting {
        name: "MESH_KEY",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve, status, call, demo, load, dead-letters, rebuild, republish",
        about: "The file with that certificate's private key, PEM.",
    },
    Setting {
        name: "MESH_CA",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve, status, call, demo, load, dead-letters, rebuild, republish",
        about: "The file with the authorities, PEM, of which one must have certified whoever is called. With it contexts, the \
                gateway and commands with --server call over TLS.",
    },
    Setting {
        name: "MESH_CLIENT_CA",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the authorities, PEM, of which one must have certified whoever calls (mTLS); mostly the same as \
                MESH_CA. Who shows no such certificate gets no connection. What callers may do is for their tokens to say.",
    },
    Setting {
        name: "GATEWAY_LISTEN",
        scope: Scope::Gateway,
        default: Some("127.0.0.1:8088"),
        is_secret: false,
        read_by: "serve gateway, up",
        about: "The address and port where the gateway serves JSON, gRPC-Web and gRPC. Under `up --listen` the default is a free \
                port.",
    },
    Setting {
        name: "GATEWAY_ORIGINS",
        scope: Scope::Gateway,
        default: None,
        is_secret: false,
        read_by: "serve gateway, up",
        about: "Whose pages may call the gateway from a browser (CORS), separated by commas: https://shop.example, or \
                http://localhost:* for any port, or * for all. Under `up` the default is this machine's own, at any port.",
    },
    Setting {
        name: "GATEWAY_RATE_WRITES",
        scope: Scope::Gateway,
        default: Some("20/40"),
        is_secret: false,
        read_by: "serve gateway, up",
        about: "How many calls that change something one person may make in a second, and how many at once after a silence. 0/0 \
                is no limit. An admin's are not counted. Each replica counts for itself.",
    },
    Setting {
        name: "GATEWAY_RATE_READS",
        scope: Scope::Gateway,
        default: Some("100/200"),
        is_secret: false,
        read_by: "serve gateway, up",
        about: "The same for calls that only read.",
    },
    Setting {
        name: "GATEWAY_RATE_ADDRESS",
        scope: Scope::Gateway,
        default: Some("500/1000"),
        is_secret: false,
        read_by: "serve gateway, up",
        about: "The same for requests of any kind from one address, also those without a token. An IPv6 network of 64 bits is \
                one address. Under `up` the default is no limit: everybody is on this machine.",
    },
    Setting {
        name: "GATEWAY_FLOOD_PAUSE",
        scope: Scope::Gateway,
        default: Some("10"),
        is_secret: false,
        read_by: "serve gateway",
        about: "For how many seconds an address gets no new connection after three of its connections within a minute were ended \
                because they flooded the gateway with frames that ask for nothing. Those of it that are connected stay, for many \
                people may share an address. 0: it may come again at once. With GATEWAY_PROXIES it is not looked at: all \
                connections are the proxy's.",
    },
    Setting {
        name: "GATEWAY_PROXIES",
        scope: Scope::Gateway,
        default: Some("0"),
        is_secret: false,
        read_by: "serve gateway, up",
        about: "How many proxies of yours stand in front of the gateway: of the addresses in X-Forwarded-For, the one that many \
                from the end is the caller's. 0: whoever connects is the caller, and the header is not believed.",
    },
    Setting {
        name: "GATEWAY_TLS_CERTIFICATE",
        scope: Scope::Gateway,
        default: None,
        is_secret: false,
        read_by: "serve gateway, up",
        about: "The file with the gateway's certificate chain, PEM. With it and GATEWAY_TLS_KEY the gateway speaks TLS. Both \
                are looked at again every 10 s, and read when they have changed.",
    },
    Setting {
        name: "GATEWAY_TLS_KEY",
        scope: Scope::Gateway,
        default: None,
        is_secret: false,
        read_by: "serve gateway, up",
        about: "The file with that certificate's private key, PEM.",
    },
    Setting {
        name: "USER_JWKS_FILE",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the public keys of people's tokens, as JWKS. This, or USER_JWKS_URL.",
    },
    Setting {
        name: "USER_JWKS_URL",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "Where the issuer of people's tokens publishes its keys: the `jwks_uri` of any OIDC issuer, \
                https://issuer.example/jwks.json. For a key that is not known it is asked at most once a minute; while it is \
                away, the keys that are known hold. http:// is for an issuer on a network that you trust.",
    },
    Setting {
        name: "USER_JWKS_CA_FILE",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the authorities, PEM, of which one must have certified that issuer. Otherwise those that the system \
                trusts.",
    },
    Setting {
        name: "SERVICE_JWKS_FILE",
        scope: Scope::Process,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the public keys of the contexts' tokens, each with its context and scopes.",
    },
    Setting {
        name: "KEY_FILE",
        scope: Scope::Context,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the context's own private key, PKCS#8 PEM; `{context}` in it stands for the context's name.",
    },
    Setting {
        name: "PLAYBACK_KEY_FILE",
        scope: Scope::Context,
        default: None,
        is_secret: false,
        read_by: "serve",
        about: "The file with the private key, PKCS#8 PEM (Ed25519), that `vod-library` signs playback links with; whoever \
                plays movies checks them by its public half. Only `vod-library` needs it, and a key of its own.",
    },
    Setting {
        name: "SIMULATOR",
        scope: Scope::Process,
        default: Some("false"),
        is_secret: false,
        read_by: "serve",
        about: "Whether an admin may tell the simulated card provider and the simulated studio how to behave, as under `up`: true                 for trials and load tests, never where money is.",
    },
    Setting {
        name: "ISSUER",
        scope: Scope::Process,
        default: Some("yemae"),
        is_secret: false,
        read_by: "serve",
        about: "Who makes people's tokens: what their `iss` must be.",
    },
    Setting {
        name: "AUDIENCE",
        scope: Scope::Process,
        default: Some("yemae"),
        is_secret: false,
        read_by: "serve",
        about: "Whom people's tokens are for: what their `aud` must be.",
    },
    Setting {
        name: "NATS_URL",
        scope: Scope::World,
        default: None,
        is_secret: true,
        read_by: "serve, provision, audit",
        about: "The broker: nats://host:4222. `audit` asks the broker of the data directory's running `up` instead, if there is one.",
    },
    Setting {
        name: "SERVER",
        scope: Scope::Mesh,
        default: None,
        is_secret: false,
        read_by: "status, call, demo, load, dead-letters, rebuild, republish",
        about: "The mesh's gRPC address for these commands, as --server gives it. With `{context}` in it each context has an                 address of its own, http://{context}:50051, as in a cluster.",
    },
    Setting {
        name: "TOKEN",
        scope: Scope::Mesh,
        default: None,
        is_secret: true,
        read_by: "status, call, demo, load, dead-letters, rebuild, republish",
        about: "The token that these commands show, as --token-file gives it. Without one they make their own, with the key of                 the data directory.",
    },
    Setting {
        name: "WITHOUT",
        scope: Scope::Mesh,
        default: None,
        is_secret: false,
        read_by: "status, audit, order, dead-letters",
        about: "The contexts that this deployment leaves out for good, separated by commas: they are neither asked nor judged.",
    },
    Setting {
        name: "STREAM_REPLICAS",
        scope: Scope::Mesh,
        default: Some("1"),
        is_secret: false,
        read_by: "provision",
        about: "On how many servers of the broker's cluster the stream is kept, 1 to 5: with 3, one may be lost and events go on. \
                None is lost with 1 either: the outboxes publish again what a broker lost.",
    },
    Setting {
        name: "STREAM_MAX_BYTES",
        scope: Scope::Mesh,
        default: None,
        is_secret: false,
        read_by: "provision",
        about: "The most bytes that the stream may take. A full stream refuses and drops nothing: events wait in the outboxes \
                until there is room. Without it the broker's disk decides.",
    },
    Setting {
        name: "LOG_FORMAT",
        scope: Scope::Process,
        default: Some("text"),
        is_secret: false,
        read_by: "serve, up",
        about: "How log lines look: `text` for people, `json` for machines, one object a line. Either has the ids of the trace \
                that a line is part of.",
    },
    Setting {
        name: "OTEL_EXPORTER_OTLP_ENDPOINT",
        scope: Scope::World,
        default: None,
        is_secret: false,
        read_by: "serve, up",
        about: "The collector that traces are sent to, by OTLP over gRPC: http://host:4317, or https:// over TLS. It is believed if \
                its certificate is of an authority in the file (PEM) that OTEL_EXPORTER_OTLP_CERTIFICATE names, or else of \
                one that the system trusts (the image knows none); OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and \
                OTEL_EXPORTER_OTLP_CLIENT_KEY say who we are to it. Without a collector, or with OTEL_SDK_DISABLED=true, \
                there are no traces. The other OTEL_ variables mean what they mean to OpenTelemetry's SDK: \
                OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_SCHEDULE_DELAY and so on.",
    },
    Setting {
        name: "OTEL_TRACES_SAMPLER",
        scope: Scope::World,
        default: Some("parentbased_always_on"),
        is_secret: false,
        read_by: "serve, up",
        about: "Which traces are recorded: parentbased_traceidratio with OTEL_TRACES_SAMPLER_ARG=0.01 is one in a hundred, \
                and those that come in recorded.",
    },
    Setting {
        name: "OTEL_SERVICE_NAME",
        scope: Scope::World,
        default: None,
        is_secret: false,
        read_by: "serve, up",
        about: "The name that traces and metrics are told under. Otherwise the context's, or `yemae` for a process with \
                several; under `up --processes` the context's is added: shop-payment. Each span and metric says its context \
                besides.",
    },
    Setting {
        name: "RUST_LOG",
        scope: Scope::World,
        default: Some("warn"),
        is_secret: false,
        read_by: "every command",
        about: "How much is logged to stderr: error, warn, info, debug or trace, also for one module: warn,mesh=debug. \
                Below info it is much: each call has a line.",
    },
    Setting {
        name: "TOKIO_WORKER_THREADS",
        scope: Scope::World,
        default: None,
        is_secret: false,
        read_by: "serve, up",
        about: "On how many threads calls and events are worked; databases have threads of their own besides. Without it, as many \
                as there are cores. 1 costs the least where many contexts share a machine; the chart says so.",
    },
];

impl Setting {
    /// The setting of a name. There are no others than those of the table.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.name == name)
    }

    /// The variable that holds it for everybody.
    pub(crate) fn variable(&self) -> String {
        match self.scope {
            Scope::World => self.name.to_owned(),
            Scope::Context | Scope::Process | Scope::Mesh | Scope::Gateway => {
                format!("YEMAE_{}", self.name)
            }
        }
    }

    /// The variable that holds it for one context, if it can be another for each.
    pub(crate) fn variable_of(&self, context: &str) -> Option<String> {
        let shouted = context.replace('-', "_").to_uppercase();
        let for_each = matches!(self.scope, Scope::Context | Scope::Process);
        for_each.then(|| format!("YEMAE_{shouted}__{}", self.name))
    }

    /// Whether the context's own name stands in it where `{context}` does.
    pub(crate) fn names_itself(&self) -> bool {
        ["DATABASE_URL", "KEY_FILE"].contains(&self.name)
    }
}

/// The variable that names a file with the secret in it.
pub(crate) fn twin(variable: &str) -> String {
    format!("{variable}_FILE")
}
