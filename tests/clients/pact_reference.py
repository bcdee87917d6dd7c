"""Pact with its reference implementation: a journal that was written as a Pact is verified by its verifier, and a Pact that its consumer
side wrote is verified by ours."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

# It would tell its makers that it was used.
os.environ["PACT_DO_NOT_TRACK"] = "true"

from pact import Pact, Verifier, match  # noqa: E402

BASE = os.environ["SEATRIAL_BASE_URL"]
BINARY = os.environ.get("SEATRIAL_BINARY", "target/quick/seatrial")
TOKEN = "ShippoToken shippo_test_seatrial"
ADDRESS = {"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
PARCEL = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
failed = 0


def check(name: str, holds: bool, found: object = "") -> None:
    global failed
    print(f"{'ok' if holds else 'not ok'} {name}{'' if holds else f': {found}'}")
    failed += not holds


def call(method: str, target: str, body: object = None, kind: str = "application/json") -> int:
    data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
    headers = {"Authorization": TOKEN, "Content-Type": kind}
    request = urllib.request.Request(target, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as answer:
        return answer.code


def seatrial(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BINARY, "contract", "pact", *arguments, "--url", BASE], capture_output=True, text=True, check=False)


def set_state(state: str, parameters: object = None) -> None:
    """Puts the sandbox under the scenario that a state names."""
    call("PUT", f"{BASE}/_seatrial/sandboxes/default/scenario", f"name: {state or 'default'}\n", "application/yaml")


with tempfile.TemporaryDirectory() as folder:
    shop = Path(folder, "shop-shippo.json")
    calls = [
        ("POST", "/addresses", ADDRESS, 201),
        ("POST", "/parcels", PARCEL, 201),
        ("POST", "/shipments", {"address_from": ADDRESS, "address_to": ADDRESS, "parcels": [PARCEL], "async": False}, 201),
        ("GET", "/carrier_accounts?page=1&results=3", None, 200),
        ("GET", "/addresses/nothing", None, 404),
    ]
    for method, path, body, status in calls:
        found = call(method, f"{BASE}/shippo{path}", body)
        check(f"{method} {path} answers {status}", found == status, found)
    exported = seatrial("export", "--consumer", "shop", "--provider", "shippo", "--output", str(shop))
    check("the journal is written as a Pact", exported.returncode == 0, exported.stderr)
    verifier = Verifier("shippo", host="127.0.0.1").add_transport(url=f"{BASE}/shippo").add_custom_header("Authorization", TOKEN)
    verifier = verifier.state_handler(set_state, teardown=False).add_source(shop)
    try:
        verifier.verify()
        check("the reference verifier agrees with it", True)
    except Exception as error:  # It says which interactions fail in its output.
        check("the reference verifier agrees with it", False, f"{error}\n{verifier.output(strip_ansi=True)}")
    own = seatrial("verify", str(shop), "--header", f"Authorization: {TOKEN}")
    check("ours agrees with it", own.returncode == 0 and "5 passed, 0 failed" in own.stdout, own.stdout + own.stderr)

    for version in ["V3", "V4"]:
        pact = Pact("web", "shippo").with_specification(version)
        (
            pact.upon_receiving("an address is made")
            .given("default")
            .with_request("POST", "/addresses")
            .with_header("Authorization", TOKEN)
            .with_body(ADDRESS, content_type="application/json")
            .will_respond_with(201)
            .with_body({"object_id": match.regex("0" * 32, regex="^[0-9a-f]{32}$"), "name": "Ada", "is_complete": match.bool(True)})
        )
        (
            pact.upon_receiving("addresses are listed")
            .given("default")
            .with_request("GET", "/addresses")
            .with_query_parameter("results", "2")
            .with_header("Authorization", TOKEN)
            .will_respond_with(200)
            .with_body({"results": match.each_like({"object_id": match.str("x")}, min=0)})
        )
        with pact.serve() as server:
            call("POST", f"{server.url}/addresses", ADDRESS)
            call("GET", f"{server.url}/addresses?results=2")
        file = Path(folder, f"web-{version}.json")
        file.write_text("{}")
        pact.write_file(folder, overwrite=True)
        Path(folder, "web-shippo.json").rename(file)
        verified = seatrial("verify", str(file))
        check(f"a Pact of {version} is verified", verified.returncode == 0 and "2 passed" in verified.stdout, verified.stdout + verified.stderr)
        wrong = file.read_text().replace('"Ada"', '"Eve"').replace("201", "202")
        file.write_text(wrong)
        verified = seatrial("verify", str(file))
        check(f"a wrong Pact of {version} is not", verified.returncode == 1 and "expected 202" in verified.stdout, verified.stdout)

sys.exit(1 if failed else 0)
