//! ONE function: the server stack, top to bottom.

use std::convert::Infallible;

/// A generated gRPC server.
pub trait Served:
    tower::Service<
        http::Request<tonic::body::Body>,
        Response: axum_core::response::IntoResponse,
        Error = Infallible,
        Future: Send,
    > + tonic::server::NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Served for S where
    S: tower::Service<
            http::Request<tonic::body::Body>,
            Response: axum_core::response::IntoResponse,
            Error = Infallible,
            Future: Send,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}
