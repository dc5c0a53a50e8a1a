//! A layer is an async function around the next hop.

use super::{Reply, Request};
use futures::FutureExt;
use futures::future::Map;
use std::convert::Infallible;
use std::task::{Context, Poll};
use tower::layer::{LayerFn, layer_fn};
use tower::{Service, ServiceExt};

/// The next hop of a layer.
pub(super) trait Hop:
    Service<Request, Response = Reply, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Hop for S where
    S: Service<Request, Response = Reply, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Passes the request on.
pub(super) async fn send(next: impl Hop, request: Request) -> Reply {
    let Ok(reply) = next.oneshot(request).await;
    reply
}

/// The layer that answers each request with `layer(state, next hop, request)`. It is always ready: what is busy or
/// broken below says so in a reply.
pub(super) fn around<T, F, S, R>(
    state: T,
    layer: F,
) -> LayerFn<impl Fn(S) -> Around<T, F, S> + Clone>
where
    T: Clone,
    F: Fn(T, S, Request) -> R + Clone,
{
    layer_fn(move |next| Around {
        state: state.clone(),
        layer: layer.clone(),
        next,
    })
}

#[derive(Clone)]
pub(super) struct Around<T, F, S> {
    state: T,
    layer: F,
    next: S,
}

impl<T, F, S, R> Service<Request> for Around<T, F, S>
where
    T: Clone,
    F: Fn(T, S, Request) -> R,
    S: Clone,
    R: Future<Output = Reply>,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Map<R, fn(Reply) -> Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        (self.layer)(self.state.clone(), self.next.clone(), request).map(Ok)
    }
}
