//! What may come about: the events' names.

/// An installer has it.
pub const REQUESTED: &str = "yemae.iptv.installation.v1.JobRequested";
/// He accepted it.
pub const ACCEPTED: &str = "yemae.iptv.installation.v1.JobAccepted";
/// It is installed.
pub const COMPLETED: &str = "yemae.iptv.installation.v1.JobCompleted";
/// The subscription was cancelled.
pub const CANCELLED: &str = "yemae.iptv.installation.v1.JobCancelled";
