#!/bin/sh
# Builds the static binary and lays out the image's root: sh helm/image/binary.sh DIRECTORY
# The same sources in a folder of the same name give the same bytes; the Dockerfile's is always the same. (OpenSSL writes down
# the folder that it was built in.)
set -eu
cd "$(dirname "$0")/../.."
out=$1
target=$(rustc -vV | sed -n 's/^host: //p')
case $target in
*-linux-gnu) ;;
*)
	echo "the image is built on Linux with glibc, and this is $target: use helm/image/Dockerfile" >&2
	exit 1
	;;
esac
cargo=${CARGO_HOME:-$HOME/.cargo}
# A target that is named, so that what runs while building is built as always.
static="-C target-feature=+crt-static --remap-path-prefix=$PWD=/yemae --remap-path-prefix=$cargo=/cargo"
export CARGO_INCREMENTAL=0 SOURCE_DATE_EPOCH=0 RUSTFLAGS="$static"
export CFLAGS="-ffile-prefix-map=$PWD=/yemae -ffile-prefix-map=$cargo=/cargo"
cargo build --release --locked --bin yemae --features postgres-tls --target "$target" --target-dir target/static
binary=target/static/$target/release/yemae
if ldd "$binary" 2>/dev/null | grep -q '=>'; then
	echo "$binary is not static" >&2
	exit 1
fi
size=$(wc -c <"$binary")
if [ "$size" -gt 62914560 ]; then
	echo "the binary has $size bytes, and an image is to stay under 60 MiB" >&2
	exit 1
fi
rm -rf "$out"
mkdir -p "$out/tmp"
chmod 1777 "$out/tmp"
cp "$binary" "$out/yemae"
chmod 755 "$out/yemae"
echo "image: $size bytes, sha256 $(sha256sum "$binary" | cut -d ' ' -f 1)"
