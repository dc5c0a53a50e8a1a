//! The customer's view of every order.
