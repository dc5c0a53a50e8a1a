"""The steps of the cluster test that have load on the mesh: atomic, liveness, trouble, siege, autoscaling, policies."""

import json
import os
import time

from cluster_kit import (
    CHART, CONTEXTS, NEXT, NOW, OUT, OWN, RELEASE, SYSTEMS, WAIT, Failed, audit, helm, kubectl, ops, read, say, tagged, until, values,
)
from cluster_pods import Inside, raw


def atomic(told):
    """An upgrade that cannot come up, under bookings: one context ends as soon as it starts. Helm takes all of it back by itself."""
    wrong = values(tagged(NEXT), "services.cinema-booking.settings.YEMAE_SIMULATOR=perhaps")
    before, ran = revision(), images()
    inside = Inside("atomic", NOW, *SYSTEMS, "--rate", "5", "--seconds", "200")
    time.sleep(5)
    begun = time.monotonic()
    try:
        helm("upgrade", CHART, *wrong, "--wait", "--atomic", "--timeout", "75s", patience=400)
        raise Failed("an upgrade whose context cannot start came through")
    except Failed as why:
        if "came through" in str(why):
            raise
        told["helm"] = next((line for line in reversed(str(why).splitlines()) if "rolled back" in line or "Error" in line), str(why)[-300:])
    told["took_s"] = round(time.monotonic() - begun, 1)
    told["ready_again_s"] = at_rest("rolled back")
    told["under_load"] = inside.runs()
    told["images"], told["revisions"] = sorted(images()), f"{before} to {revision()}"
    summary, history = inside.result(330)
    told["load"] = raw(summary)
    told["audit"] = audit(history)
    if images() != ran or told["load"]["failed"] or not told["under_load"] or "rolled back" not in told["helm"]:
        raise Failed(f"{told['load']['failed']} calls failed, the images are {told['images']} after {sorted(ran)}, and helm said {told['helm']}")


def images():
    return {own["spec"]["template"]["spec"]["containers"][0]["image"] for own in read("deployments", "--selector", OWN)["items"]}


def revision():
    return json.loads(helm("history", "--output", "json", "--max", "1"))[-1]["revision"]


def liveness(told, name="payment"):
    """One of two replicas says that it lives no more, and serves on: the kubelet starts it anew, and nobody's call is lost."""
    helm("upgrade", CHART, *values(f"services.{name}.autoscaling.minReplicas=2"), *WAIT, patience=330)
    until(f"two replicas of {name}", 60, lambda: replicas(name) == 2)
    inside = Inside("liveness", NOW, "--rate", "5", "--seconds", "100", "--system", "cinema")
    time.sleep(5)
    pods = read("pods", "--selector", component(name))["items"]
    unwell = pods[0]["metadata"]["name"]
    begun = time.monotonic()
    kubectl("exec", unwell, "--", "/yemae", "unwell")
    restarts = lambda: started(unwell)["restartCount"] == 1  # noqa: E731
    until(f"{unwell} is not ready", 60, lambda: not started(unwell)["ready"])
    told["not_ready_after_s"] = round(time.monotonic() - begun, 1)
    until(f"{unwell} is started again", 120, lambda: restarts() and started(unwell)["ready"])
    told["started_again_after_s"] = round(time.monotonic() - begun, 1)
    told["exit_code"] = started(unwell)["lastState"]["terminated"]["exitCode"]
    told["others_started_again"] = sum(started(own["metadata"]["name"])["restartCount"] for own in pods[1:])
    told["under_load"] = inside.runs()
    summary, history = inside.result(200)
    told["load"] = raw(summary)
    told["audit"] = audit(history)
    helm("upgrade", CHART, *values(), *WAIT, patience=330)
    if told["load"]["failed"] or not told["under_load"]:
        raise Failed(f"{told['load']['failed']} calls failed; under load to the end: {told['under_load']}")


def started(name):
    return read("pod", name)["status"]["containerStatuses"][0]


def at_rest(what, seconds=180):
    """Every pod that should be there is ready; answers after how many seconds."""
    begun = time.monotonic()

    def look():
        all_ = read("deployments,statefulsets", "--selector", OWN)["items"]
        ready = [own["status"].get("readyReplicas", 0) >= own["spec"]["replicas"] for own in all_]
        now = [own["status"].get("observedGeneration", 0) >= own["metadata"]["generation"] for own in all_]
        return all(ready) and all(now)

    until(f"{what}: everything is ready again", seconds, look)
    return round(time.monotonic() - begun, 1)


def delete(*selector):
    kubectl("delete", "pods", *selector, "--wait=false")


def killed(selector):
    kubectl("delete", "pods", "--selector", selector, "--grace-period=0", "--force")


def component(name):
    return f"{OWN},app.kubernetes.io/component={name}"


def away(*names):
    """To nothing, and back after a while."""
    for name in names:
        kubectl("scale", f"deploy/{RELEASE}-{name}", "--replicas=0")
    time.sleep(12)
    for name in names:
        kubectl("scale", f"deploy/{RELEASE}-{name}", "--replicas=1")


EVENTS = {
    "a pod killed (payment)": lambda: killed(component("payment")),
    "a pod killed (cinema-booking)": lambda: killed(component("cinema-booking")),
    "NATS killed": lambda: killed(component("nats")),
    "PostgreSQL restarted": lambda: delete("--selector", component("postgresql")),
    "contexts at 0 and back (payment, mypage, cinema-ticket)": lambda: away("payment", "mypage", "cinema-ticket"),
    "all pods of the mesh deleted": lambda: delete("--selector", CONTEXTS),
    "all pods deleted, the stores' too": lambda: delete("--selector", OWN),
}


