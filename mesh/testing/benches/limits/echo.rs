//! Calls that do nothing: a health check over one loopback connection.

use crate::{CALLERS, rate};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Calls a second, client and server on the same cores.
pub(crate) async fn measure() -> f64 {
    let (_, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = listener.await.expect("a free port");
    let address = listener.local_addr().expect("its own address");
    let server = Server::builder()
        .tcp_nodelay(true)
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener));
    drop(mesh::task::detach(server));
    #[expect(
        clippy::disallowed_methods,
        reason = "what a bare channel does is what is measured"
    )]
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .expect("an address")
        .tcp_nodelay(true)
        .connect_lazy();
    let client = HealthClient::new(channel);
    rate(CALLERS, move || {
        let mut client = client.clone();
        async move {
            let asked = client.check(HealthCheckRequest::default()).await;
            asked.expect("an answer");
        }
    })
    .await
}
