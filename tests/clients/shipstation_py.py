"""The library `shipstation` for Python against version 1, which sends every value as a text, has no setting for the address, and
prints what it reads instead of returning it."""

import ast
import contextlib
import datetime
import io
import json
from decimal import Decimal

import requests
from shipstation.api import (
    ShipStation,
    ShipStationAddress,
    ShipStationContainer,
    ShipStationCustomsItem,
    ShipStationInternationalOptions,
    ShipStationItem,
    ShipStationOrder,
    ShipStationWeight,
)

from sandbox import BASE, answer, check, equal

KEYS = ("seatrial", "seatrial-secret")
HOST = f"{BASE}/shipstation"

api = ShipStation(key=KEYS[0], secret=KEYS[1], debug=True)
api.url = HOST


def printed(call, *arguments, **named):
    """What a call of the library printed, one value for each answer."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*arguments, **named)
    values, text = [], ""
    for line in out.getvalue().splitlines(keepends=True):
        text += line
        with contextlib.suppress(SyntaxError):
            values.append(ast.literal_eval(text))
            text = ""
    equal(text, "")
    return values


def fetched(**parameters):
    (page,) = printed(api.fetch_orders, parameters=parameters)
    return page


def numbers(page):
    return [row["orderNumber"] for row in page["orders"]]


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
    made = printed(api.submit_orders)
    equal([row["orderNumber"] for row in made], [row.order_number for row in api.get_orders()])
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

with check("every filter of its list finds what it should"):
    today = datetime.date.today()
    days = {"start": (today - datetime.timedelta(days=2)).isoformat(), "end": (today + datetime.timedelta(days=2)).isoformat()}
    equal(numbers(fetched()), ["PY-0", "PY-1", "PY-2"])
    found = {
        "customer_name": "harbour", "item_keyword": "rope", "order_number": "PY-", "order_status": "awaiting_shipment",
        "create_date_start": days["start"], "create_date_end": days["end"], "modify_date_start": days["start"],
        "modify_date_end": days["end"], "order_date_start": days["start"], "order_date_end": days["end"],
    }
    missed = {
        "customer_name": "nobody", "item_keyword": "anchor", "order_number": "NO-", "order_status": "shipped", "store_id": "1",
        "create_date_start": days["end"], "create_date_end": days["start"], "modify_date_start": days["end"],
        "modify_date_end": days["start"], "order_date_start": days["end"], "order_date_end": days["start"],
        "payment_date_start": days["start"], "payment_date_end": days["end"],
    }
    for name, value in found.items():
        equal((name, fetched(**{name: value})["total"]), (name, 3))
    for name, value in missed.items():
        equal((name, fetched(**{name: value})["total"]), (name, 0))
    page = fetched(sort_by="OrderDate", sort_dir="DESC", page="2", page_size="2")
    equal((numbers(page), page["total"], page["page"], page["pages"]), (["PY-1"], 3, 2, 2))  # PY-0 was sent last, with the latest date
    equal(set(ShipStation.ORDER_LIST_PARAMETERS) - set(found) - set(missed), {"sort_by", "sort_dir", "page", "page_size"})

with check("what goes abroad, a date and a container arrive"):
    abroad = order(7)
    options = ShipStationInternationalOptions(contents="merchandise", non_delivery="treat_as_abandoned")
    options.add_customs_item(
        ShipStationCustomsItem(description="Rope", quantity=2, value=Decimal("12.50"), harmonized_tariff_code="5607", country_of_origin="US")
    )
    equal(len(options.get_items()), 1)
    abroad.set_international_options(options)
    abroad.set_order_date("2026-01-04T10:00:00")
    (made,) = printed(api.post, endpoint="/orders/createorder", data=json.dumps(abroad.as_dict()))
    equal(made["orderDate"], abroad.get_order_date() + ".0000000")
    equal((made["internationalOptions"]["contents"], made["internationalOptions"]["nonDelivery"]), ("merchandise", "treat_as_abandoned"))
    (item,) = made["internationalOptions"]["customsItems"]
    equal((item["quantity"], item["value"], item["harmonizedTariffCode"], item["countryOfOrigin"]), (2, 12.5, "5607", "US"))
    (page,) = printed(api.get, endpoint="/orders", payload={"orderNumber": "PY-7"})
    equal(page["orders"], [made])

with check("each status that it knows is taken"):
    for status in ShipStationOrder.ORDER_STATUS_VALUES:
        stated = order(status)
        stated.set_status(status)
        (made,) = printed(api.post, endpoint="/orders/createorder", data=json.dumps(stated.as_dict()))
        equal(made["orderStatus"], status)
        equal(fetched(order_status=status, order_number="PY-" + status[:4])["total"], 1)

with check("what is wrong is told by the server's words"):
    nameless = order(8)
    nameless.set_shipping_address(ShipStationAddress(street1="14 Mooring Lane"))
    (refused,) = printed(api.post, endpoint="/orders/createorder", data=json.dumps(nameless.as_dict()))
    equal(refused, {"Message": "'Ship Name' must not be empty."})
    stranger = ShipStation(key="nobody", secret="knows", debug=True)
    stranger.url = HOST
    (refused,) = printed(stranger.fetch_orders)
    equal(refused, {"Message": "Authorization has been denied for this request."})
    (many,) = printed(api.post, endpoint="/orders/createorders", data=json.dumps([order(8).as_dict(), nameless.as_dict()]))
    equal((many["hasErrors"], [row["success"] for row in many["results"]]), (True, [True, False]))
