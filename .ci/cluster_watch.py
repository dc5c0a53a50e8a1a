"""The step of the cluster test that looks at the mesh as operators do: a real Prometheus reads what the PodMonitor names, loads the
PrometheusRule, and is asked what the dashboards ask; a real collector is sent the traces."""

import json
import shutil
import time
from urllib.parse import quote

import cluster_kinds
from cluster_images import COLLECTOR, PROMETHEUS
from cluster_kit import (
    CHART, NOW, OWN, RELEASE, SYSTEMS, WAIT, Failed, Looking, apply, beside, helm, kubectl, namespace, read, run, until, values,
)
from cluster_load import at_rest
from cluster_pods import CLOSED, RESTRICTED, Inside

LOOK = "5s"


def watch(told):
    """Targets, rules, two alerts that fire and clear, the dashboards' queries, a trace."""
    if not shutil.which("prometheus"):
        told["not_shown"] = "there is no prometheus in PATH"
        return
    cluster_kinds.known(told)
    with beside("watch") as there:
        own = ["monitoring.podMonitor.enabled=true", f"monitoring.podMonitor.interval={LOOK}", "monitoring.rules.enabled=true"]
        own += ["monitoring.dashboards.enabled=true", f"settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.{there}:4317"]
        own += [f"networkPolicy.{who}[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name={there}" for who in ("metricsFrom", "collectorTo")]
        helm("upgrade", CHART, *values(*own), *WAIT, patience=330)
        at_rest("with a collector")
        finder = prometheus(there)
        told["targets"] = targets(there)
        load = Inside("watched", NOW, *SYSTEMS, "--rate", "4", "--seconds", "420")
        told["alerts"] = {
            "BreakerOpen": fires(there, "BreakerOpen", f"deploy/{RELEASE}-payment"),
            "EventsWait": fires(there, "EventsWait", f"statefulset/{RELEASE}-nats"),
        }
        told["rules"] = rules(there)
        told["dashboards"] = dashboards(there)
        told["under_load"] = load.runs()
        kubectl("delete", "pod", "watched", patience=60)
        told["trace"] = trace(there)
        finder.stop.set()
    helm("upgrade", CHART, *values(), *WAIT, patience=330)
    wrong = [name for name, rule in told["rules"]["health"].items() if rule != "ok"]
    if wrong or told["targets"]["up"] != told["targets"]["pods"]:
        raise Failed(f"rules that do not evaluate: {wrong}; targets {told['targets']}")


def prometheus(there):
    """As the operator would run it: what the two objects say, in Prometheus' own words."""
    monitor, rule = read("podmonitor", RELEASE), read("prometheusrule", RELEASE)
    files = {
        "prometheus.json": json.dumps({
            "global": {"evaluation_interval": LOOK}, "rule_files": ["/etc/prometheus/rules.json"], "scrape_configs": scrapes(monitor),
        }),
        "rules.json": json.dumps({"groups": rule["spec"]["groups"]}),
    }
    words = ["--config.file=/etc/prometheus/prometheus.json", "--storage.tsdb.path=/data", "--web.listen-address=:9090"]
    apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prometheus"}, "data": files},
        program("prometheus", PROMETHEUS, words),
        at=there,
    )
    kubectl("wait", "--for=condition=Ready", "pod/prometheus", "--timeout", "60s", at=there, patience=70)
    until("Prometheus answers", 60, lambda: asked(there, "/-/ready", plain=True))
    return Found(there, monitor)


def scrapes(monitor):
    """What the operator makes of a PodMonitor; the pods are found by `Found`, for not every Prometheus is built to ask Kubernetes."""
    name, where = monitor["metadata"]["name"], monitor["metadata"]["namespace"]
    return [
        {
            "job_name": f"podMonitor/{where}/{name}/{number}", "metrics_path": end["path"],
            "scrape_interval": end["interval"], "scrape_timeout": end["interval"],
            "file_sd_configs": [{"files": [f"/data/{end['port']}.json"]}],
        }
        for number, end in enumerate(monitor["spec"]["podMetricsEndpoints"])
    ]


class Found(Looking):
    """The pods that a PodMonitor is for, told to Prometheus as they come and go: by their labels and the name of the port, not by
    whether they are ready."""

    def __init__(self, there, monitor):
        super().__init__()
        self.there, self.monitor, self.told = there, monitor, {}
        self.start()

    def look(self):
        name, where = self.monitor["metadata"]["name"], self.monitor["metadata"]["namespace"]
        wanted = ",".join(f"{key}={value}" for key, value in self.monitor["spec"]["selector"]["matchLabels"].items())
        pods = read("pods", "--selector", wanted, at=where)["items"]
        for end in self.monitor["spec"]["podMetricsEndpoints"]:
            found = [
                {
                    "targets": [f"{pod['status']['podIP']}:{port['containerPort']}"],
                    "labels": {"job": f"{where}/{name}", "namespace": where, "pod": pod["metadata"]["name"], "container": own["name"]},
                }
                for pod in pods
                if pod["status"].get("podIP") and pod["status"]["phase"] not in ("Failed", "Succeeded")
                for own in pod["spec"]["containers"]
                for port in own.get("ports", [])
                if port.get("name") == end["port"]
            ]
            if self.told.get(end["port"]) != found:
                file = f"/data/{end['port']}.json"
                put = ["exec", "-i", "prometheus", "--", "/bin/sh", "-c", f"cat > {file}.new && mv {file}.new {file}"]
                kubectl(*put, at=self.there, given=json.dumps(found))
                self.told[end["port"]] = found


