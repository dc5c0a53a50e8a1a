//! Tells the customer, once for every change.