def trouble(told, seconds=int(os.environ.get("TROUBLE_SECONDS", "300"))):
    """One harm after the other while customers order, repeat, cancel and go on; then nothing may be lost."""
    inside = Inside("trouble", NOW, *SYSTEMS, "--clients", "4", "--seconds", str(seconds))
    time.sleep(5)
    told["ready_again_s"] = {}
    for event, harm in EVENTS.items():
        say(f"  {event}")
        harm()
        time.sleep(3)
        told["ready_again_s"][event] = at_rest(event)
        time.sleep(5)
    told["under_load"] = inside.runs()
    summary, history = inside.result(seconds + 120)
    (OUT / "trouble.history").write_text(history)
    told["load"] = raw(summary)
    told["audit"] = audit(history)
    if not told["under_load"]:
        raise Failed("the load ended before the trouble did")


def siege(told):
    """The old systems' trial, in a pod. What each customer saw is not written down: the node's log costs what a booking does."""
    told["verdict"], _ = Inside("siege", NOW, "--siege", history=()).result(200)
    told["audit"] = audit()
    if not told["verdict"]["passed"]:
        raise Failed("the siege was not withstood")


def breaker(told):
    """The same customers while payment fails: each refusal says why."""
    behaves('{"behavior": {"latencyMin": "0.4s", "latencyMax": "0.62s", "down": true}}')
    try:
        summary, history = Inside("breaker", NOW, "--rate", "50", "--seconds", "20", "--system", "cinema").result(120)
    finally:
        behaves('{"behavior": {}}')
    told["load"] = raw(summary)
    refused = [json.loads(line) for line in history.splitlines()]
    reasons = {}
    for own in refused:
        if own["outcome"] != "ok":
            reasons[own["reason"]] = reasons.get(own["reason"], 0) + 1
    told["reasons"] = reasons
    # Without the history: an audit does not believe one in which nothing was booked.
    told["audit"] = audit()
    nameless = [reason for reason in reasons if not reason.isupper()]
    if nameless:
        raise Failed(f"refusals without a reason of ours: {nameless}")


def behaves(behavior):
    """What the simulated payment does; each replica has its own, and there is one."""
    ops("call", "SetBehavior", behavior, "--as", "cluster-test", "--role", "admin", "--server", f"http://{RELEASE}-payment:50051")


def replicas(name):
    return read("deployment", f"{RELEASE}-{name}")["status"].get("readyReplicas", 0)


def autoscaling(told, names=("cinema-booking", "cinema-ticket", "payment", "mypage")):
    """From one replica under load, and back, without a failed call; who follows events does nothing twice meanwhile."""
    own = [f"services.{name}.autoscaling.{what}" for name in names for what in ("cpu=20m", "scaleDownSeconds=15")]
    helm("upgrade", CHART, *values(*own), *WAIT, patience=330)
    until("one replica of each", 60, lambda: all(replicas(name) == 1 for name in names))
    most, begun, down = dict.fromkeys(names, 1), time.monotonic(), None
    all_along = Inside("steady", NOW, "--rate", "2", "--seconds", "130", "--system", "cinema")
    high = Inside("high", NOW, "--rate", "30", "--seconds", "40", "--system", "cinema")
    while time.monotonic() - begun < 125:
        now = {name: replicas(name) for name in names}
        if max(most.values()) == 1 and max(now.values()) > 1:
            told["second_after_s"] = round(time.monotonic() - begun, 1)
        most = {name: max(most[name], now[name]) for name in names}
        if time.monotonic() - begun > 60 and set(now.values()) == {1} and max(most.values()) > 1:
            down = round(time.monotonic() - begun, 1)
            break
        time.sleep(2)
    told.update(most=most, one_again_after_s=down)
    first, history = high.result(120)
    second, more = all_along.result(200)
    told["high"], told["steady"] = raw(first), raw(second)
    told["failed"] = told["high"]["failed"] + told["steady"]["failed"]
    told["audit"] = audit(history + more)
    helm("upgrade", CHART, *values(), *WAIT, patience=330)
    if min(most.values()) < 2 or down is None or told["failed"]:
        raise Failed(f"most {most}, back {down}, failed {told['failed']}")


def policies(told, names=("cinema-ticket", "mypage", "notification", "payment")):
    """Who follows events, from one to four and back while they come: nothing twice."""
    inside = Inside("policies", NOW, "--rate", "10", "--seconds", "100", "--system", "cinema")
    time.sleep(5)
    for number in (4, 1):
        for name in names:
            wanted = json.dumps({"spec": {"minReplicas": number, "maxReplicas": max(number, 1)}})
            kubectl("patch", "hpa", f"{RELEASE}-{name}", "--patch", wanted)
        until(f"{number} replicas", 90, lambda: all(replicas(name) == number for name in names))
        told[f"{number}_after_s"] = at_rest(f"{number} replicas")
        time.sleep(10)
    told["under_load"] = inside.runs()
    summary, history = inside.result(200)
    told["load"] = raw(summary)
    told["audit"] = audit(history)
    helm("upgrade", CHART, *values(), *WAIT, patience=330)
    if not told["under_load"] or told["load"]["failed"]:
        raise Failed(f"{told['load']['failed']} calls failed; under load to the end: {told['under_load']}")
