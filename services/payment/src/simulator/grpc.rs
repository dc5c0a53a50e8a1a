//! The admin's way to tell the simulator how to misbehave.

use super::Simulator;
use super::behavior::Behavior;
use proto::payment::v1::simulator_service_server::SimulatorService;
use proto::payment::v1::{
    GetBehaviorRequest, GetBehaviorResponse, SetBehaviorRequest, SetBehaviorResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl SimulatorService for Simulator {
    async fn set_behavior(
        &self,
        request: Request<SetBehaviorRequest>,
    ) -> Result<Response<SetBehaviorResponse>, Status> {
        let behavior = request.into_inner().behavior;
        self.behave(Behavior::read(behavior.unwrap_or_default())?);
        tracing::info!(?behavior, "the simulated provider behaves anew");
        Ok(Response::new(SetBehaviorResponse { behavior }))
    }

    async fn get_behavior(
        &self,
        _request: Request<GetBehaviorRequest>,
    ) -> Result<Response<GetBehaviorResponse>, Status> {
        let behavior = Some(self.told());
        Ok(Response::new(GetBehaviorResponse { behavior }))
    }
}