def program(name, image, words, **more):
    mounts = [{"name": "configuration", "mountPath": f"/etc/{name}"}, {"name": "data", "mountPath": "/data"}]
    container = {
        "name": name, "image": f"{image}:test", "imagePullPolicy": "IfNotPresent", "args": words, "securityContext": CLOSED,
        "volumeMounts": mounts, "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
    }
    volumes = [{"name": "configuration", "configMap": {"name": name}}, {"name": "data", "emptyDir": {}}]
    spec = {"securityContext": RESTRICTED, "containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 1, **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def asked(there, path, plain=False):
    said = run("kubectl", "get", "--raw", f"/api/v1/namespaces/{there}/pods/prometheus:9090/proxy{path}", may_fail=True)
    return said if plain else json.loads(said or "{}").get("data", {})


def queried(there, expression):
    return asked(there, f"/api/v1/query?query={quote(expression, safe='')}").get("result", [])


def targets(there):
    """How many there should be, by their ports, and how many are up: once whoever is leaving has left."""

    def wanted():
        pods = read("pods", "--selector", OWN, "--field-selector", "status.phase=Running")["items"]
        named = [port.get("name") for pod in pods for own in pod["spec"]["containers"] for port in own.get("ports", [])]
        return named.count("metrics")

    def up():
        found = asked(there, "/api/v1/targets?state=active").get("activeTargets", [])
        return len(found) == wanted() and all(own["health"] == "up" for own in found)

    until("every target is up", 90, up)
    return {"pods": wanted(), "up": len(queried(there, "up == 1"))}


def fires(there, alert, what):
    """Taken to nothing until the alert is there, and back until it is gone; after how many seconds each."""
    begun = time.monotonic()
    kubectl("scale", what, "--replicas=0")
    state = lambda: {own["state"] for own in asked(there, "/api/v1/alerts").get("alerts", []) if own["labels"]["alertname"] == alert}  # noqa: E731
    try:
        until(f"{alert} is pending", 150, lambda: state())
        pending = round(time.monotonic() - begun, 1)
        until(f"{alert} fires", 150, lambda: "firing" in state())
        fired = round(time.monotonic() - begun, 1)
        found = [own for own in asked(there, "/api/v1/alerts")["alerts"] if own["labels"]["alertname"] == alert]
    finally:
        kubectl("scale", what, "--replicas=1")
    begun = time.monotonic()
    until(f"{alert} is over", 120, lambda: not state())
    summaries = sorted({own["annotations"]["summary"] for own in found})
    return {"pending_s": pending, "fires_s": fired, "over_s": round(time.monotonic() - begun, 1), "said": summaries[:3]}


def rules(there):
    found = [own for group in asked(there, "/api/v1/rules").get("groups", []) for own in group["rules"]]
    health = {own["name"]: own["health"] + (f": {own['lastError']}" if own.get("lastError") else "") for own in found}
    return {"rules": len(found), "health": health}


def dashboards(there):
    """Each query of each, of the last ten minutes; those without an answer by their panel."""
    answered, empty = {}, {}
    for path in sorted((CHART / "dashboards").glob("*.json")):
        for system in ("cinema", "vod", "food", "iptv", "taxi") if "$system" in path.read_text() else ("",):
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel["targets"]:
                    name = path.stem + (f" {system}" if system else "")
                    words = {"$namespace": namespace(), "$__rate_interval": "10m", "$system": system}
                    expression = target["expr"]
                    for variable, word in words.items():
                        expression = expression.replace(variable, word)
                    if queried(there, expression):
                        answered[name] = answered.get(name, 0) + 1
                    else:
                        empty.setdefault(name, []).append(panel["title"])
    return {"answered": answered, "without_an_answer": empty}


COLLECTS = {
    "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}}}},
    "exporters": {"debug": {"verbosity": "detailed"}},
    "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}}, "telemetry": {"metrics": {"level": "none"}}},
}


def trace(there):
    """Of a booking by the gateway: the spans of the one trace that has most contexts in it."""
    if not shutil.which("otelcol"):
        return {"not_shown": "there is no otelcol in PATH"}
    service = {"clusterIP": "None", "selector": {"app": "collector"}, "ports": [{"port": 4317}]}
    apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "collector"}, "data": {"collector.json": json.dumps(COLLECTS)}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "collector"}, "spec": service},
        program("collector", COLLECTOR, ["--config", "file:/etc/collector/collector.json"]),
        at=there,
    )
    kubectl("wait", "--for=condition=Ready", "pod/collector", "--timeout", "60s", at=there, patience=70)
    traces = {}

    def whole():
        Inside("traced", NOW, "--just-book", "--clients", "1", "--seconds", "2").result(60)
        traces.update(spans(kubectl("logs", "collector", at=there)))
        most = max(traces.values(), key=lambda own: len({who for who, _ in own}), default=[])
        return most if len({who for who, _ in most}) > 4 else None

    most = until("a trace of more than four contexts", 60, whole)
    return {"traces": len(traces), "contexts": sorted({who for who, _ in most}), "spans": [f"{who}: {what}" for who, what in most]}


def spans(said):
    """By trace: who, and what."""
    found, who, one = {}, "", ""
    for line in said.splitlines():
        word = line.strip()
        if word.startswith("-> service.name: Str("):
            who = word[len("-> service.name: Str("):-1]
        elif word.startswith("Trace ID"):
            one = word.split(":", 1)[1].strip()
        elif word.startswith("Name ") and one:
            found.setdefault(one, []).append((who, word.split(":", 1)[1].strip()))
    return found
