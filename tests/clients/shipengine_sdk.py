"""ShipEngine's own library for Python against version 2 of ShipStation, which is the same engine under another path."""

import requests
from shipengine import ShipEngine
from shipengine.errors import ShipEngineError

from sandbox import BASE, check, equal

TO = {"name": "Ada Sample", "phone": "555-010-0199", "address_line1": "123 Example St", "city_locality": "Vista", "state_province": "CA",
      "postal_code": "92081", "country_code": "US", "address_residential_indicator": "yes"}
FROM = {**TO, "name": "Sam Sender", "address_line1": "1 Example St", "city_locality": "San Francisco", "postal_code": "94117"}
POUND = [{"weight": {"value": 1, "unit": "pound"}}]


def client(key):
    made = ShipEngine({"api_key": key, "base_uri": f"{BASE}/shipstation/", "retries": 0})
    send = made.client._send_request

    def moved(http_method, endpoint, **rest):
        return send(http_method=http_method, endpoint=endpoint.replace("v1/", "v2/", 1), **rest)

    made.client._send_request = moved
    return made


api = client("TEST_seatrial")

with check("carriers, rates and a label at one of them"):
    carriers = api.list_carriers()["carriers"]
    equal([carrier["carrier_code"] for carrier in carriers], ["stamps_com", "ups", "fedex"])
    ids = [carrier["carrier_id"] for carrier in carriers]
    rated = api.get_rates_from_shipment({"rate_options": {"carrier_ids": ids}, "shipment": {"ship_to": TO, "ship_from": FROM, "packages": POUND}})
    rates = rated["rate_response"]["rates"]
    equal(rates[0]["rate_attributes"], ["best_value"])
    label = api.create_label_from_rate_id(rates[0]["rate_id"], {"label_layout": "4x6", "label_format": "pdf"})
    equal((label["status"], label["carrier_id"]), ("completed", rates[0]["carrier_id"]))

with check("estimates of three carriers"):
    rows = api.get_rate_estimate({"carrier_ids": ids, "from_country_code": "US", "from_postal_code": "94117", "to_country_code": "US",
                                  "to_postal_code": "92081", "weight": {"value": 1, "unit": "pound"}})
    equal({row["rate_type"] for row in rows}, {"check"})

with check("a label is bought, found, followed and voided"):
    shipment = {"carrier_id": ids[0], "service_code": "usps_ground_advantage", "ship_to": TO, "ship_from": FROM, "packages": POUND}
    label = api.create_label_from_shipment({"shipment": shipment})
    equal(api.list_labels_by_tracking_number(label["tracking_number"])["total"], 1)
    equal(api.track_package_by_label_id(label["label_id"])["status_code"], "NY")
    equal(api.track_package_by_carrier_code_and_tracking_number("stamps_com", label["tracking_number"])["status_code"], "NY")
    equal(api.void_label_by_label_id(label["label_id"], {})["approved"], True)
    equal(api.void_label_by_label_id(label["label_id"], {})["reason_code"], "label_already_voided")

with check("addresses"):
    equal(api.validate_addresses([TO])[0]["status"], "verified")

with check("errors have the source, type and code of the vendor"):
    # What is refused for its key, this library takes for an answer.
    equal(client("TEST_wrong").list_carriers()["errors"][0]["message"], "Access denied.")
    for label, wanted in [("bad", ("business_rules", "unspecified", "id parameter is in the wrong format")),
                          ("se-1", ("business_rules", "invalid_identifier", "Invalid label_id."))]:
        try:
            api.track_package_by_label_id(label)
            raise AssertionError("nothing was refused")
        except ShipEngineError as error:
            equal((error.error_type, error.error_code, error.message), wanted)

with check("limits are those of the vendor"):
    scenario = requests.put(f"{BASE}/_seatrial/sandboxes/default/scenario", json={"rate_limits": "vendor"}, timeout=10)
    equal(scenario.status_code, 200)
    for _ in range(20):
        api.list_carriers()
    # Its own class for this takes the seconds in the header for a number, which they are not: what it retries is an error of the system.
    try:
        api.list_carriers()
        raise AssertionError("nothing was refused")
    except ShipEngineError as error:
        equal((error.error_type, error.error_code), ("system", "unspecified"))
