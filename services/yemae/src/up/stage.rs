//! What `up --demo` fills in: movies, theaters and screenings, through the public RPCs.

use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use crate::stage;
use proto::cinema::theater::v1::ListScreeningsRequest;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;

/// Title and price in won.
const MOVIES: [(&str, i64); 2] = [("Soul", 14_000), ("기생충 (Parasite)", 15_000)];

/// Fills in, unless something is showing already.
pub(super) async fn set(mesh: &Mesh) -> Result<(), Fault> {
    let staff = mesh.acting_as("demo-staff", &["staff", "admin", "customer"])?;
    let listed = TheaterServiceClient::new(staff.channel())
        .list_screenings(ListScreeningsRequest::default())
        .await;
    if !listed
        .map_err(|status| rpc::fault(&status))?
        .into_inner()
        .screenings
        .is_empty()
    {
        return Ok(());
    }
    for (title, price) in MOVIES {
        stage::screening(&staff, &mesh::id::new(), title, price, 10, 12).await?;
    }
    Ok(())
}
