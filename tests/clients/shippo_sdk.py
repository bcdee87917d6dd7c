"""Shippo's own library for Python: every resource, pages, errors, a label and a batch, without an answer that it cannot read.

Runs in a sandbox of its own, whose account answers parcel templates as the specification has them: what the vendor's test
mode was seen to answer in 2026 this library does not read.
"""

import datetime
import json
from urllib.parse import parse_qs, urlsplit

import requests
import shippo
from shippo.models import components as c
from shippo.models import errors
from shippo.models import operations as op

from sandbox import BASE, answer, check, equal

ACCOUNTS = {"shippo": [{"token": "shippo_test_library", "mode": "test", "published_templates": True},
                       {"token": "shippo_live_library", "mode": "live", "published_templates": True}]}
SCENARIO = {"name": "library", "accounts": ACCOUNTS}
MADE = {"name": "shippo-python", "scenario": json.dumps(SCENARIO)}
answer(requests.post(f"{BASE}/_seatrial/sandboxes", json=MADE, timeout=10), 201)

CLOCK = f"{BASE}/_seatrial/sandboxes/shippo-python/clock"
HOST = f"{BASE}/shippo"
api = shippo.Shippo(api_key_header="shippo_test_library", server_url=HOST)
live = shippo.Shippo(api_key_header="shippo_live_library", server_url=HOST)

USPS = "2c05985c735e64bdfeff181cc4c148cc"
SENDER = {"name": "Sam Quay", "street1": "215 Clayton St", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US",
          "phone": "4155550101", "email": "sam@example.com"}
RECEIVER = {"name": "Alex Harbour", "street1": "965 Mission St", "city": "San Francisco", "state": "CA", "zip": "94103", "country": "US",
            "phone": "4155550102", "email": "alex@example.com"}


def sender():
    return c.AddressCreateRequest(**SENDER)


def receiver():
    return c.AddressCreateRequest(**RECEIVER)


def parcel():
    return c.ParcelCreateRequest(length="5", width="5", height="5", distance_unit=c.DistanceUnitEnum.IN, weight="2",
                                 mass_unit=c.WeightUnitEnum.LB)


def shipment(**more):
    return c.ShipmentCreateRequest(address_from=sender(), address_to=receiver(), parcels=[parcel()], async_=False, **more)


def buy():
    rate = api.shipments.create(shipment(carrier_accounts=[USPS])).rates[0]
    bought = api.transactions.create(c.TransactionCreateRequest(rate=rate.object_id, async_=False))
    equal(bought.status, c.TransactionStatusEnum.SUCCESS)
    return rate, bought


def refused(status, call):
    """What the library raises for a refusal; the body of the answer."""
    try:
        call()
    except errors.SDKError as error:
        equal(error.status_code, status)
        return error.body
    raise AssertionError("the call was not refused")


def advance(by):
    answer(requests.post(f"{CLOCK}/advance", json={"by": by}, timeout=10))


def now():
    return datetime.datetime.fromisoformat(answer(requests.get(CLOCK, timeout=10))["now"])


def pages(listing, size):
    """All entries, as a caller walks them: until there is no next page."""
    rows, number = [], 1
    while True:
        page = listing(number, size)
        rows += page.results
        if not page.next:
            return rows
        number += 1


with check("shippo python: addresses"):
    made = api.addresses.create(sender())
    equal(api.addresses.get(made.object_id).name, "Sam Quay")
    checked = api.addresses.validate(made.object_id)
    equal((checked.validation_results.is_valid, checked.object_id != made.object_id), (True, True))

with check("shippo python: 250 addresses in pages"):
    known = {row.object_id for row in pages(api.addresses.list, 100)}
    made = {api.addresses.create(sender()).object_id for _ in range(250)}
    found = [row.object_id for row in pages(api.addresses.list, 100)]
    equal((len(found), set(found)), (250 + len(known), made | known))

