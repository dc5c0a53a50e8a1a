#!/bin/sh
# Runs a command of the released yemae on a mesh of its own, which is then audited: sh .ci/mesh.sh load --siege
set -eu
yemae=target/release/yemae
data=$(mktemp -d "${TMPDIR:-/tmp}/yemae-XXXXXX")
: >"$data/log"
"$yemae" up --listen 127.0.0.1:0 --data "$data/data" >"$data/log" 2>&1 &
mesh=$!
# Whatever happens, nothing is left behind.
trap 'kill "$mesh" 2>/dev/null; wait "$mesh" 2>/dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM

tries=0
until grep -q "yemae is ready" "$data/log"; do
	tries=$((tries + 1))
	if [ "$tries" -gt 300 ] || ! kill -0 "$mesh" 2>/dev/null; then
		cat "$data/log" >&2
		echo "the mesh does not start" >&2
		exit 3
	fi
	sleep 0.1
done
echo "load average: $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || uptime)"
code=0
"$yemae" "$@" --data "$data/data" || code=$?
"$yemae" audit --quiet --wait 120s --data "$data/data" || code=1
exit "$code"
