"""Labels and documents of all vendors, in all formats, for a dozen shipments that are hard to print: each is opened by programs that are
not ours, and every bar code says what the carrier scans."""

import base64

import requests

from sandbox import BASE, advance, answer, check, equal, printed

LONG = "Wilhelmina-Charlotte von Hohenfels-Langenburg zu Sonnenberg"


def place(name, street, city, state, code, country, second=""):
    return {"name": name, "street": street, "second": second, "city": city, "state": state, "zip": code, "country": country}


# Who, where to, how many pounds in how many parcels.
SHIPMENTS = {
    "usual": (place("Alex Harbour", "965 Mission St", "San Francisco", "CA", "94103", "US", "Suite 480"), 2, 1),
    "long": (place(LONG, "123456 Northwest Old Saint Augustine Boulevard Ext.", "Seattle", "WA", "98101", "US",
                   "Building 17, third floor, ring twice, at the dock"), 2, 1),
    "accents": (place("Zoë Müller-Größmann", "Rue de l'Église 12", "Montréal", "QC", "H2X 1Y4", "CA"), 2, 1),
    "polish": (place("Łukasz Żółć", "ul. Świętokrzyska 12", "Łódź", "", "90-001", "PL"), 2, 1),
    "greek": (place("Γιώργος Παπαδόπουλος", "Οδός Ερμού 15", "Αθήνα", "", "10563", "GR"), 2, 1),
    "cyrillic": (place("Иван Петров", "бул. Витоша 7", "София", "", "1000", "BG"), 2, 1),
    "japanese": (place("山田 太郎", "千代田区丸の内1-2-3", "東京都", "", "100-0005", "JP"), 2, 1),
    "korean": (place("홍길동", "중구 세종대로 110", "서울특별시", "", "04524", "KR"), 2, 1),
    "heavy": (place("Robin O'Neill & Sons", "100 Main St", "Denver", "CO", "80202", "US"), 30, 1),
    "pieces": (place("Terry Fox", "200 Elm St", "Austin", "TX", "78701", "US"), 2, 3),
    "britain": (place("Sam Quay", "14 Mooring Lane", "Bristol", "", "BS2 3AP", "GB"), 2, 1),
    "signs": (place("A ^FD \\ ~ _ % (B) C", "1 {Curly} #7 <b>", "Boston", "MA", "02108", "US"), 2, 1),
    "fits": (place(LONG, "123456 Northwest Saint Augustine Bl", "Seattle", "WA", "98101", "US", "Building 17, third floor, the docks"), 2, 1),
}


# -- Shippo ----------------------------------------------------------------------------------------------------------------------------

FILES = {"PNG": ("png", "4x6"), "PNG_2.3x7.5": ("png", "2.3x7.5"), "PDF": ("pdf", "letter"), "PDF_2.3x7.5": ("pdf", "2.3x7.5"),
         "PDF_4x6": ("pdf", "4x6"), "PDF_4x8": ("pdf", "4x8"), "PDF_A4": ("pdf", "A4"), "PDF_A5": ("pdf", "A5"), "PDF_A6": ("pdf", "A6"),
         "ZPLII": ("zpl", "4x6")}
SENDER = {"name": "Sam Quay", "company": "Quay Supplies", "street1": "215 Clayton St", "city": "San Francisco", "state": "CA",
          "zip": "94117", "country": "US", "phone": "4155550101", "email": "sam@example.com"}
CUSTOMS = {"certify": True, "certify_signer": "Sam Quay", "contents_type": "MERCHANDISE", "non_delivery_option": "RETURN",
           "items": [{"description": "Mooring rope", "quantity": 2, "net_weight": "1", "mass_unit": "lb", "value_amount": "40",
                      "value_currency": "USD", "origin_country": "US", "tariff_number": "560750"}]}

shippo = requests.Session()
shippo.headers["Authorization"] = "ShippoToken shippo_test_seatrial"


