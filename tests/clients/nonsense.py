"""Nonsense for every operation of every document: bodies that half fit their schemas, odd queries, ids that exist and ids
that do not. Whatever comes, the answer is one that the document declares, and never a failure of ours."""

import json
import os
import random
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

BASE = os.environ["SEATRIAL_BASE_URL"]
ROUNDS = 12
KEY = {"X-SHIPMATE-API-KEY": "sm_test_12345abcde-1234-5678-90ab-abcdef0123456", "Content-Type": "application/json"}
WORDS = ["US", "GB", "CA", "Ada", "a@b.co", "2026-11-21", "M5V 2T6", "DE1 1EE", "10", "DPDNEXT", "usps", "1 Street"]
ODD_TEXTS = ["", "a", "🦀", "x" * 300, "2026-13-45", "null", "../../x", "%00", "{{7*7}}", "'; drop", "\u0000"]
ODD_NUMBERS = [0, -1, 2**31, 2**63, -(2**63), 1e308, 0.1, 1e-9]
ODD_BODIES = [b"{", b"\xff\xfe", b"[]", b"nul", b""]
IDS = ["object_id", "uuid", "id", "consignment_reference", "shipment_reference", "tracking_reference", "shipId", "reference", "sku"]


def call(method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, str, bytes]:
    """Status, notes and body."""
    request = urllib.request.Request(BASE + target, method=method, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get("seatrial-notes", ""), answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("seatrial-notes", ""), answer.read()


def nonsense(depth: int = 0) -> Any:
    kind = random.randrange(6 if depth < 4 else 4)
    if kind == 0:
        return random.choice([None, True, False])
    if kind == 1:
        return random.choice(ODD_NUMBERS)
    if kind < 4:
        return random.choice(ODD_TEXTS)
    if kind == 4:
        return [nonsense(depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(["name", "id", "parcels", "0", ""]): nonsense(depth + 1) for _ in range(random.randrange(4))}


def sample(schema: Any, document: dict[str, Any], depth: int = 0) -> Any:
    """A value that mostly fits a schema."""
    while isinstance(schema, dict) and "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].split("/")[1:]:
            target = target[step.replace("~1", "/").replace("~0", "~")]
        schema = target
    if not isinstance(schema, dict) or random.random() < 0.12 or depth > 6:
        return nonsense(depth)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return sample(random.choice(schema[choice]), document, depth + 1)
    if "allOf" in schema:
        parts = [sample(part, document, depth + 1) for part in schema["allOf"]]
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    if "enum" in schema:
        return random.choice(schema["enum"])
    kind = schema.get("type", "object")
    if kind == "object":
        required = schema.get("required", [])
        members = schema.get("properties", {}).items()
        return {name: sample(member, document, depth + 1) for name, member in members if name in required or random.random() < 0.5}
    if kind == "array":
        return [sample(schema.get("items", {}), document, depth + 1) for _ in range(random.randrange(3))]
    fitting = {"integer": [1, 3, 40], "number": [1, 2.5, 30], "boolean": [True, False]}
    return random.choice(fitting.get(kind, WORDS))


def ids(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [str(value[name]) for name in IDS if isinstance(value.get(name), (str, int))]
        return own + [found for member in value.values() for found in ids(member)]
    return [found for row in value[:3] for found in ids(row)] if isinstance(value, list) else []


def logins() -> dict[str, dict[str, str]]:
    login = json.dumps({"username": "test@shipmate.co.uk", "password": "myShipmatePassword"}).encode()
    shipmate = {**KEY, "X-SHIPMATE-TOKEN": json.loads(call("POST", "/shipmate/v1.1/tokens", KEY, login)[2])["data"]["token"]}
    login = json.dumps({"email": "you@youremail.com", "password": "password"}).encode()
    token = json.loads(call("POST", "/shiptheory/v1/token", {"Content-Type": "application/json"}, login)[2])["data"]["token"]
    credentials = {"shiptheory": f"Bearer {token}", "shiptime": "Basic c2FuZGJveDpzYW5kYm94", "shippo": "ShippoToken shippo_test_seatrial"}
    others = {vendor: {"Authorization": value, "Content-Type": "application/json"} for vendor, value in credentials.items()}
    return {"shipmate": shipmate, "shipmate_v1_2": shipmate, **others}


def body_of(operation: dict[str, Any], document: dict[str, Any]) -> bytes | None:
    request = operation.get("requestBody")
    if request is None:
        return None
    if "$ref" in request:
        request = document["components"]["requestBodies"][request["$ref"].rsplit("/", 1)[1]]
    if random.random() < 0.05:
        return random.choice(ODD_BODIES)
    media = next(iter(request["content"].values()), {})
    return json.dumps(sample(media.get("schema", {}), document)).encode()


def main() -> int:
    random.seed(7)
    failed, known = set(), {}
    for vendor, headers in logins().items():
        document = json.loads(call("GET", f"/_seatrial/specs/{vendor}.json", {})[2])
        mount, seen, count = vendor.split("_")[0], known.setdefault(vendor, ["x", "0" * 32, "..", "%00", "é"]), 0
        operations = [(path, method, row) for path, item in document["paths"].items() for method, row in item.items() if "operationId" in row]
        for _ in range(ROUNDS):
            for path, method, operation in operations:
                if operation["operationId"] == "deleteToken":
                    continue
                target = re.sub(r"\{[^}]*\}", lambda _: urllib.parse.quote(random.choice(seen), safe=""), path)
                if random.random() < 0.4:
                    name = random.choice(["page", "results", "limit", "sort", "direction", "format", "created_from"])
                    target += "?" + urllib.parse.urlencode({name: random.choice(["1", "-1", "abc", "9" * 30, "", "2026-01-01"])})
                status, notes, answer = call(method.upper(), f"/{mount}{target}", headers, body_of(operation, document))
                count += 1
                if status >= 500 or "answer-invalid" in notes or "sandbox-" in notes:
                    failed.add(f"{vendor}.{operation['operationId']}: {status} {notes} {answer[:200]!r}")
                if status < 300 and answer[:1] in (b"{", b"["):
                    known[vendor] = seen = (seen + ids(json.loads(answer)))[-40:]
        print(f"ok {vendor} {count} calls")
    for failure in sorted(failed):
        print(f"FAILED {failure}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
