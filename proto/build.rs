//! Compiles every contract below `yemae/` with protox, so that no `protoc` is needed.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where it is by its environment"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=yemae");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    walk(Path::new("yemae"), &mut files)?;

    let mut roots = vec![PathBuf::from(".")];
    roots.extend(third_parties()?);
    let mut compiler = protox::Compiler::new(roots)?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    // The encoded set keeps custom options, which the decoded one below has lost.
    fs::write(
        out.join("contracts.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;

    let mut set = compiler.file_descriptor_set();
    set.file
        .retain(|file| file.package().starts_with("yemae") || file.package() == "google.protobuf");
    let mut names = prost_build::Config::new();
    names.enable_type_names();
    // Personal data: lib.rs says how these print.
    names.skip_debug([".yemae.iptv.subscription.v1.Home"]);
    tonic_prost_build::configure()
        .include_file("contracts.rs")
        .bytes(".")
        .compile_fds_with_config(set, names)?;
    Ok(())
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(|entry| entry.path());
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|ext| ext == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

/// The packages that carry .proto files of others, and the folder in each where their imports begin.
const CARRIERS: [(&str, &str); 2] = [
    ("envoy-types", "proto/googleapis"),
    ("prost-protovalidate-types", "proto"),
];

/// Where cargo unpacked them.
fn third_parties() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let metadata = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--locked"])
        .output()?;
    if !metadata.status.success() {
        return Err(String::from_utf8_lossy(&metadata.stderr).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let folder = |(carrier, folder): (&str, &str)| {
        let manifest = packages
            .iter()
            .find(|package| package["name"] == carrier)
            .and_then(|package| package["manifest_path"].as_str())
            .ok_or_else(|| format!("the package {carrier} is not in Cargo.lock"))?;
        let root = Path::new(manifest).parent().ok_or("no parent")?;
        Ok(root.join(folder))
    };
    CARRIERS.into_iter().map(folder).collect()
}
