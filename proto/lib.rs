//! The contracts, and nothing else: every message, client and server generated from `yemae/**/*.proto`.
#![allow(missing_docs, clippy::all, unused_qualifications)]

include!(concat!(env!("OUT_DIR"), "/contracts.rs"));
pub use yemae::*;

/// Every contract with its imports, options and comments, as a serialized `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contracts.binpb"));

/// Where somebody lives is printed nowhere.
impl std::fmt::Debug for iptv::subscription::v1::Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Home(***)")
    }
}
