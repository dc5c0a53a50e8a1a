//! The audit: facts from every context, and rules that join them.
