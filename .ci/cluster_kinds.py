"""Kinds that the chart can render and a bare cluster does not know: so much of their definitions that objects of them are kept."""

import json

from cluster_kit import run

MARK = "yemae-test-kinds"
KINDS = {
    "PodMonitor": ("monitoring.coreos.com", "v1", "podmonitors"),
    "PrometheusRule": ("monitoring.coreos.com", "v1", "prometheusrules"),
    "HTTPRoute": ("gateway.networking.k8s.io", "v1", "httproutes"),
    "GRPCRoute": ("gateway.networking.k8s.io", "v1", "grpcroutes"),
}


def known(told):
    """Those that are not there are made; what they hold is then not checked by anybody."""
    there = run("kubectl", "get", "customresourcedefinitions", "--output", "name")
    made = []
    for kind, (group, version, plural) in KINDS.items():
        name = f"{plural}.{group}"
        if f"/{name}\n" in there:
            continue
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
        versions = [{"name": version, "served": True, "storage": True, "schema": schema}]
        notes = {"api-approved.kubernetes.io": "unapproved, for a test"}
        head = {"name": name, "labels": {MARK: "yes"}, "annotations": notes}
        spec = {"group": group, "scope": "Namespaced", "names": names, "versions": versions}
        one = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": head, "spec": spec}
        run("kubectl", "apply", "--filename", "-", given=json.dumps(one))
        run("kubectl", "wait", "--for=condition=Established", f"customresourcedefinition/{name}", "--timeout", "30s", patience=40)
        made.append(kind)
    told["kinds_without_a_schema"] = made


def gone():
    """Those that were made here."""
    run("kubectl", "delete", "customresourcedefinitions", "--selector", f"{MARK}=yes", patience=90)
