//! What may come about: the events' names.

/// It is in the queue.
pub const RECEIVED: &str = "yemae.food.store.v1.OrderReceived";
/// The owner accepted it, or the store's setting did.
pub const ACCEPTED: &str = "yemae.food.store.v1.OrderAccepted";
/// The store gave it back.
pub const REJECTED: &str = "yemae.food.store.v1.OrderRejected";
/// The courier has left.
pub const STARTED: &str = "yemae.food.store.v1.DeliveryStarted";
/// It was delivered.
pub const COMPLETED: &str = "yemae.food.store.v1.DeliveryCompleted";
/// A request to cancel was answered.
pub const ANSWERED: &str = "yemae.food.store.v1.CancellationAnswered";
/// It was cancelled unasked.
pub const VOIDED: &str = "yemae.food.store.v1.OrderVoided";
