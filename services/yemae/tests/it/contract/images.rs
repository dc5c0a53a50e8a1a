//! Descriptor images, changed as a careless hand would.

use super::rpcs::CONTRACTS;
use crate::rig::root;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use std::path::PathBuf;

/// The image of this build.
pub fn now() -> DynamicMessage {
    read(proto::DESCRIPTORS)
}

/// An image, options and all.
pub fn read(image: &[u8]) -> DynamicMessage {
    let set = CONTRACTS
        .pool()
        .get_message_by_name("google.protobuf.FileDescriptorSet");
    DynamicMessage::decode(set.unwrap(), image).unwrap()
}

/// The items of a list in a message.
pub fn list<'a>(of: &'a mut DynamicMessage, name: &str) -> &'a mut Vec<Value> {
    of.get_field_by_name_mut(name)
        .unwrap()
        .as_list_mut()
        .unwrap()
}

/// The item called `name` of a list of descriptors.
pub fn named<'a>(of: &'a mut DynamicMessage, what: &str, name: &str) -> &'a mut DynamicMessage {
    let items = list(of, what).iter_mut().filter_map(Value::as_message_mut);
    let is_called =
        |item: &&mut DynamicMessage| item.get_field_by_name("name").unwrap().as_str() == Some(name);
    let mut items = items.filter(is_called);
    items
        .next()
        .unwrap_or_else(|| panic!("no {what} is called {name}"))
}

/// The extension of these options, if they have it.
pub fn option<'a>(of: &'a mut DynamicMessage, name: &str) -> &'a mut DynamicMessage {
    let extension = CONTRACTS.pool().get_extension_by_name(name).unwrap();
    let options = of
        .get_field_by_name_mut("options")
        .unwrap()
        .as_message_mut()
        .unwrap();
    assert!(options.has_extension(&extension), "no {name}");
    options
        .get_extension_mut(&extension)
        .as_message_mut()
        .unwrap()
}

/// The image of the last release, and its version.
pub fn released() -> Option<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(root().join("proto/released")).ok()?;
    let files = entries.flatten().map(|entry| entry.path());
    let numbers = |path: &PathBuf| {
        let version = path.file_stem()?.to_str()?;
        version
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<Vec<u32>>>()
    };
    let newest = files
        .filter(|path| numbers(path).is_some())
        .max_by_key(numbers)?;
    let version = newest.file_stem()?.to_str()?.to_owned();
    Some((version, std::fs::read(newest).unwrap()))
}

/// The pool of an image.
pub fn pool(image: &[u8]) -> DescriptorPool {
    DescriptorPool::decode(image).unwrap()
}

/// The image's bytes.
pub fn bytes(image: &DynamicMessage) -> Vec<u8> {
    image.encode_to_vec()
}
