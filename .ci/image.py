#!/usr/bin/env python3
"""Packs target/image/root-of-image as a container image, without an engine: an archive that docker, podman and ctr load.

The same files make the same archive, byte for byte.
"""

import hashlib
import io
import json
import platform
import sys
import tarfile
from pathlib import Path

IMAGE = Path(__file__).resolve().parent.parent / "target" / "image"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def main(name):
    path = IMAGE / "yemae.tar"
    ports = {f"{port}/tcp": {} for port in (50051, 8088, 9464)}
    own = {"Entrypoint": ["/yemae"], "User": "65532:65532", "ExposedPorts": ports}
    identity = pack(name, files_below(IMAGE / "root-of-image"), own, path, "helm/image/binary.sh")
    print(f"image: {name} in {path.relative_to(IMAGE.parent.parent)}, {path.stat().st_size / 2**20:.1f} MiB")
    print(f"image: id sha256:{identity}; docker load --input {path.relative_to(IMAGE.parent.parent)}")


def files_below(root):
    return {str(path.relative_to(root)): path for path in sorted(root.rglob("*"))}


def pack(name, files, own, path, maker):
    """Writes an image of these files (by their place in it) to `path`; answers its id."""
    layer = archive(files)
    config = {
        "architecture": MACHINES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": own,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created_by": maker}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    parts = {"config.json": dumped(config), "layer.tar": layer, "manifest.json": dumped(manifest)}
    path.write_bytes(archive(parts))
    return hashlib.sha256(parts["config.json"]).hexdigest()


def archive(files):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, file in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = 0o644
            if isinstance(file, Path):
                entry.mode = file.stat().st_mode & 0o7777
                entry.type = tarfile.DIRTYPE if file.is_dir() else tarfile.REGTYPE
                file = b"" if file.is_dir() else file.read_bytes()
            entry.size = len(file)
            tar.addfile(entry, io.BytesIO(file))
    return written.getvalue()


def dumped(value):
    return json.dumps(value, sort_keys=True).encode()


if __name__ == "__main__":
    main(sys.argv[1])
