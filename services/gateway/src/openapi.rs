//! The routes as an OpenAPI 3.1 document, made from the descriptors.
