//! What may come about: the events' names.

/// There is a case.
pub const OPENED: &str = "yemae.iptv.support.v1.CaseOpened";
/// An installer was assigned.
pub const ASSIGNED: &str = "yemae.iptv.support.v1.CaseAssigned";
/// It was installed.
pub const INSTALLED: &str = "yemae.iptv.support.v1.CaseInstalled";
/// The rep completed it.
pub const ACTIVATED: &str = "yemae.iptv.support.v1.CaseActivated";
/// A request to cancel was answered.
pub const ANSWERED: &str = "yemae.iptv.support.v1.CancellationAnswered";
/// It was cancelled unasked.
pub const VOIDED: &str = "yemae.iptv.support.v1.CaseVoided";