def shippo_rates(shipment, **more):
    to, pounds, pieces = SHIPMENTS[shipment]
    parcel = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": str(pounds), "mass_unit": "lb"}
    receiver = {"name": to["name"], "street1": to["street"], "street2": to["second"], "city": to["city"], "state": to["state"],
                "zip": to["zip"], "country": to["country"], "phone": "4155550102", "email": "alex@example.com"}
    body = {"address_from": SENDER, "address_to": receiver, "parcels": [parcel] * pieces, "async": False,
            "extra": {"bypass_address_validation": True, "reference_1": "ORDER-1001"}, **more}
    if to["country"] != "US":
        body.setdefault("customs_declaration", CUSTOMS)
    rates = answer(shippo.post(f"{BASE}/shippo/shipments/", json=body, timeout=30), 201)["rates"]
    found = {}
    for rate in rates:
        found.setdefault(rate["provider"], rate)
    return found


def shippo_buy(rate, file_type):
    order = {"rate": rate["object_id"], "label_file_type": file_type, "async": False}
    bought = answer(shippo.post(f"{BASE}/shippo/transactions/", json=order, timeout=30), 201)
    equal([bought["status"], bought["messages"]], ["SUCCESS", []])
    return bought


def download(url):
    # Signed links carry no credential of the caller.
    response = requests.get(url, timeout=30)
    equal(response.status_code, 200)
    return response.content


def scanned_by(provider, number, to):
    """What the tracking bar code of a carrier says."""
    if provider == "USPS" and number.isdigit():
        return f"420{to['zip'][:5]}{number}" if to["country"] == "US" else number
    if provider == "FedEx":
        return f"9622001900000000000000{number}"
    return number


def look_at_shippo(shipment, provider, rate, file_type):
    to = SHIPMENTS[shipment][0]
    bought = shippo_buy(rate, file_type)
    language, size = FILES[file_type]
    number, name = bought["tracking_number"], f"shippo-{provider.lower()}-{shipment}-{file_type}"
    data, code = download(bought["label_url"]), scanned_by(provider, number, to)
    says = [number, to["name"], to["street"]]
    # A post declares on the label what crosses the border; who has no invoice has no border.
    abroad = provider == "USPS" and to["country"] != "US"
    equal(bool(bought["commercial_invoice_url"]), to["country"] != "US")
    if abroad:
        says += ["CUSTOMS DECLARATION CN 22", "2 x Mooring rope", "560750 US"]
    if language == "pdf":
        (page,) = printed.pdf(name, data, size, 1, says)
        printed.scans(page, number, code)
    elif language == "png":
        page = printed.png(name, data, size, 300)
        printed.scans(page, number, code)
    else:
        latin = [number] if shipment in ("japanese", "korean", "signs") else says
        printed.zpl(name, data.decode(), says=latin)
        return [(name, number, code)]
    if provider == "UPS" and size == "4x6":
        assert number[10:] in printed.maxicode(page), "the MaxiCode does not say the number"
    return []


programs = []
for shipment in SHIPMENTS:
    with check(f"Shippo, {shipment}: every file type has its size and says what it should"):
        rates = shippo_rates(shipment)
        # FedEx sells no label of a line that is longer than 35 characters.
        carriers = ("USPS", "UPS", "FedEx") if len(SHIPMENTS[shipment][0]["street"]) <= 35 else ("USPS", "UPS")
        chosen = {provider: rates[provider] for provider in carriers if provider in rates}
        assert chosen, f"nobody quotes: {list(rates)}"
        for index, file_type in enumerate(FILES):
            provider = sorted(chosen)[index % len(chosen)]
            # Every carrier on label paper, and each file type with one of them.
            for each in sorted(chosen) if file_type in ("PDF_4x6", "ZPLII") else [provider]:
                programs += look_at_shippo(shipment, each, chosen[each], file_type)

with check("Shippo: a printer prints the programs, and the codes are read from paper"):
    pages = printed.printed([name for name, _, _ in programs])
    for (name, number, code), page in zip(programs, pages):
        printed.scans(page, number, code)

