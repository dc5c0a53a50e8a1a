"""Room for claims where no storage class gives any: directories on the node."""

import json

from cluster_images import POSTGRESQL
from cluster_kit import NAMESPACE, namespace, run


def volumes(told, number=12):
    """Where no storage class is the default one, some volumes on the node, and nothing in them."""
    classes = json.loads(run("kubectl", "get", "storageclasses", "--output", "json"))["items"]
    marks = [own["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") for own in classes]
    told["volumes"] = "of the default class" if "true" in marks else "directories on the node"
    if "true" in marks:
        return
    release = namespace()
    gone(f"{release}-")
    place, maker = f"/var/lib/{release}", f"{release}-volumes"
    made = " && ".join(f"mkdir -p /node/{n} && chmod 777 /node/{n}" for n in range(number))
    container = {
        "name": "make", "image": f"{POSTGRESQL}:test", "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", f"rm -rf /node/* && {made}"],
        "securityContext": {"runAsUser": 0}, "volumeMounts": [{"name": "node", "mountPath": "/node"}],
    }
    path = {"path": place, "type": "DirectoryOrCreate"}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "node", "hostPath": path}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": maker, "namespace": "default"}, "spec": spec}
    run("kubectl", "--namespace", "default", "delete", "pod", maker, "--ignore-not-found")
    run("kubectl", "apply", "--filename", "-", given=json.dumps(pod))
    done = ["--for", "jsonpath={.status.phase}=Succeeded", f"pod/{maker}", "--timeout", "60s"]
    run("kubectl", "--namespace", "default", "wait", *done, patience=70)
    run("kubectl", "--namespace", "default", "delete", "pod", maker)
    for n in range(number):
        spec = {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain"}
        spec["hostPath"] = {"path": f"{place}/{n}"}
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"{release}-{n}"}, "spec": spec}
        run("kubectl", "apply", "--filename", "-", given=json.dumps(volume))


def gone(prefix=f"{NAMESPACE}-"):
    """None of them is left. One that somebody still uses stays until he has gone."""
    for volume in json.loads(run("kubectl", "get", "persistentvolumes", "--output", "json"))["items"]:
        name = volume["metadata"]["name"]
        if name.startswith(prefix) and name[len(prefix):].split("-")[-1].isdigit():
            run("kubectl", "delete", "persistentvolume", name, patience=70)
