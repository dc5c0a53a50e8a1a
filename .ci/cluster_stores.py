"""The steps of the cluster test that are of other stores than the trial's: SQLite files, and what a house has already."""

import base64
import json
import tempfile
import time

import cluster_kinds
from cluster_kit import (
    CHART, NOW, OUT, OWN, WAIT, Failed, apply, audit, beside, elsewhere, helm, kubectl, read, run, template, until, values,
)
from cluster_load import at_rest, component
from cluster_pods import Inside, raw, said_inside
from cluster_tls import Authority, renewed, turned_away
from cluster_upgrade import under_way
from cluster_volumes import volumes

MINIMAL = ["--values", CHART / "values-minimal.yaml"]
PRODUCTION = ["--values", CHART / "values-production.yaml"]


def sqlite(told):
    """The cinema alone, each context on a file of its own: booked, its pods deleted, and still there."""
    with elsewhere("sqlite"):
        volumes(told)
        begun = time.monotonic()
        helm("install", CHART, *MINIMAL, *values(), *WAIT, patience=330)
        told["ready_s"] = round(time.monotonic() - begun, 1)
        helm("test", "--logs", "--timeout", "3m", patience=200)
        told["booked_s"] = round(time.monotonic() - begun, 1)
        deployments = read("deployments", "--selector", OWN)["items"]
        told["recreated"] = sum(own["spec"]["strategy"]["type"] == "Recreate" for own in deployments)
        told["claims"] = len(read("persistentvolumeclaims")["items"])
        orders = [own["order_id"] for own in booked(2) if own["order_id"]]
        told["booked"] = len(orders)
        told["ready_again_s"] = {}
        for what, selector in (("cinema-booking", component("cinema-booking")), ("all pods", OWN)):
            begun = time.monotonic()
            kubectl("delete", "pods", "--selector", selector, patience=90)
            at_rest(what)
            told["ready_again_s"][what] = round(time.monotonic() - begun, 1)
            found(orders)
        told["found_again"] = len(orders)
        booked(2)
        try:
            helm("upgrade", CHART, *MINIMAL, *values("services.payment.replicas=2"), *WAIT, patience=330)
            raise Failed("two replicas on one file were taken")
        except Failed as why:
            if "replicas" not in str(why) or "were taken" in str(why):
                raise
            told["two_replicas"] = "refused"


def siege(told):
    """The old systems' trial with each context on a file of its own, which is how one pod of each books most."""
    with elsewhere("siege"):
        volumes(told)
        helm("install", CHART, *MINIMAL, *values(), *WAIT, patience=330)
        time.sleep(8)
        # Nobody else can read the files: there is no audit that would ask for what each customer saw.
        told["verdict"], _ = Inside("siege", NOW, "--siege", history=()).result(200)
        if not told["verdict"]["passed"]:
            raise Failed("the siege was not withstood")


def booked(seconds):
    """What one customer, load-0, booked in so long."""
    words = ["--just-book", "--clients", "1", "--seconds", str(seconds)]
    _, history = Inside("booked", NOW, *words).result(60)
    return [json.loads(line) for line in history.splitlines()]


def found(orders):
    """The customer's own first and last booking are there."""
    for order in {orders[0], orders[-1]}:
        asked = ["call", "BookingService/GetBooking", json.dumps({"bookingId": order}), "--as", "load-0"]
        if order not in said_inside("found", *asked):
            raise Failed(f"the booking {order} is gone")


def production(told, seconds=150):
    """By values-production.yaml: PostgreSQL, three NATS servers, keys, people's keys and certificates are there before, in Secrets and
    a namespace of their own. While customers order a NATS server is killed, and all certificates are renewed."""
    cluster_kinds.known(told)
    with tempfile.TemporaryDirectory() as folder, beside("stores") as stores, elsewhere("production") as here:
        own = {(one["kind"], one["metadata"]["name"]): one for one in rendered(here)}
        volumes(told, 8)
        existing(own, stores)
        secrets(own, stores)
        authority = Authority(folder)
        names = [name[len("yemae-"):] for kind, name in own if kind == "Deployment" and name != "yemae-provision"]
        authority.all(names)
        begun = time.monotonic()
        helm("install", CHART, *PRODUCTION, "--values", yours(stores), *WAIT, patience=330)
        told["ready_s"] = round(time.monotonic() - begun, 1)
        for kind in ("podmonitors", "prometheusrules", "httproutes", "grpcroutes"):
            told[kind] = len(read(kind, "--selector", OWN)["items"])
        pods = read("pods", "--selector", f"{OWN},app.kubernetes.io/component notin (ops,provision)")["items"]
        told["replicas"] = len(pods)
        told["stream_replicas"] = stream(stores)
        load = ["--system", "cinema", "--system", "vod", "--rate", "2", "--seconds", str(seconds)]
        inside = under_way(lambda: Inside("production", NOW, *load))
        kubectl("delete", "pod", "yemae-nats-0", "--grace-period=0", "--force", at=stores)
        told["mtls"] = {}
        turned_away(told["mtls"])
        begun = time.monotonic()
        told["mtls"]["restarted"] = renewed(authority, names)
        told["mtls"]["renewed_after_s"] = round(time.monotonic() - begun, 1)
        told["under_load"] = inside.runs()
        summary, history = inside.result(seconds + 120)
        told["load"] = raw(summary)
        told["a_nats_server_killed"] = "back" if until("NATS is whole again", 90, lambda: servers(stores) == 3) else ""
        told["audit"] = audit(history)
        if told["load"]["failed"] or told["stream_replicas"] != 3:
            raise Failed(f"{told['load']['failed']} calls failed; the stream is on {told['stream_replicas']} servers")


