//! What may come about: the events' names.

/// The licence is being bought.
pub const BEGUN: &str = "yemae.vod.library.v1.PurchaseBegun";
/// The movie can be watched.
pub const PURCHASED: &str = "yemae.vod.library.v1.LicencePurchased";
/// The studio does not sell it.
pub const FAILED: &str = "yemae.vod.library.v1.PurchaseFailed";
/// It was watched.
pub const WATCHED: &str = "yemae.vod.library.v1.MovieWatched";
/// A request to cancel was answered.
pub const ANSWERED: &str = "yemae.vod.library.v1.CancellationAnswered";
/// It was cancelled unasked.
pub const VOIDED: &str = "yemae.vod.library.v1.OrderVoided";
