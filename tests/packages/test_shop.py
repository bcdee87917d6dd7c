"""A suite that needs nothing but `pip install seatrial pytest`."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

HOME = {"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
PARCEL = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}


class Shop:
    """The program under test. It knows an address and a token, and not whose they are."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def post(self, path, body):
        headers = {"Authorization": f"ShippoToken {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def buy_label(self):
        rates = self.post("/shipments", {"address_from": HOME, "address_to": HOME, "parcels": [PARCEL], "async": False})["rates"]
        rate = next(rate["object_id"] for rate in rates if rate["provider"] == "USPS")
        return self.post("/transactions", {"rate": rate, "async": False})["tracking_number"]


@pytest.fixture
def shop(seatrial):
    return Shop(seatrial.url("shippo"), seatrial.credential("shippo", "token"))


def test_a_label_is_bought(shop, seatrial):
    number = shop.buy_label()
    assert seatrial.parcels.get(number).status != "delivered"


def test_a_parcel_arrives_within_ten_days(shop, seatrial):
    number = shop.buy_label()
    seatrial.clock.advance("240h")
    assert seatrial.parcels.get(number).status == "delivered"


@pytest.mark.seatrial(expect=[{"call": "shippo.CreateTransaction", "count": 2}])
def test_a_busy_carrier_is_asked_again(shop, seatrial):
    with seatrial.fault("busy", on="shippo.CreateTransaction", fault=503, times=1):
        with pytest.raises(HTTPError, match="503"):
            shop.buy_label()
    assert shop.buy_label()