def rendered(where):
    """The objects of a trial, of which a house's own stores, Secrets and keys are made here."""
    said = template("--set", f"secrets.seed=a-house-of-its-own-{time.time()}", *values(), at=where)
    listed = run("kubectl", "create", "--dry-run=client", "--output", "json", "--filename", "-", given=said, patience=90)
    decoder, at = json.JSONDecoder(), 0
    while at < len(listed):
        one, end = decoder.raw_decode(listed, at)
        yield from one["items"] if one["kind"] == "List" else [one]
        at = end + len(listed[end:]) - len(listed[end:].lstrip())


def existing(own, stores):
    """PostgreSQL as the chart has it, and NATS of three servers, in a namespace that the release knows nothing of."""
    postgresql = [own[kind, "yemae-postgresql"] for kind in ("Secret", "ConfigMap", "Service", "StatefulSet")]
    configuration = own["Secret", "yemae-nats"]["stringData"]
    routes = ", ".join(f'"nats://yemae-nats-{n}.yemae-nats:6222"' for n in range(3))
    text = configuration["nats.conf"].replace("server_name: yemae-nats", "server_name: $SERVER")
    configuration["nats.conf"] = f'{text}\ncluster {{\n  name: yemae\n  listen: "0.0.0.0:6222"\n  routes: [{routes}]\n}}\n'
    own["Service", "yemae-nats"]["spec"]["publishNotReadyAddresses"] = True
    servers_ = own["StatefulSet", "yemae-nats"]["spec"]
    servers_.update(replicas=3, podManagementPolicy="Parallel")
    name = {"name": "SERVER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    servers_["template"]["spec"]["containers"][0]["env"] = [name]
    nats = [own[kind, "yemae-nats"] for kind in ("Secret", "Service", "StatefulSet")]
    account = own["ServiceAccount", "yemae"]
    for one in [account, *postgresql, *nats]:
        one["metadata"]["namespace"] = stores
    apply(account, *postgresql, *nats, at=stores)
    for store in ("postgresql", "nats"):
        kubectl("rollout", "status", f"statefulset/yemae-{store}", "--timeout", "150s", at=stores, patience=160)


def secrets(own, stores):
    """Named as values-production.yaml wants them."""
    made = [own["ConfigMap", "yemae-jwks"], own["Secret", "yemae-users"]]
    for (kind, name), one in own.items():
        data = one.get("data", {}) if kind == "Secret" else {}
        for key, suffix in (("database-url", "database"), ("nats-url", "nats"), ("key.pem", "key")):
            if key not in data:
                continue
            wanted = {key: data[key]}
            if key == "key.pem":
                wanted = {file: text for file, text in data.items() if file.endswith(".pem")}
            else:
                url = base64.b64decode(data[key]).decode()
                url = url.replace("@yemae-postgresql:", f"@yemae-postgresql.{stores}:").replace("@yemae-nats:", f"@yemae-nats.{stores}:")
                wanted[key] = base64.b64encode(url.encode()).decode()
            made.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{name}-{suffix}"}, "data": wanted})
    apply(*made)


def yours(stores):
    """What whoever installs it adds: where his stores are, and less than production asks for, that one node may hold it."""
    there = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stores}}}]
    own = {
        "image": {"repository": "yemae"},
        "defaults": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}, "resources": {"requests": {"cpu": "15m", "memory": "32Mi"}}},
        "identity": {"users": {"issuer": "yemae"}},
        "networkPolicy": {"postgresqlTo": there, "natsTo": there, "gatewayFrom": []},
    }
    path = OUT / "your-own.json"
    path.write_text(json.dumps(own, indent=1))
    return path


def monitored(stores, number, path):
    at = f"/api/v1/namespaces/{stores}/pods/yemae-nats-{number}:8222/proxy/{path}"
    return json.loads(run("kubectl", "get", "--raw", at, may_fail=True) or "{}")


def stream(stores):
    """On how many servers the stream is."""
    for account in monitored(stores, 0, "jsz?accounts=true&streams=true&config=true").get("account_details", []):
        for one in account.get("stream_detail", []):
            return one["config"]["num_replicas"]
    return 0


def servers(stores):
    """How many servers see two others."""
    return sum(len(monitored(stores, n, "routez").get("routes", [])) > 0 for n in range(3))
