//! Prints a document of this gateway, to be checked or to generate from: `openapi` or `asyncapi`. Of the contracts it was
//! built with, or of those in an image (a serialized `FileDescriptorSet`) that is named after it.

use mesh::Contracts;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut wanted = std::env::args().skip(1);
    let document = wanted.next();
    let contracts = match wanted.next() {
        Some(image) => Contracts::load(std::fs::read(image)?.leak())?,
        None => Contracts::load(proto::DESCRIPTORS)?,
    };
    let services: Vec<_> = contracts.pool().services().collect();
    let services: Vec<_> = services.iter().map(|service| service.full_name()).collect();
    let document = match document.as_deref() {
        Some("openapi") => gateway::openapi::document(&contracts, &services),
        Some("asyncapi") => gateway::asyncapi::document(&contracts),
        _ => return Err("which document: openapi or asyncapi?".into()),
    };
    println!("{document:#}");
    Ok(())
}
