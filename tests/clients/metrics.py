"""The figures of `/_seatrial/metrics`, read by Prometheus' own library for Python."""

import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from sandbox import BASE, check, equal

TOKEN = {"Authorization": "ShippoToken shippo_test_seatrial"}


def families():
    answer = requests.get(f"{BASE}/_seatrial/metrics", timeout=10)
    equal(answer.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found, family, name, **labels):
    rows = [sample.value for sample in found[family].samples if sample.name == name and labels.items() <= sample.labels.items()]
    equal(len(rows), 1)
    return rows[0]


with check("an idle server has figures"):
    found = families()
    equal(found["seatrial"].type, "info")
    equal((found["seatrial_calls"].type, found["seatrial_calls"].samples), ("counter", []))
    equal(value(found, "seatrial_sandboxes", "seatrial_sandboxes"), 1)

with check("calls are counted, with how long they took"):
    for _ in range(5):
        equal(requests.get(f"{BASE}/shippo/addresses/", headers=TOKEN, timeout=10).status_code, 200)
    equal(requests.get(f"{BASE}/shippo/addresses/none", headers=TOKEN, timeout=10).status_code, 404)
    found = families()
    calls = {"vendor": "shippo", "operation": "shippo.ListAddresses", "status": "200"}
    equal(value(found, "seatrial_calls", "seatrial_calls_total", **calls), 5)
    equal(found["seatrial_call_duration_seconds"].type, "histogram")
    equal(value(found, "seatrial_call_duration_seconds", "seatrial_call_duration_seconds_count", vendor="shippo"), 6)
    equal(value(found, "seatrial_call_duration_seconds", "seatrial_call_duration_seconds_bucket", vendor="shippo", le="+Inf"), 6)
    equal(found["seatrial_documents_bytes"].unit, "bytes")
