"""Schemathesis draws calls from our documents and holds the server's answers against them: nothing may be told but what
`schemathesis.yaml` lists with reasons.

`SEATRIAL_SCHEMATHESIS_EXAMPLES` is how many calls it draws for each operation and phase (5). Its reports are in
`target/schemathesis/`.
"""

import fnmatch
import json
import os
import pathlib
import subprocess
import sys

import requests
import yaml

from sandbox import BASE, answer, check

HERE = pathlib.Path(__file__).parent
REPORTS = pathlib.Path("target/schemathesis")
EXAMPLES = os.environ.get("SEATRIAL_SCHEMATHESIS_EXAMPLES", "5")
SHIPMATE_KEY = "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"


def sandbox(name):
    """A sandbox of its own for each vendor: the base URLs and the credentials of it."""
    return answer(requests.post(f"{BASE}/_seatrial/sandboxes", json={"name": name, "seed": 42}, timeout=10), 201)


def shippo(url, rows):
    return [f"Authorization: ShippoToken {next(row['token'] for row in rows if row['mode'] == 'test')}"]


def shiptime(url, rows):
    row = next(row for row in rows if "username" in row)
    return [basic(row["username"], row["password"])]


def shipstation_v1(url, rows):
    row = next(row for row in rows if "key" in row)
    return [basic(row["key"], row["secret"])]


def shipstation_v2(url, rows):
    return [f"api-key: {next(row['api_key'] for row in rows if 'api_key' in row)}"]


def shiptheory(url, rows):
    login = {"email": rows[0]["email"], "password": rows[0]["password"]}
    return [f"Authorization: Bearer {answer(requests.post(f'{url}/v1/token', json=login, timeout=10))['data']['token']}"]


def shipmate(url, rows):
    key = {"X-SHIPMATE-API-KEY": rows[0]["api_key"]}
    login = {"username": rows[0]["username"], "password": rows[0]["password"]}
    token = answer(requests.post(f"{url}/v1.1/tokens", json=login, headers=key, timeout=10))["data"]["token"]
    return [f"X-SHIPMATE-API-KEY: {rows[0]['api_key']}", f"X-SHIPMATE-TOKEN: {token}"]


def basic(user, password):
    return f"Authorization: {requests.auth._basic_auth_str(user, password)}"


# The document, the mount that it is served at, and how its calls are let in.
VENDORS = [
    ("shippo", "shippo", shippo),
    ("shiptime", "shiptime", shiptime),
    ("shiptheory", "shiptheory", shiptheory),
    ("shipmate", "shipmate", shipmate),
    ("shipmate_v1_2", "shipmate", shipmate),
    ("shipstation_v1", "shipstation", shipstation_v1),
    ("shipstation_v2", "shipstation", shipstation_v2),
]


def run(vendor, mount, let_in):
    """Every failure that Schemathesis tells, as (code, operation)."""
    made = sandbox(f"schemathesis-{vendor.replace('_', '-')}")
    url = made["urls"][mount]
    report = REPORTS / f"{vendor}.json"
    command = [pathlib.Path(sys.executable).parent / "st", "run", f"{BASE}/_seatrial/specs/{vendor}", "--url", url]
    command += ["--seed", "1", "--max-examples", EXAMPLES, "--no-color", "--report", "json", "--report-json-path", report]
    # It ends a session that the other calls need; and so do calls without credentials to what logs in.
    command += ["--exclude-operation-id", "deleteToken", "--warnings", "off", "--request-timeout", "30"]
    for header in let_in(url, made["credentials"][mount]):
        command += ["--header", header]
    environment = {
        **os.environ,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(REPORTS / "hypothesis"),
        "PYTHONPATH": str(HERE),
        "SCHEMATHESIS_HOOKS": "sandbox.schemathesis_formats",
    }
    with open(REPORTS / f"{vendor}.log", "wb") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, timeout=1800)
    told = json.loads(report.read_text())
    assert told["complete"] and told["operations"]["tested"] > 0, f"it did not run to its end: {told['stop_reason']}"
    assert not told["errors"], f"errors: {told['errors']}"
    return [(row["code"], operation) for row in told["failures"] for operation in row["operations"]]


def fits(row, vendor, code, operation):
    return row["vendor"] == vendor and row["code"] == code and any(fnmatch.fnmatchcase(operation, glob) for glob in row["operations"])


REPORTS.mkdir(parents=True, exist_ok=True)
LIST = yaml.safe_load((HERE / "schemathesis.yaml").read_text())["exceptions"]
ONLY = os.environ.get("SEATRIAL_SCHEMATHESIS_ONLY")

for vendor, mount, let_in in VENDORS:
    if ONLY and vendor not in ONLY.split(","):
        continue
    with check(f"Schemathesis finds nothing new in {vendor}"):
        failures = run(vendor, mount, let_in)
        new = [f"{code} {operation}" for code, operation in failures if not any(fits(row, vendor, code, operation) for row in LIST)]
        listed = len(failures) - len(new)
        print(f"{vendor}: {len(failures)} failures, {listed} of them listed")
        assert not new, f"see {REPORTS / vendor}.log: " + "; ".join(new)

with check("every exception has a reason, a vendor and operations"):
    for row in LIST:
        assert set(row) == {"vendor", "code", "operations", "reason"} and row["reason"].strip(), row
        assert row["vendor"] in [vendor for vendor, _, _ in VENDORS], row