with check("Shippo: invoice, QR code and merged files"):
    rate = shippo_rates("accents", extra={"qr_code_requested": True})["USPS"]
    bought = shippo_buy(rate, "PDF_A6")
    printed.pdf("shippo-invoice", download(bought["commercial_invoice_url"]), "letter", 1,
                ["COMMERCIAL INVOICE", "Mooring rope", "40.00 USD", bought["tracking_number"], "Zoë Müller-Größmann"])
    # More goods than a label has room for, worth more than a small form takes.
    many = [{**CUSTOMS["items"][0], "description": f"Rope {number}", "value_amount": "200"} for number in range(1, 13)]
    rate = shippo_rates("polish", customs_declaration={**CUSTOMS, "items": many})["USPS"]
    declared = shippo_buy(rate, "PDF_4x6")
    printed.pdf("shippo-customs-many", download(declared["label_url"]), "4x6", 1, ["CUSTOMS DECLARATION CN 23", "Rope 1", "2400.00 USD", "more"])
    printed.pdf("shippo-invoice-many", download(declared["commercial_invoice_url"]), "letter", 2,
                ["COMMERCIAL INVOICE", "CUSTOMS DECLARATION CN 23", "Rope 12", "2400.00 USD"])
    (page,) = printed.pdf("shippo-qr-code", download(bought["qr_code_url"]), "A6", 1, [bought["tracking_number"]])
    printed.scans(page, bought["tracking_number"], bought["tracking_number"])


# -- ShipTime --------------------------------------------------------------------------------------------------------------------------

shiptime = requests.Session()
shiptime.auth = ("sandbox", "sandbox")


def shiptime_address(city, state, code, country, street="100 King St W", company="Quay Supplies", name="Sam Quay"):
    return {"companyName": company, "streetAddress": street, "city": city, "countryCode": country, "state": state,
            "postalCode": code, "attention": name, "phone": "416 555 0101"}


SHIPTIME = {
    "usual": (shiptime_address("Calgary", "AB", "T2G 2M3", "CA"), 1),
    "accents": (shiptime_address("Montreal", "QC", "H2X 1Y4", "CA", "12 rue de l'Église", "Société Générale Éclair", "Zoë Müller"), 1),
    "pieces": (shiptime_address("Calgary", "AB", "T2G 2M3", "CA"), 3),
    "long": (shiptime_address("Calgary", "AB", "T2G 2M3", "CA", "123456 Northwest Old Saint Augustine Boulevard Ext", LONG[:40], LONG[:40]), 1),
    "abroad": (shiptime_address("Buffalo", "NY", "14202", "US"), 1),
    "abroad-long": (shiptime_address("Seattle", "WA", "98101", "US", "123456 Northwest Old Saint Augustine Blvd", LONG[:40], LONG[:40]), 1),
    "polish": (shiptime_address("Vancouver", "BC", "V6B 1A1", "CA", "ul. Świętokrzyska 12", "Łódź Sp. z o.o.", "Łukasz Żółć"), 1),
    "greek": (shiptime_address("Halifax", "NS", "B3H 1A1", "CA", "Οδός Ερμού 15", "Αθήνα", "Γιώργος Παπαδόπουλος"), 1),
    "cyrillic": (shiptime_address("Winnipeg", "MB", "R3C 1A1", "CA", "бул. Витоша 7", "София", "Иван Петров"), 1),
    "japanese": (shiptime_address("Ottawa", "ON", "K1A 0B1", "CA", "千代田区丸の内1-2-3", "東京都", "山田 太郎"), 1),
    "korean": (shiptime_address("Regina", "SK", "S4P 1A1", "CA", "중구 세종대로 110", "서울특별시", "홍길동"), 1),
    "signs": (shiptime_address("Whitehorse", "YT", "Y1A 1A1", "CA", "1 {Curly} #7 <b>", "A ^FD ~ _ %", "(B) C"), 1),
    "heavy": (shiptime_address("Hamilton", "ON", "L8P 1A1", "CA"), 1),
}

