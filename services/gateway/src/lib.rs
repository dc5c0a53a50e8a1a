//! The one door from outside. What it knows of a method it reads from the descriptors, so that adding a context needs no
//! line here.

pub mod asyncapi;
pub mod openapi;
