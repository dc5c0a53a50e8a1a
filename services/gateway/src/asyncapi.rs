//! The stream as an AsyncAPI 3 document, made from the descriptors.
