//! The carrier of events: one JetStream stream.
