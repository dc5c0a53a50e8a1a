"""The steps of the cluster test that replace versions under bookings: the next one and back, and from the last release."""

import json
import os
import re
import time

from cluster_kit import (
    BEFORE, CHART, CONTEXTS, HELM, NEXT, NOW, OUT, OWN, SYSTEMS, WAIT, Failed, Looking, audit, elsewhere, helm, read, run, tagged, values,
)
from cluster_pods import Inside, Outside, raw
from cluster_volumes import volumes


class Versions(Looking):
    """Which images the ready pods of each component had."""

    def __init__(self):
        super().__init__()
        self.seen, self.both = {}, set()

    def look(self):
        now = {}
        for pod in read("pods", "--selector", OWN)["items"]:
            if any(own["type"] == "Ready" and own["status"] == "True" for own in pod["status"].get("conditions", [])):
                component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
                now.setdefault(component, set()).add(pod["spec"]["containers"][0]["image"])
        for component, images_ in now.items():
            self.seen.setdefault(component, set()).update(images_)
            if len(images_) > 1:
                self.both.add(component)


def upgrade(told):
    """To the next version and back, each under bookings from a pod and from outside."""
    to_and_back(told, *values(tagged(NEXT)))


def release(told):
    """From the last release, by its own chart, to this one and back, each under bookings."""
    chart = os.environ.get("BEFORE_CHART")
    if not chart or not os.environ.get("BEFORE"):
        told["not_shown"] = "BEFORE and BEFORE_CHART name no image of the last release and no chart of it"
        return
    with elsewhere("release"):
        volumes(told)
        helm("install", chart, *known(chart, values(tagged(BEFORE))), *WAIT, patience=330)
        to_and_back(told, *values())


def known(chart, wanted):
    """Of the words `--set NAME=VALUE` those whose second name stands in the chart's own values: an older one refuses what it has not."""
    own = run(HELM, "show", "values", chart)
    pairs = zip(wanted[::2], wanted[1::2])
    return [word for pair in pairs if f"{re.split(r'[.=[]', pair[1])[1]}:" in own for word in pair]


def to_and_back(told, *wanted):
    told["to"] = moved("upgrade", lambda: helm("upgrade", CHART, *wanted, *WAIT, patience=330))
    told["back"] = moved("rollback", lambda: helm("rollback", *WAIT, patience=330))
    told["audit"] = audit("".join((OUT / f"{way}-{where}.history").read_text() for way in ("upgrade", "rollback") for where in ("inside", "outside")))
    failed = sum(way[where]["failed"] for way in (told["to"], told["back"]) for where in ("inside", "outside"))
    told["failed"] = failed
    if failed:
        raise Failed(f"{failed} calls failed")


def moved(name, go, seconds=int(os.environ.get("UPGRADE_SECONDS", "150")), rate=os.environ.get("UPGRADE_RATE", "5")):
    loads = [*SYSTEMS, "--rate", rate, "--seconds", str(seconds)]
    inside = under_way(lambda: Inside(f"{name}-inside", NOW, *loads))
    outside = under_way(lambda: Outside(f"{name}-outside", *loads))
    versions = Versions()
    versions.start()
    begun = time.monotonic()
    go()
    took = round(time.monotonic() - begun, 1)
    under_load = inside.runs() and outside.runs()
    summary, history = inside.result(seconds + 120)
    (OUT / f"{name}-inside.history").write_text(history)
    told = {"took_s": took, "inside": raw(summary), "outside": raw(outside.result(seconds + 120)[0])}
    versions.stop.set()
    versions.join(10)
    deployed = [own["metadata"]["labels"]["app.kubernetes.io/component"] for own in read("deployments", "--selector", CONTEXTS)["items"]]
    told["contexts"] = len(deployed)
    told["both_versions"] = sum(len(versions.seen.get(component, ())) == 2 for component in deployed)
    told["both_at_once"] = sum(component in versions.both for component in deployed)
    if not under_load:
        raise Failed(f"the load ended before the {name} did: {json.dumps(told)}")
    if told["both_versions"] != len(deployed):
        raise Failed(f"not every context was seen in both versions: {json.dumps(told)}")
    return told


def under_way(begin, tries=3):
    """A load whose customers order: one that could not set its scene on a machine that is full is begun again."""
    for _ in range(tries):
        load = begin()
        time.sleep(8)
        if load.runs():
            return load
    load.result(10)
    raise Failed("the load ended at once")
