"""Labels that the vendors hand out as PDF: pypdf opens them, and Poppler finds the tracking number on the page."""

import base64
import io
import subprocess

import pypdf
import requests

from sandbox import BASE, answer, check, equal


def pages(pdf):
    assert pdf.startswith(b"%PDF-"), f"no PDF: {pdf[:40]!r}"
    return len(pypdf.PdfReader(io.BytesIO(pdf), strict=True).pages)


def text(pdf):
    """The words on the label without the spaces between them, since numbers are printed in groups."""
    reader = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    assert not reader.stderr, f"Poppler complains: {reader.stderr.decode()}"
    return "".join(reader.stdout.decode().split())


def shows(pdf, tracking_number):
    assert tracking_number in text(pdf), f"{tracking_number} is not on the label"


def shippo():
    api = requests.Session()
    api.headers["Authorization"] = "ShippoToken shippo_test_seatrial"
    sender = {"name": "Sam Quay", "street1": "215 Clayton St", "city": "San Francisco", "state": "CA",
              "zip": "94117", "country": "US", "phone": "4155550101", "email": "sam@example.com"}
    receiver = {"name": "Alex Harbour", "street1": "965 Mission St", "city": "San Francisco", "state": "CA",
                "zip": "94103", "country": "US", "phone": "4155550102", "email": "alex@example.com"}
    parcel = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
    shipment = {"address_from": sender, "address_to": receiver, "parcels": [parcel], "async": False}
    rates = answer(api.post(f"{BASE}/shippo/shipments/", json=shipment, timeout=10), 201)["rates"]
    # A new account may buy USPS labels at once; other carriers want to be registered first.
    rate = next(rate for rate in rates if rate["provider"] == "USPS")
    order = {"rate": rate["object_id"], "label_file_type": "PDF", "async": False}
    bought = answer(api.post(f"{BASE}/shippo/transactions/", json=order, timeout=10), 201)
    equal(bought["status"], "SUCCESS")
    # Signed links carry no credential of the caller.
    return requests.get(bought["label_url"], timeout=10).content, bought["tracking_number"]


def shiptheory():
    api = requests.Session()
    login = {"email": "you@youremail.com", "password": "password"}
    token = answer(api.post(f"{BASE}/shiptheory/v1/token", json=login, timeout=10))["data"]["token"]
    api.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
    receiver = {"firstname": "Alex", "lastname": "Harbour", "address_line_1": "14 Mooring Lane", "city": "Bristol",
                "postcode": "BS2 3AP", "country": "GB"}
    shipment = {"reference": "ROPE-1", "reference2": "ORDER-1", "recipient": receiver,
                "shipment_detail": {"weight": 2.5, "parcels": 1, "value": 135.18}}
    booked = answer(api.post(f"{BASE}/shiptheory/v1/shipments", json=shipment, timeout=10))
    seen = answer(api.get(f"{BASE}/shiptheory/v1/shipments/ROPE-1", timeout=10))
    return base64.b64decode(seen["label"], validate=True), booked["carrier_result"]["tracking"]


def shiptime():
    api = requests.Session()
    api.auth = ("sandbox", "sandbox")
    sender = {"companyName": "Quay Supplies", "streetAddress": "100 King St W", "city": "Toronto", "countryCode": "CA",
              "state": "ON", "postalCode": "M5X 1A1", "attention": "Sam Quay", "phone": "416 555 0101"}
    receiver = {"companyName": "Harbour Goods", "streetAddress": "800 Macleod Trail SE", "city": "Calgary",
                "countryCode": "CA", "state": "AB", "postalCode": "T2G 2M3", "attention": "Alex Harbour",
                "phone": "403 555 0102"}
    request = {"from": sender, "to": receiver, "packageType": "PACKAGE", "unitOfMeasurement": "IMPERIAL",
               "lineItems": [{"length": 10, "width": 10, "height": 10, "weight": 2}], "shipDate": "2030-01-07"}
    quotes = answer(api.post(f"{BASE}/shiptime/rest/rates/", json=request, timeout=10))["availableRates"]
    order = {"quoteId": quotes[0]["quoteId"]}
    shipped = answer(api.post(f"{BASE}/shiptime/rest/shipments/", json=order, timeout=10))
    label = api.get(shipped["labelUrl"], headers={"Accept": "application/pdf"}, timeout=10)
    return label.content, shipped["trackingNumbers"][0]


for vendor in (shippo, shiptheory, shiptime):
    with check(f"a {vendor.__name__} label is a PDF with its tracking number"):
        pdf, tracking_number = vendor()
        equal(pages(pdf), 1)
        shows(pdf, tracking_number)
