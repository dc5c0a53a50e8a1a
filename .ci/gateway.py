#!/usr/bin/env python3
"""Checks the gateway's documents, then calls every route of a mesh of its own with thousands of requests made of them.

The OpenAPI document goes through a validator, and so do its examples. The AsyncAPI document does if npm is there to fetch the
schema. Then schemathesis makes requests that keep the document's rules and requests that break one, and compares what comes
back with what the document says. At the end the mesh is audited. Arguments are handed on to schemathesis.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools" / "gateway"
YEMAE = ROOT / "target" / "debug" / "yemae"
ASYNCAPI = "@asyncapi/specs@6.11.1"
ROLES = ["customer", "staff", "owner", "rep", "installer", "driver", "admin"]
# All headers of a request with its first line are 16 KiB at most; the token is among them.
LONGEST = 12 * 1024
# A request that keeps the rules may still be refused, by the state of things: no schema says that.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "broken_rules",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
]


def main(arguments):
    python = tools()
    if Path(sys.prefix).resolve() != TOOLS.resolve():
        os.execv(python, [python, __file__, *arguments])
    with tempfile.TemporaryDirectory(prefix="yemae-") as data:
        mesh, at = start(Path(data))
        try:
            faults = openapi(read(f"{at}/openapi.json")) + asyncapi(read(f"{at}/asyncapi.json"))
            if faults:
                sys.exit("\n".join(faults))
            code = requests(at, token(data), arguments)
            audit = [YEMAE, "audit", "--quiet", "--wait", "120s", "--data", data]
            code = subprocess.run(audit).returncode or code
        finally:
            mesh.send_signal(signal.SIGINT)
            mesh.wait()
    sys.exit(code)


def tools():
    """A virtual environment of the packages in gateway.txt; made again when that file has changed."""
    wanted = (ROOT / ".ci" / "gateway.txt").read_text()
    stamp, python = TOOLS / "stamp", TOOLS / "bin" / "python3"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(TOOLS, ignore_errors=True)
        run = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run([sys.executable, "-m", "venv", TOOLS], **run)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", ROOT / ".ci" / "gateway.txt"], **run)
        stamp.write_text(wanted)
    return str(python)


def start(data):
    """A mesh of its own with demo data, and where its gateway is. One caller is everybody here: no limits."""
    log = data / "log"
    free = {f"YEMAE_GATEWAY_RATE_{kind}": "0/0" for kind in ("WRITES", "READS", "ADDRESS")}
    command = [YEMAE, "up", "--demo", "--listen", "127.0.0.1:0", "--data", data]
    mesh = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, env={**os.environ, **free})
    until = time.monotonic() + 60
    while time.monotonic() < until and mesh.poll() is None:
        found = re.search(r"JSON and gRPC-Web on (?:http://)?([^\s,]+)", log.read_text())
        if found:
            return mesh, "http://" + found.group(1).rstrip(".")
        time.sleep(0.1)
    mesh.kill()
    sys.exit(f"gateway: the mesh does not start, or has no gateway\n{log.read_text()}")


def token(data):
    roles = [part for role in ROLES for part in ("--role", role)]
    made = subprocess.run([YEMAE, "token", "tester", *roles, "--data", data], check=True, stdout=subprocess.PIPE)
    return made.stdout.decode().strip()


def read(url):
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


def openapi(document):
    from jsonschema_rs import Draft202012Validator
    from openapi_spec_validator import OpenAPIV31SpecValidator

    faults = [f"openapi: {fault.message[:300]}" for fault in OpenAPIV31SpecValidator(document).iter_errors()]
    examples = 0
    for place, schema, example in all_examples(document):
        # A schema's references begin at the document's root.
        whole = {"components": document["components"], "allOf": [schema]}
        found = Draft202012Validator(whole, validate_formats=True).iter_errors(example)
        faults += [f"openapi: example of {place}: {fault.message}" for fault in found]
        examples += 1
    operations = sum(len(item) for item in document["paths"].values())
    print(f"openapi: {operations} operations, {examples} examples, {len(faults)} faults", flush=True)
    return faults


def all_examples(document):
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            place = f"{verb} {path}"
            for parameter in operation["parameters"]:
                if "example" in parameter:
                    yield f"{place} {parameter['name']}", parameter["schema"], parameter["example"]
            for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for media in body.get("content", {}).values():
                    if "example" in media:
                        yield place, media["schema"], media["example"]
                    for name, example in media.get("examples", {}).items():
                        yield f"{place} {name}", media["schema"], example["value"]


def asyncapi(document):
    from jsonschema_rs import Draft7Validator

    if not shutil.which("npm"):
        print("asyncapi: not validated, for there is no npm to fetch the schema with", flush=True)
        return []
    install = ["npm", "install", "--silent", "--no-save", "--prefix", TOOLS / "npm", ASYNCAPI]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    schema = TOOLS / "npm" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    found = Draft7Validator(json.loads(schema.read_text())).iter_errors(document)
    faults = [f"asyncapi: {fault.message[:300]}" for fault in found]
    examples = 0
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", []):
            for part in ("headers", "payload"):
                whole = {"components": document["components"], "allOf": [message[part]]}
                found = Draft7Validator(whole, validate_formats=True).iter_errors(example[part])
                faults += [f"asyncapi: example of {name}: {fault.message}" for fault in found]
            examples += 1
    print(f"asyncapi: {len(document['channels'])} channels, {examples} examples, {len(faults)} faults", flush=True)
    return faults


def requests(at, bearer, arguments):
    command = [TOOLS / "bin" / "schemathesis", "run", f"{at}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {bearer}", "--checks", ",".join(CHECKS)]
    # A stream goes on for an hour; and nobody is to break the providers while others call them.
    command += ["--exclude-by", "/x-streams == true", "--exclude-operation-id-regex", "SetBehavior"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--continue-on-failure"]
    command += ["--request-timeout", "10", "--no-color", *arguments]
    # This file is its hooks, too.
    hooks = {"SCHEMATHESIS_HOOKS": Path(__file__).stem, "PYTHONPATH": str(ROOT / ".ci")}
    return subprocess.run(command, cwd=TOOLS, env={**os.environ, **hooks}).returncode


def hooks():
    import schemathesis
    from schemathesis.specs.openapi.checks import negative_data_rejection

    @schemathesis.hook
    def filter_case(context, case):
        """An address beyond what HTTP itself takes is refused before there is a route, without a word: tests/it/abuse.rs."""
        return len(urlencode(case.query or {}, doseq=True)) < LONGEST

    @schemathesis.check
    def broken_rules(context, response, case):
        """What breaks a rule is refused, save that protobuf reads null as a field that is left out."""
        if not has_null(case.body):
            negative_data_rejection(context, response, case)


def has_null(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return value is None or any(map(has_null, inner))


if os.environ.get("SCHEMATHESIS_HOOKS") == Path(__file__).stem:
    hooks()

if __name__ == "__main__":
    main(sys.argv[1:])