with check("shippo python: parcels and templates"):
    made = api.parcels.create(parcel())
    equal((made.length, api.parcels.get(made.object_id).length), ("5", "5.0000"))
    assert made.object_id in [row.object_id for row in api.parcels.list().results]
    packaging = api.carrier_parcel_templates.list(include=op.Include.ALL).results
    assert len(packaging) > 60, len(packaging)
    equal(api.carrier_parcel_templates.get("USPS_SoftPack").carrier, "USPS")
    equal(api.user_parcel_templates.list().results, None)
    own = api.user_parcel_templates.create(c.UserParcelTemplateWithoutCarrierTemplateCreateRequest(
        name="Box", length="10", width="8", height="6", distance_unit=c.DistanceUnitEnum.IN, weight="1", weight_unit=c.WeightUnitEnum.LB))
    own = api.user_parcel_templates.update(own.object_id, c.UserParcelTemplateUpdateRequest(
        name="Smaller box", length="5", width="4", height="3", distance_unit=c.DistanceUnitEnum.IN))
    equal(api.user_parcel_templates.get(own.object_id).name, "Smaller box")
    equal(api.rates_at_checkout.update_default_parcel_template(own.object_id).result.object_id, own.object_id)
    equal(api.rates_at_checkout.get_default_parcel_template().result.name, "Smaller box")
    equal([row.object_id for row in api.user_parcel_templates.list().results], [own.object_id])
    api.rates_at_checkout.delete_default_parcel_template()
    api.user_parcel_templates.delete(own.object_id)
    equal(api.user_parcel_templates.list().results, None)