for shipment, (to, pieces) in SHIPTIME.items():
    with check(f"ShipTime, {shipment}: the labels of every carrier, a page for each piece"):
        request = {"from": shiptime_address("Toronto", "ON", "M5X 1A1", "CA"), "to": to, "packageType": "PACKAGE",
                   "unitOfMeasurement": "IMPERIAL", "lineItems": [{"length": 10, "width": 10, "height": 10, "weight": 30 if shipment == "heavy" else 2}] * pieces,
                   "shipDate": "2030-01-07"}
        if to["countryCode"] != "CA":
            request["customsInvoice"] = {
                "dutiesAndTaxes": {"dutiable": True, "paidBy": "SHIPPER"}, "currency": "CAD", "reasonForExport": "COMMERCIAL",
                "invoiceItems": [{"quantity": 2, "code": "610910", "description": "T-shirt", "origin": "CA", "provinceOrState": "ON",
                                  "unitPrice": 1500, "weight": 0.5}]}
        quotes = answer(shiptime.post(f"{BASE}/shiptime/rest/rates/", json=request, timeout=30))["availableRates"]
        carriers = {quote["carrierName"]: quote for quote in quotes}
        for carrier, quote in carriers.items():
            shipped = answer(shiptime.post(f"{BASE}/shiptime/rest/shipments/", json={"quoteId": quote["quoteId"]}, timeout=30))
            numbers = shipped["trackingNumbers"]
            label = shiptime.get(shipped["labelUrl"], headers={"Accept": "application/pdf"}, timeout=30).content
            says = [*numbers, to["attention"], to["streetAddress"]]
            if carrier == "Canada Post" and "customsInvoice" in request:
                says += ["CUSTOMS DECLARATION CN 22", "2 x T-shirt", "30.00 CAD"]
            pages = printed.pdf(f"shiptime-{carrier.lower().replace(' ', '-')}-{shipment}", label, "4x6", pieces, says)
            for number, page in zip(numbers, pages):
                printed.scans(page, number)
            if "invoiceUrl" in shipped:
                invoice = shiptime.get(shipped["invoiceUrl"], headers={"Accept": "application/json"}, timeout=30).json()
                printed.pdf(f"shiptime-invoice-{carrier.lower()}", base64.b64decode(invoice, validate=True), "letter", 1,
                            ["COMMERCIAL INVOICE", "T-shirt", "30.00 CAD"])


# -- Shiptheory ------------------------------------------------------------------------------------------------------------------------

shiptheory = requests.Session()
login = {"email": "you@youremail.com", "password": "password"}
token = answer(shiptheory.post(f"{BASE}/shiptheory/v1/token", json=login, timeout=10))["data"]["token"]
shiptheory.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})

with check("Shiptheory: every service of every carrier, with return labels and customs forms"):
    services = answer(shiptheory.get(f"{BASE}/shiptheory/v1/services", timeout=10))
    rows = services if isinstance(services, list) else services.get("services", services)
    looked = 0
    for index, shipment in enumerate(SHIPMENTS):
        to, _, pieces = SHIPMENTS[shipment]
        first, _, last = to["name"].partition(" ")
        receiver = {"firstname": first[:40], "lastname": last[:60] or "-", "address_line_1": to["street"], "address_line_2": to["second"],
                    "city": to["city"], "postcode": to["zip"], "country": to["country"], "telephone": "01174960000"}
        receiver = {name: value for name, value in receiver.items() if value}
        body = {"reference": f"LABEL-{index}", "reference2": f"ORDER-{index}", "recipient": receiver,
                "shipment_detail": {"weight": 1.5, "parcels": pieces, "value": 135.18, "rules_metadata": "with-return"},
                "products": [{"name": "Mooring rope", "sku": "ROPE", "qty": 2, "value": 40, "weight": 0.5, "commodity_code": "560750"}]}
        booked = answer(shiptheory.post(f"{BASE}/shiptheory/v1/shipments", json=body, timeout=30))
        equal([shipment, booked["status"]], [shipment, "Complete"])
        seen = answer(shiptheory.get(f"{BASE}/shiptheory/v1/shipments/LABEL-{index}", timeout=30))
        number = booked["carrier_result"]["tracking"]
        # The return label that the rule encloses, or the form for customs.
        label = base64.b64decode(seen["label"], validate=True)
        pages = printed.pdf(f"shiptheory-{shipment}", label, "4x6", pieces + 1, [number, to["street"]])
        for page in pages[:pieces]:
            printed.scans(page, number)
        looked += 1
    equal(looked, len(SHIPMENTS))
    wish = {"outgoing_reference": "LABEL-10", "delivery_postcode": "BS2 3AP", "return_service": 100}
    wish["expiry"] = answer(requests.get(f"{BASE}/_seatrial/sandboxes/default/clock", timeout=10))["now"][:10]
    back = answer(shiptheory.post(f"{BASE}/shiptheory/v1/returns", json=wish, timeout=30))
    (page,) = printed.pdf("shiptheory-return", base64.b64decode(back["label"], validate=True), "4x6", 1, ["RETURN", back["tracking"]])
    printed.scans(page, back["tracking"], back["tracking"])
    picked = answer(shiptheory.post(f"{BASE}/shiptheory/v1/picking_lists/download", json={"shipments": [{"reference_1": "LABEL-0"}]}, timeout=30))
    printed.pdf("shiptheory-picking-list", base64.b64decode(picked["pdf"], validate=True), "A4", 1, ["Picking list", "Mooring rope", "ROPE"])


