#!/usr/bin/env python3
"""Shows the chart on whatever cluster KUBECONFIG names: installed, upgraded under bookings, hurt, besieged, scaled, removed.

`make test-cluster` runs all steps, `make test-cluster STEPS="install upgrade"` these. Its own namespace (NAMESPACE, default
yemae-test) comes and goes with it. LOAD_IMAGE is the command that brings an archive into the cluster (default: kind load
image-archive); NEXT names the archive of another build to upgrade to, with the tag `next` (default: this one, under that tag);
BEFORE that of the last release, with the tag `before`, and BEFORE_CHART its chart, to come from;
OUTSIDE the gateway's address as seen from here (default: a port of the first node). Steps whose programs are not in PATH
(`prometheus`, `otelcol`) say that they were not shown. What came of it is in
target/cluster/report.json; a call that was tried again counts as failed.
"""

import json
import os
import sys
import time

import cluster_edges
import cluster_images
import cluster_kinds
import cluster_load
import cluster_stores
import cluster_upgrade
import cluster_watch
import image
from cluster_kit import (
    CHART, LOAD_IMAGE, NAMESPACE, NEXT, NOW, OUT, OWN, ROOT, WAIT, Failed, audit, give_up, helm, kubectl, ops, read, run, step, until, values,
)
from cluster_pods import Inside
from cluster_volumes import gone, volumes

def main(wanted):
    unknown = set(wanted) - set(STEPS)
    if unknown:
        give_up(f"there is no step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "report.json"
    report = json.loads(path.read_text()) if wanted and path.exists() else {}
    for name in wanted or STEPS:
        with step(name, report) as told:
            STEPS[name](told)
        if name in ("images", "install") and not report[name]["passed"]:
            break
    failed = [name for name, told in report.items() if not told["passed"]]
    print(f"cluster: {len(report)} steps, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}; {path.relative_to(ROOT)}")
    sys.exit(1 if failed else 0)


def images(told):
    """Brings all images into the cluster."""
    told["commit"] = run("git", "-C", ROOT, "describe", "--always", "--dirty", may_fail=True).strip()
    archives = [ROOT / "target/image/yemae.tar", *cluster_images.make(OUT / "images").values()]
    other = os.environ.get("NEXT")
    if not other:
        other = OUT / "images/next.tar"
        own = {"Entrypoint": ["/yemae"], "User": "65532:65532", "Labels": {"next": "yes"}}
        image.pack(NEXT, image.files_below(ROOT / "target/image/root-of-image"), own, other, "helm/image/binary.sh")
    told["next"] = "another build" if os.environ.get("NEXT") else "the same build, under another tag"
    before = [os.environ["BEFORE"]] if os.environ.get("BEFORE") else []
    for archive in [*archives, other, *before]:
        run(*LOAD_IMAGE, archive, patience=180)


def install(told):
    """From an empty cluster to a booked seat."""
    run("kubectl", "create", "namespace", NAMESPACE)
    run("kubectl", "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    volumes(told)
    begun = time.monotonic()
    helm("install", CHART, *values(), *WAIT, patience=330)
    told["ready_s"] = round(time.monotonic() - begun, 1)
    said = helm("test", "--logs", "--timeout", "3m", patience=200)
    told["booked_s"] = round(time.monotonic() - begun, 1)
    told["helm_test"] = said.count("Succeeded")


def idle(told):
    """What the whole mesh takes when nobody comes, by the kubelet's own figures: half a minute after the last call."""
    time.sleep(30)
    used = {}
    for line in kubectl("top", "pods", "--no-headers", "--selector", OWN).splitlines():
        name, cpu, memory = line.split()
        used[name] = (int(cpu.rstrip("m")), int(memory.replace("Mi", "")))
    ours = {name: own for name, own in used.items() if "-nats-" not in name and "-postgresql-" not in name}
    told.update(pods=len(used), cpu_m=sum(cpu for cpu, _ in used.values()), memory_mib=sum(own for _, own in used.values()))
    told.update(own_pods=len(ours), own_cpu_m=sum(cpu for cpu, _ in ours.values()), own_memory_mib=sum(own for _, own in ours.values()))
    told["largest_mib"] = dict(sorted(((own, name) for name, (_, own) in used.items()), reverse=True)[:3])
    told["largest_mib"] = {name: own for own, name in told["largest_mib"].items()}


def operators(told):
    """What operators type works as it is."""
    said = ops("status")
    told["status"] = said.count(" ready ")
    told["not_ready"] = said.count("NOT READY")
    order = booked_before()
    told["order"] = "payment" in ops("order", order)
    ops("dead-letters", "list", may_fail=True)
    told["audit"] = audit()
    kubectl("delete", "job", "audit-now", "--ignore-not-found")
    kubectl("create", "job", "audit-now", "--from", "cronjob/yemae-audit")
    kubectl("wait", "--for=condition=complete", "job/audit-now", "--timeout", "120s", patience=130)
    told["audit_job"] = "complete"
    if told["not_ready"] or not told["status"] or not told["order"]:
        raise Failed(said)


def remove(told):
    """Uninstalled, what has data stays; installed again, it is found. Then everything goes."""
    order = booked_before()
    helm("uninstall", "--wait", "--timeout", "3m", patience=200)
    told["kept"] = sorted(own["metadata"]["name"] for own in read("persistentvolumeclaims")["items"])
    told["kept"] += sorted(own["metadata"]["name"] for own in read("secrets")["items"] if own["type"] == "Opaque")
    running = ["--selector", f"{OWN},app.kubernetes.io/component!=test"]
    until("nothing runs any more", 60, lambda: not read("pods", *running)["items"])
    helm("install", CHART, *values(), *WAIT, patience=330)
    told["found_again"] = "payment" in ops("order", order)
    if not told["found_again"]:
        raise Failed(f"the order {order} is gone")
    told["audit"] = audit()
    helm("uninstall", "--wait", "--timeout", "3m", patience=200)


def booked_before():
    inside = Inside("before", NOW, "--rate", "5", "--seconds", "2", "--system", "cinema")
    _, history = inside.result(60)
    booked = [json.loads(line) for line in history.splitlines()]
    return next(own["order_id"] for own in booked if own["op"] == "create" and own["order_id"])


def clear(told):
    """Nothing of it stays in the cluster."""
    run("kubectl", "delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout", "120s", patience=130)
    gone()
    cluster_kinds.gone()
    told["left"] = 0


STEPS = {
    "images": images, "install": install, "idle": idle, "operators": operators,
    "upgrade": cluster_upgrade.upgrade, "atomic": cluster_load.atomic, "liveness": cluster_load.liveness, "trouble": cluster_load.trouble, "siege": cluster_load.siege, "breaker": cluster_load.breaker,
    "autoscaling": cluster_load.autoscaling, "policies": cluster_load.policies,
    "edges": cluster_edges.edges, "identities": cluster_edges.identities,
    "watch": cluster_watch.watch, "remove": remove,
    "release": cluster_upgrade.release, "sqlite": cluster_stores.sqlite, "siege-sqlite": cluster_stores.siege, "production": cluster_stores.production, "clear": clear,
}

if __name__ == "__main__":
    main(sys.argv[1:])