with check("shippo python: shipments and rates"):
    made = api.shipments.create(shipment())
    assert made.rates and made.messages
    equal(api.shipments.get(made.object_id).object_id, made.object_id)
    rate = api.rates.get(made.rates[0].object_id)
    equal(rate.shipment, made.object_id)
    equal(len(api.rates.list_shipment_rates(made.object_id).results), len(made.rates))
    asked = op.ListShipmentRatesByCurrencyCodeRequest(shipment_id=made.object_id, currency_code="EUR")
    equal({row.currency_local for row in api.rates.list_shipment_rates_by_currency_code(asked).results}, {"EUR"})
    since = (now() - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    equal(len(api.shipments.list(op.ListShipmentsRequest(object_created_gt=since)).results), 1)
    api.shipments.create(shipment())
    first = api.shipments.list(op.ListShipmentsRequest(results=1, page_token=""))
    token = parse_qs(urlsplit(first.next).query)["page_token"][0]
    last = api.shipments.list(op.ListShipmentsRequest(results=1, page_token=token))
    equal(([row.object_id for row in last.results], last.next), ([made.object_id], None))

with check("shippo python: a label, its refund and its manifest"):
    rate, bought = buy()
    assert requests.get(bought.label_url, timeout=10).content.startswith(b"%PDF-")
    equal(api.transactions.get(bought.object_id).tracking_number, bought.tracking_number)
    equal([row.object_id for row in api.transactions.list(op.ListTransactionsRequest(rate=rate.object_id)).results], [bought.object_id])
    manifest = api.manifests.create(c.ManifestCreateRequest(
        carrier_account=USPS, shipment_date=now().strftime("%Y-%m-%dT%H:%M:%SZ"), address_from=sender(),
        transactions=[bought.object_id], async_=False))
    equal((manifest.status, manifest.transactions), (c.ManifestStatus.SUCCESS, [bought.object_id]))
    equal(api.manifests.get(manifest.object_id).documents, manifest.documents)
    equal(len(api.manifests.list().results), 1)
    refund = api.refunds.create(transaction=bought.object_id, async_=False)
    equal(api.refunds.get(refund.object_id).transaction, bought.object_id)
    equal([row.object_id for row in api.refunds.list().results], [refund.object_id])
    equal(api.transactions.get(bought.object_id).status, c.TransactionStatusEnum.REFUNDPENDING)

with check("shippo python: a label in one call"):
    bought = api.transactions.create(c.InstantTransactionCreateRequest(
        carrier_account=USPS, servicelevel_token="usps_priority", shipment=shipment(), async_=False,
        label_file_type=c.LabelFileTypeEnum.PNG))
    equal((bought.status, bought.rate.servicelevel_token), (c.TransactionStatusEnum.SUCCESS, "usps_priority"))

with check("shippo python: a batch"):
    inside = c.BatchShipmentCreateRequest(shipment=shipment())
    made = api.batches.create(c.BatchCreateRequest(default_carrier_account=USPS, default_servicelevel_token="usps_priority",
                                                   batch_shipments=[inside, inside]))
    equal(made.status, c.BatchStatus.VALIDATING)
    advance("5s")
    seen = api.batches.get(made.object_id)
    equal((seen.status, len(seen.batch_shipments.results)), (c.BatchStatus.VALID, 2))
    equal(len(api.batches.add_shipments(made.object_id, [inside]).batch_shipments.results), 3)
    gone = seen.batch_shipments.results[0].object_id
    equal(len(api.batches.remove_shipments(made.object_id, [gone]).batch_shipments.results), 2)
    equal(api.batches.purchase(made.object_id).status, c.BatchStatus.PURCHASING)
    advance("5s")
    seen = api.batches.get(made.object_id)
    equal((seen.status, seen.object_results.purchase_succeeded), (c.BatchStatus.PURCHASED, 2))
    assert requests.get(seen.label_url[0], timeout=10).content.startswith(b"%PDF-")

with check("shippo python: customs"):
    thing = c.CustomsItemCreateRequest(description="T-Shirt", mass_unit=c.WeightUnitEnum.LB, net_weight="1", origin_country="US",
                                       quantity=2, value_amount="20", value_currency="USD")
    item = api.customs_items.create(thing)
    equal(api.customs_items.get(item.object_id).net_weight, "1.0000")
    equal(len(api.customs_items.list().results), 1)
    made = api.customs_declarations.create(c.CustomsDeclarationCreateRequest(
        certify=True, certify_signer="Sam Quay", contents_type=c.CustomsDeclarationContentsTypeEnum.MERCHANDISE, items=[thing],
        non_delivery_option=c.CustomsDeclarationNonDeliveryOptionEnum.RETURN))
    equal(api.customs_declarations.get(made.object_id).items, made.items)
    equal(len(api.customs_declarations.list().results), 1)

with check("shippo python: orders"):
    made = api.orders.create(c.OrderCreateRequest(
        placed_at="2026-01-05T09:00:00Z", to_address=receiver(), weight="0.4", weight_unit=c.WeightUnitEnum.LB,
        order_status=c.OrderStatusEnum.PAID, total_price="24.93", currency="USD",
        line_items=[c.LineItemBase(title="Hippo", sku="HM-1", quantity=1, total_price="24.93", currency="USD", weight="0.4",
                                   weight_unit=c.WeightUnitEnum.LB)]))
    equal(api.orders.get(made.object_id).weight, "0.40")
    paid = op.ListOrdersRequest(order_status=[c.OrderStatusEnum.PAID])
    equal([row.object_id for row in api.orders.list(paid).results], [made.object_id])

with check("shippo python: a label for an order"):
    made = api.orders.create(c.OrderCreateRequest(placed_at="2026-01-05T09:00:00Z", to_address=receiver(), weight="0.4",
                                                  weight_unit=c.WeightUnitEnum.LB))
    bought = api.transactions.create(c.InstantTransactionCreateRequest(
        carrier_account=USPS, servicelevel_token="usps_priority", shipment=shipment(), async_=False, order=made.object_id))
    seen = api.orders.get(made.object_id)
    equal((seen.order_status, len(seen.transactions)), (c.OrderStatusEnum.SHIPPED, 1))

with check("shippo python: a declaration with everything, and one with a word too many"):
    thing = c.CustomsItemCreateRequest(description="T-Shirt", mass_unit=c.WeightUnitEnum.LB, net_weight="1", origin_country="US",
                                       quantity=2, value_amount="20", value_currency="USD")
    whole = {"certify": True, "certify_signer": "Sam Quay", "items": [thing], "incoterm": c.CustomsDeclarationIncotermEnum.DDP,
             "contents_type": c.CustomsDeclarationContentsTypeEnum.MERCHANDISE, "eel_pfc": c.CustomsDeclarationEelPfcEnum.NOEEI_30_36,
             "non_delivery_option": c.CustomsDeclarationNonDeliveryOptionEnum.RETURN}
    made = api.customs_declarations.create(c.CustomsDeclarationCreateRequest(**whole))
    equal(api.customs_declarations.get(made.object_id).incoterm, c.CustomsDeclarationIncotermEnum.DDP)
    plain = requests.post(f"{HOST}/customs/declarations", json={"incoterm": "EXW"}, timeout=10,
                          headers={"Authorization": "ShippoToken shippo_test_library"})
    assert "incoterm" in answer(plain, 400)

with check("shippo python: a batch with an entry that cannot be shipped"):
    nowhere = c.ShipmentCreateRequest(address_from=sender(), address_to="00112233445566778899aabbccddeeff", parcels=[parcel()])
    made = api.batches.create(c.BatchCreateRequest(
        default_carrier_account=USPS, default_servicelevel_token="usps_priority",
        batch_shipments=[c.BatchShipmentCreateRequest(shipment=shipment()), c.BatchShipmentCreateRequest(shipment=nowhere)]))
    advance("5s")
    seen = api.batches.get(made.object_id)
    equal((seen.status, [row.shipment != "" for row in seen.batch_shipments.results]), (c.BatchStatus.INVALID, [True, False]))
    equal(api.batches.remove_shipments(made.object_id, [seen.batch_shipments.results[1].object_id]).status, c.BatchStatus.VALID)

with check("shippo python: pickups"):
    _, bought = buy()
    start = now() + datetime.timedelta(days=1)
    where = c.Location(address=c.AddressCompleteCreateRequest(**SENDER), building_location_type=c.BuildingLocationType.FRONT_DOOR)
    made = api.pickups.create(c.PickupBase(carrier_account=USPS, location=where, requested_start_time=start,
                                           requested_end_time=start + datetime.timedelta(hours=4), transactions=[bought.object_id]))
    equal(made.status, c.PickupStatus.CONFIRMED)

with check("shippo python: carrier accounts"):
    rows = pages(lambda page, size: api.carrier_accounts.list(op.ListCarrierAccountsRequest(page=page, results=size)), 4)
    equal(len(rows), 17)
    levels = api.carrier_accounts.list(op.ListCarrierAccountsRequest(carrier=c.CarriersEnum.USPS, service_levels=True)).results[0]
    assert levels.service_levels
    made = api.carrier_accounts.create(c.ConnectExistingOwnAccountRequest(account_id="321", carrier="fedex", parameters={}))
    changed = api.carrier_accounts.update(made.object_id, c.CarrierAccountBase(account_id="321", carrier="fedex", active=False))
    equal((changed.active, api.carrier_accounts.get(made.object_id).active), (False, False))
    status = api.carrier_accounts.get_registration_status(op.Carrier.CANADA_POST)
    equal(status.status, None)
    made = api.carrier_accounts.register(c.CarrierAccountCanadaPostCreateRequest(
        carrier="canada_post", parameters=c.CarrierAccountCanadaPostCreateParameters(
            canada_post_terms=True, company="Acme", email="a@example.com", full_name="A B", phone="1")))
    equal(api.carrier_accounts.get_registration_status(op.Carrier.CANADA_POST).status, "PENDING_TERMS")

with check("shippo python: signing in with a carrier"):
    plain = requests.get(f"{HOST}/carrier_accounts/{changed.object_id}/signin/initiate", allow_redirects=False, timeout=10,
                         params={"redirect_uri": "https://example.com"}, headers={"Authorization": "ShippoToken shippo_test_library"})
    equal(plain.status_code, 302)
    try:
        api.carrier_accounts.initiate_oauth2_signin("00112233445566778899aabbccddeeff", "https://example.com")
        raise AssertionError("an unknown account was taken")
    except errors.InitiateOauth2SigninCarrierAccountsResponseResponseBody as error:
        equal(error.title, "Not Found")

with check("shippo python: tracking"):
    seen = live.tracking_status.create(carrier="usps", tracking_number="9205590164917312751089")
    equal((seen.tracking_number, seen.tracking_history), ("9205590164917312751089", []))
    equal(live.tracking_status.get("9205590164917312751089", "usps").carrier, "usps")

with check("shippo python: the six test numbers"):
    for word in ["PRE_TRANSIT", "UNKNOWN", "TRANSIT", "FAILURE", "DELIVERED", "RETURNED"]:
        seen = api.tracking_status.get(f"SHIPPO_{word}", "shippo")
        equal((seen.tracking_status.status.value, seen.tracking_history[-1].status.value), (word, word))
        assert seen.tracking_status.object_updated, "an event without a time of its own"

with check("shippo python: a live label on its way"):
    rate = next(row for row in live.shipments.create(shipment()).rates if row.provider == "USPS")
    bought = live.transactions.create(c.TransactionCreateRequest(rate=rate.object_id, async_=False))
    advance("240h")
    seen = live.tracking_status.get(bought.tracking_number, "usps")
    equal((seen.tracking_status.status, seen.transaction), (c.TrackingStatusEnum.DELIVERED, bought.object_id))
    assert len(seen.tracking_history) > 2, seen.tracking_history
    found = live.transactions.list(op.ListTransactionsRequest(tracking_status=c.TrackingStatusEnum.DELIVERED)).results
    equal([row.object_id for row in found], [bought.object_id])

with check("shippo python: service groups and live rates"):
    groups = api.service_groups
    service = c.ServiceGroupAccountAndServiceLevel(account_object_id=USPS, service_level_token="usps_priority")
    made = groups.create(c.ServiceGroupCreateRequest(name="Flat", description="One price", type=c.ServiceGroupTypeEnum.FLAT_RATE,
                                                     flat_rate="5", flat_rate_currency="USD", service_levels=[service]))
    changed = groups.update(c.ServiceGroupUpdateRequest(
        object_id=made.object_id, name="Flat", description="Dearer", type=c.ServiceGroupTypeEnum.FLAT_RATE, flat_rate="6",
        flat_rate_currency="USD", is_active=True, service_levels=[service]))
    equal([row.description for row in groups.list()], [changed.description])
    options = api.rates_at_checkout.create(c.LiveRateCreateRequest(
        address_from=c.AddressCompleteCreateRequest(**SENDER), address_to=c.AddressCompleteCreateRequest(**RECEIVER),
        line_items=[c.LineItem(title="Hippo", quantity=1, total_price="12.10", currency="USD", weight="0.4",
                               weight_unit=c.WeightUnitEnum.LB)]))
    equal([(row.title, row.amount) for row in options.results], [("Flat", "6")])
    groups.delete(made.object_id)
    equal(groups.list(), [])

with check("shippo python: managed accounts"):
    who = c.ShippoAccountUpdateRequest(email="a@example.com", first_name="A", last_name="B", company_name="Acme")
    made = live.shippo_accounts.create(who)
    equal(live.shippo_accounts.update(made.object_id, who).object_id, made.object_id)
    equal(live.shippo_accounts.get(made.object_id).email, "a@example.com")
    equal(len(live.shippo_accounts.list().results), 1)
    equal(refused(403, lambda: api.shippo_accounts.create(who)), '"Unauthorized to create accounts"')

with check("shippo python: webhooks"):
    made = api.webhooks.create_webhook(c.WebhookUpdateRequest(event=c.WebhookEventTypeEnum.TRACK_UPDATED, url="https://example.com/a"))
    changed = api.webhooks.update_webhook(made.object_id, c.WebhookUpdateRequest(
        event=c.WebhookEventTypeEnum.BATCH_CREATED, url="https://example.com/b"))
    equal((changed.url, api.webhooks.get_webhook(made.object_id).url), ("https://example.com/b", "https://example.com/b"))
    equal(len(api.webhooks.list_webhooks().results), 1)
    api.webhooks.delete_webhook(made.object_id)
    refused(404, lambda: api.webhooks.get_webhook(made.object_id))

with check("shippo python: errors"):
    equal(json.loads(refused(404, lambda: api.parcels.get("00112233445566778899aabbccddeeff"))), {"detail": "Not found."})
    assert "Not Found" in refused(404, lambda: api.parcels.get("INVALID"))
    body = refused(400, lambda: api.transactions.create(c.TransactionCreateRequest(rate="00112233445566778899aabbccddeeff")))
    assert "rate" in json.loads(body)
    stranger = shippo.Shippo(api_key_header="shippo_test_nobody", server_url=HOST)
    equal(json.loads(refused(401, stranger.addresses.list)), {"detail": "Token does not exist"})