# -- Shipmate --------------------------------------------------------------------------------------------------------------------------

shipmate = requests.Session()
shipmate.headers["X-SHIPMATE-API-KEY"] = "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"
login = {"username": "test@shipmate.co.uk", "password": "myShipmatePassword"}
shipmate.headers["X-SHIPMATE-TOKEN"] = answer(shipmate.post(f"{BASE}/shipmate/v1.1/tokens", json=login, timeout=10))["data"]["token"]
ITEM = {"short_description": "Rope", "full_description": "Mooring rope", "harmonised_code": "5607500000", "country_of_origin": "GB", "item_value": 20,
        "item_quantity": 2}
SERVICES = ["DPDNEXT", "DPDLOCALNEXT", "PARCELNEXT", "RMSPECIAL", "PF24", "DHLNEXT", "YODEL24", "DEMO"]

programs = []
for index, shipment in enumerate(SHIPMENTS):
    with check(f"Shipmate, {shipment}: PDF, PNG and ZPL"):
        to, _, pieces = SHIPMENTS[shipment]
        reference, abroad = f"LABEL{index}", to["country"] != "GB"
        body = {"consignment_reference": reference, "service_key": "DEMO" if abroad else "DPDNEXT", "delivery_instructions": "Leave in the porch",
                "to_address": {"name": to["name"][:40], "line_1": to["street"][:40], "line_2": to["second"][:40], "city": to["city"], "postcode": to["zip"],
                               "country": to["country"]},
                "parcels": [{"reference": f"{reference}-{piece}", "weight": 900, "width": 20, "length": 10, "depth": 15, "value": 40,
                             **({"items": [ITEM]} if abroad else {})} for piece in range(1, pieces + 1)]}
        booked = answer(shipmate.post(f"{BASE}/shipmate/v1.1/consignments", json=body, timeout=30), 201)["data"]
        equal(len(booked), pieces)
        number = booked[-1]["tracking_reference"]
        rows = {kind: answer(shipmate.get(f"{BASE}/shipmate/v1.1/parcels/{number}/label?format={kind}", timeout=30))["data"][0]
                for kind in ("PDF", "PNG", "ZPL")}
        says = [number, to["name"][:40], to["street"][:40], f"{pieces} of {pieces}", "0.90kg", f"{reference}-{pieces}", "Leave in the porch"]
        (page,) = printed.pdf(f"shipmate-{shipment}", base64.b64decode(rows["PDF"]["pdf"], validate=True), "4x6", 1, says)
        printed.scans(page, number)
        printed.scans(printed.png(f"shipmate-{shipment}", base64.b64decode(rows["PNG"]["png"], validate=True), "4x6", 203), number)
        program = rows["ZPL"]["zpl"]
        assert program.startswith("CT~~CD,~CC^~CT~\n^XA\n"), program[:40]
        printed.zpl(f"shipmate-{shipment}", program, says=[number] if shipment in ("japanese", "korean", "signs") else says)
        programs.append((f"shipmate-{shipment}", number))

