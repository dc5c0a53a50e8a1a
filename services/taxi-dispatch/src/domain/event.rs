//! What may come about: the events' names.

/// Dispatch has heard of it.
pub const RECEIVED: &str = "yemae.taxi.dispatch.v1.RideReceived";
/// A driver is on the way, or says now that he is called, drives or is reached otherwise.
pub const ASSIGNED: &str = "yemae.taxi.dispatch.v1.DriverAssigned";
/// He gave it back, and nobody else is free.
pub const DECLINED: &str = "yemae.taxi.dispatch.v1.DriverDeclined";
/// The customer is in the car.
pub const PICKED_UP: &str = "yemae.taxi.dispatch.v1.CustomerPickedUp";
/// The customer is there.
pub const ARRIVED: &str = "yemae.taxi.dispatch.v1.CustomerArrived";
/// Nobody was found in time.
pub const NOBODY_FOUND: &str = "yemae.taxi.dispatch.v1.NoDriverFound";
/// A request to cancel was answered.
pub const ANSWERED: &str = "yemae.taxi.dispatch.v1.CancellationAnswered";
/// It was cancelled unasked.
pub const VOIDED: &str = "yemae.taxi.dispatch.v1.RideVoided";
