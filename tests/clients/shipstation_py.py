"""The library `shipstation` for Python against version 1, which sends every value as a text and has no setting for the address."""

import json
from decimal import Decimal

import requests
from shipstation.api import ShipStation, ShipStationAddress, ShipStationContainer, ShipStationItem, ShipStationOrder, ShipStationWeight

from sandbox import BASE, answer, check, equal

KEYS = ("seatrial", "seatrial-secret")
HOST = f"{BASE}/shipstation"

api = ShipStation(key=KEYS[0], secret=KEYS[1])
api.url = HOST


def order(number):
    made = ShipStationOrder(order_key=f"py-{number}", order_number=f"PY-{number}")
    made.set_status("awaiting_shipment")
    made.set_customer_details(username="alex", email="alex@example.com")
    address = ShipStationAddress(name="Alex Harbour", street1="14 Mooring Lane", city="Austin", state="TX", postal_code="78701", country="US")
    made.set_billing_address(address)
    made.set_shipping_address(address)
    item = ShipStationItem(key="1", sku="ROPE", name="Rope", quantity=2, unit_price=Decimal("12.50"))
    item.set_weight(ShipStationWeight(units="ounces", value=8))
    made.add_item(item)
    box = ShipStationContainer(units="inches", length=7, width=5, height=6)
    box.set_weight(ShipStationWeight(units="ounces", value=2))
    made.set_dimensions(box)
    return made


with check("orders whose values are all texts are taken"):
    for number in range(3):
        api.add_order(order(number))
    api.submit_orders()
    found = answer(requests.get(f"{HOST}/orders", auth=KEYS, params={"orderNumber": "PY-"}, timeout=10))
    equal(found["total"], 3)
    first = found["orders"][0]
    equal((first["items"][0]["quantity"], first["items"][0]["unitPrice"], first["orderTotal"]), (2, 12.5, 25))
    equal(first["weight"], {"value": 18, "units": "ounces", "WeightUnits": 1})
    equal(first["dimensions"], {"units": "inches", "length": 7, "width": 5, "height": 6})
    equal(first["shipTo"]["residential"], None)

with check("what it sends is a replacement the second time"):
    body = json.dumps(order(0).as_dict())
    changed = answer(requests.post(f"{HOST}/orders/createorder", auth=KEYS, data=body, headers={"content-type": "application/json"}, timeout=10))
    equal(changed["orderKey"], "py-0")
    equal(answer(requests.get(f"{HOST}/orders", auth=KEYS, timeout=10))["total"], 3)