with check("Shipmate: the labels of every carrier"):
    for index, service in enumerate(SERVICES):
        to = SHIPMENTS["britain"][0]
        body = {"consignment_reference": f"CARRIER{index}", "service_key": service,
                "to_address": {"name": to["name"], "line_1": to["street"], "city": to["city"], "postcode": to["zip"], "country": "GB"},
                "parcels": [{"reference": f"CARRIER{index}-1", "weight": 1900, "width": 20, "length": 10, "depth": 15, "value": 40}]}
        (booked,) = answer(shipmate.post(f"{BASE}/shipmate/v1.1/consignments", json=body, timeout=30), 201)["data"]
        printed.zpl(f"shipmate-{service}", booked["zpl"], says=[booked["tracking_reference"], to["name"]])
        programs.append((f"shipmate-{service}", booked["tracking_reference"]))

with check("Shipmate: a printer prints the programs, and the codes are read from paper"):
    for (name, number), page in zip(programs, printed.printed([name for name, _ in programs])):
        printed.scans(page, number)


# -- ShipStation -----------------------------------------------------------------------------------------------------------------------

v1, v2 = requests.Session(), requests.Session()
v1.auth = ("seatrial", "seatrial-secret")
v2.headers["api-key"] = "seatrial-live"
SERVICES = {"US": {"stamps_com": "usps_priority_mail", "ups": "ups_ground", "fedex": "fedex_ground"},
            "abroad": {"stamps_com": "usps_priority_mail_international", "ups": "ups_worldwide_saver", "fedex": "fedex_international_priority"}}
CARRIERS = {"stamps_com": "se-128005", "ups": "se-266492", "fedex": "se-143514"}
LAYOUTS = {"4x6": "4x6", "letter": "letter", "A4": "A4", "A6": "A6"}
# Documented: letters beyond Latin are question marks.
FOREIGN = ("greek", "cyrillic", "japanese", "korean")


def today():
    return answer(requests.get(f"{BASE}/_seatrial/sandboxes/default/clock", timeout=10))["now"][:10]


def calm(session, method, path, status=200, **more):
    """Calls, a minute later where there were too many calls."""
    response = session.request(method, path if path.startswith("http") else f"{BASE}/shipstation{path}", timeout=30, **more)
    if response.status_code == 429:
        advance("61s")
        return calm(session, method, path, status, **more)
    assert response.status_code == status, f"status {response.status_code}: {response.text[:400]}"
    return response


def forms(name, file, carrier, number):
    """The forms of a label that crosses a border."""
    says = ["COMMERCIAL INVOICE", "Mooring rope", "40.00 USD", number]
    printed.pdf(name, file, "letter", 2 if carrier == "stamps_com" else 1, says + (["CUSTOMS DECLARATION CN 22"] if carrier == "stamps_com" else []))


for shipment in SHIPMENTS:
    to, pounds, pieces = SHIPMENTS[shipment]
    services = SERVICES["US" if to["country"] == "US" else "abroad"]
    text = [] if shipment in FOREIGN else [to["name"], to["street"]]
    calm(v1, "POST", "/carriers/addfunds", json={"carrierCode": "stamps_com", "amount": 1000})
    with check(f"ShipStation V1, {shipment}: labels of every carrier, and forms for customs"):
        for carrier, service in services.items():
            body = {"carrierCode": carrier, "serviceCode": service, "packageCode": "package", "shipDate": today(), "weight": {"value": pounds, "units": "pounds"},
                    "shipFrom": {"name": "Sam Quay", "street1": "215 Clayton St", "city": "San Francisco", "state": "CA", "postalCode": "94117", "country": "US"},
                    "shipTo": {"name": to["name"], "street1": to["street"], "street2": to["second"], "city": to["city"], "state": to["state"],
                               "postalCode": to["zip"], "country": to["country"]}}
            if to["country"] != "US":
                goods = {"description": "Mooring rope", "quantity": 2, "value": 40, "harmonizedTariffCode": "560750", "countryOfOrigin": "US"}
                body["internationalOptions"] = {"contents": "merchandise", "nonDelivery": "return_to_sender", "customsItems": [goods]}
            bought = calm(v1, "POST", "/shipments/createlabel", json=body).json()
            number = bought["trackingNumber"]
            (page,) = printed.pdf(f"shipstation1-{carrier}-{shipment}", base64.b64decode(bought["labelData"], validate=True), "4x6", 1, [number, *text])
            printed.scans(page, number)
            equal(bought["formData"] is None, to["country"] == "US")
            if bought["formData"]:
                forms(f"shipstation1-{carrier}-{shipment}-form", base64.b64decode(bought["formData"], validate=True), carrier, number)
    with check(f"ShipStation V2, {shipment}: every layout and format, a page for each package, and forms for customs"):
        for index, (layout, size) in enumerate(LAYOUTS.items()):
            carrier = "ups" if pieces > 1 else sorted(services)[index % len(services)]
            packages = [{"weight": {"value": pounds, "unit": "pound"}}] * pieces
            shipped = {"carrier_id": CARRIERS[carrier], "service_code": services[carrier], "packages": packages,
                       "ship_from": {"name": "Sam Quay", "phone": "4155550101", "address_line1": "215 Clayton St", "city_locality": "San Francisco",
                                     "state_province": "CA", "postal_code": "94117", "country_code": "US"},
                       "ship_to": {"name": to["name"], "phone": "4155550102", "address_line1": to["street"], "address_line2": to["second"],
                                   "city_locality": to["city"], "state_province": to["state"], "postal_code": to["zip"], "country_code": to["country"]}}
            if to["country"] != "US":
                goods = {"description": "Mooring rope", "quantity": 2, "value": {"currency": "usd", "amount": 20}, "harmonized_tariff_code": "560750",
                         "country_of_origin": "US"}
                shipped["customs"] = {"contents": "merchandise", "non_delivery": "return_to_sender", "customs_items": [goods]}
            bought = calm(v2, "POST", "/v2/labels", json={"label_layout": layout, "shipment": shipped}).json()
            number, name, links = bought["tracking_number"], f"shipstation2-{carrier}-{shipment}-{layout}", bought["label_download"]
            numbers = [package["tracking_number"] for package in bought["packages"]]
            equal(len(set(numbers)), pieces)
            pages = printed.pdf(name, calm(v2, "GET", links["pdf"]).content, size, pieces, text if pieces > 1 else [number, *text])
            for page, own in zip(pages, numbers, strict=True):
                printed.scans(page, own)
            printed.scans(printed.png(name, calm(v2, "GET", links["png"]).content, size, 203), number)
            if layout == "4x6":
                printed.zpl(name, calm(v2, "GET", links["zpl"]).text, says=[number] if shipment == "signs" else [number, *text])
            if pieces > 1:
                second = calm(v2, "GET", bought["packages"][1]["label_download"]["pdf"]).content
                printed.pdf(f"{name}-second", second, size, 1, [numbers[1], f"2 OF {pieces}"])
            equal(bought["form_download"] is None, to["country"] == "US")
            if bought["form_download"]:
                forms(f"{name}-form", calm(v2, "GET", bought["form_download"]["href"]).content, carrier, number)
    with check(f"ShipStation V2, {shipment}: a manifest is a sheet that can be scanned"):
        if carrier == "ups":
            calm(v2, "POST", "/v2/manifests", 400, json={"label_ids": [bought["label_id"]]})
            continue
        made = calm(v2, "POST", "/v2/manifests", json={"label_ids": [bought["label_id"]]}).json()["manifests"][0]
        (page,) = printed.pdf(f"shipstation2-manifest-{shipment}", calm(v2, "GET", made["manifest_download"]["href"]).content, "letter", 1,
                              ["SCAN Form" if carrier == "stamps_com" else "Manifest", made["submission_id"], number])
        printed.scans(page, made["submission_id"])

with check("ShipStation V2: a code that a counter prints the label for"):
    to = SHIPMENTS["usual"][0]
    shipped["ship_to"] = {"name": to["name"], "phone": "4155550102", "address_line1": to["street"], "city_locality": to["city"], "state_province": to["state"],
                          "postal_code": to["zip"], "country_code": to["country"]}
    shipped = {**shipped, "carrier_id": CARRIERS["stamps_com"], "service_code": SERVICES["US"]["stamps_com"]}
    bought = calm(v2, "POST", "/v2/labels", json={"display_scheme": "qr_code", "shipment": shipped}).json()
    (page,) = printed.pdf("shipstation2-qr-code", calm(v2, "GET", bought["qr_code_download"]["href"]).content, "4x6", 1, [bought["tracking_number"]])
    printed.scans(page, bought["tracking_number"], bought["tracking_number"])
