"""A receiver of webhooks on a real listener: signatures checked with Python's own hmac, retries lived through on the
virtual clock, and nothing lost while the receiver was away."""

import hashlib
import hmac
import http.server
import json
import threading
import urllib.parse

import requests

from sandbox import BASE, answer, check, equal

ADMIN = f"{BASE}/_seatrial"


class Receiver:
    """Listens on loopback, keeps what comes, and answers with `status`."""

    def __init__(self):
        self.status, self.heard, self.came, self.port = 200, [], threading.Condition(), 0
        self.start()

    def start(self):
        """Listens, after a stop under the same address as before."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.came:
                    receiver.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                    receiver.came.notify_all()
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hooks"

    def stop(self):
        """Is gone: nobody answers, nobody is even there."""
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count):
        """What was heard, once there is so much of it."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.heard) >= count, timeout=10), f"heard only {len(self.heard)} of {count}"
            return list(self.heard)

    def forget(self):
        with self.came:
            self.heard.clear()


class Place:
    """A sandbox of one's own, frozen, so that nothing happens but what the script brings about."""

    def __init__(self):
        clock = {"start": "2026-01-05T09:00:00Z", "mode": "frozen"}
        self.made = answer(requests.post(f"{ADMIN}/sandboxes", json={"clock": clock}, timeout=10), 201)
        self.url = f"{ADMIN}/sandboxes/{self.made['name']}"

    def credential(self, vendor):
        return self.made["credentials"][vendor][0]

    def advance(self, by):
        answer(requests.post(f"{self.url}/clock/advance", json={"by": by}, timeout=60))

    def subscribe(self, **wanted):
        return answer(requests.post(f"{self.url}/webhooks", json=wanted, timeout=10), 201)

    def post(self, path, status=200):
        """Something about one webhook or delivery; sandboxes of one seed give the same ids."""
        return answer(requests.post(f"{ADMIN}/{path}", params={"sandbox": self.made["name"]}, json={}, timeout=10), status)

    def deliveries(self, **filters):
        return answer(requests.get(f"{self.url}/deliveries", params={"secrets": "show", **filters}, timeout=10))["deliveries"]


def shipmate(place):
    """A session that is logged in, and its base."""
    api, row = requests.Session(), place.credential("shipmate")
    api.headers["X-SHIPMATE-API-KEY"] = row["api_key"]
    base = place.made["urls"]["shipmate"] + "/v1.1"
    login = {"username": row["username"], "password": row["password"]}
    api.headers["X-SHIPMATE-TOKEN"] = answer(api.post(f"{base}/tokens", json=login, timeout=10))["data"]["token"]
    return api, base


def consign(api, base, number):
    to = {"name": "Alex", "line_1": "14 Mooring Lane", "city": "Bristol", "postcode": "BS2 3AP", "country": "GB"}
    parcel = {"reference": f"{number}-1", "weight": 900, "width": 20, "length": 10, "depth": 15}
    body = {"consignment_reference": number, "service_key": "DPDNEXT", "to_address": to, "parcels": [parcel]}
    return answer(api.post(f"{base}/consignments", json=body, timeout=10), 201)["data"][0]["tracking_reference"]


with check("a Shipmate parcel is told from its label to its door, and tracking agrees at each step"):
    place, receiver = Place(), Receiver()
    hook = place.subscribe(vendor="shipmate", events=["SHIPMENT_CREATED", "TRACKING_UPDATED"], url=receiver.url)
    api, base = shipmate(place)
    number = consign(api, base, "ROPE-1")
    # No clock is moved for this: what is due now is told now.
    receiver.wait(1)
    told = 0
    for _ in range(40):
        place.advance("3h")
        events = answer(api.get(f"{base}/parcels/{number}/events", timeout=10))["data"]
        bodies = [json.loads(body) for _, body in receiver.wait(len(events))]
        equal(len(bodies), len(events))
        equal([body["tracking_event_code"] for body in bodies[1:]], [event["code"] for event in events[1:]])
        equal([body["tracking_event_time"] for body in bodies[1:]], [event["date"] for event in events[1:]])
        told = max(told, len(bodies))
    equal(bodies[-1]["tracking_event_type"], "Delivered")
    assert told > 4, f"only {told} steps"
    equal([body["event"] for body in bodies], ["SHIPMENT_CREATED"] + ["TRACKING_UPDATED"] * (told - 1))
    assert all(body["auth_token"] == hook["secret"] for body in bodies)
    equal(len({body["request_token"] for body in bodies}), told)

with check("a Shipmate form has numbered fields"):
    place, receiver = Place(), Receiver()
    place.subscribe(vendor="shipmate", events=["SHIPMENT_CREATED"], url=receiver.url, format="form", secret="fixed")
    api, base = shipmate(place)
    number = consign(api, base, "ROPE-2")
    headers, body = receiver.wait(1)[0]
    fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    equal(headers["content-type"], "application/x-www-form-urlencoded")
    equal((fields["auth_token"], fields["tracking_numbers[0]"]), ("fixed", number))



def shippo(place):
    """A session in live mode, as only its tracking can be read, its base, and a rate that can be bought."""
    api, base = requests.Session(), place.made["urls"]["shippo"]
    api.headers["Authorization"] = f"ShippoToken {place.made['credentials']['shippo'][1]['token']}"
    town = {"city": "San Francisco", "state": "CA", "country": "US", "phone": "4155550101", "email": "sam@example.com"}
    sender = {"name": "Sam Quay", "street1": "215 Clayton St", "zip": "94117", **town}
    taker = {"name": "Alex Harbour", "street1": "965 Mission St", "zip": "94103", **town}
    parcel = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
    shipment = {"address_from": sender, "address_to": taker, "parcels": [parcel], "async": False}
    rates = answer(api.post(f"{base}/shipments/", json=shipment, timeout=10), 201)["rates"]
    return api, base, next(rate for rate in rates if rate["provider"] == "USPS")["object_id"]


def verified(told, secret):
    """The bodies of what was told, once each signature holds by Python's own hmac."""
    for headers, body in told:
        fields = dict(part.split("=", 1) for part in headers["shippo-auth-signature"].split(","))
        wanted = hmac.new(secret, fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(wanted, fields["v1"]), f"{wanted} is not {fields['v1']}"
    return [json.loads(body) for _, body in told]


with check("a Shippo label is told and signed, its links can be followed, and tracking agrees at each step"):
    place, receiver = Place(), Receiver()
    place.subscribe(vendor="shippo", account="live", url=receiver.url, secret="a shared secret")
    api, base, rate = shippo(place)
    label = answer(api.post(f"{base}/transactions/", json={"rate": rate, "async": True}, timeout=10), 201)["object_id"]
    place.advance("10s")
    number = answer(api.get(f"{base}/transactions/{label}/", timeout=10))["tracking_number"]
    bodies = verified(receiver.wait(3), b"a shared secret")
    equal([body["event"] for body in bodies], ["transaction_created", "transaction_updated", "transaction_updated"])
    equal([body["data"]["status"] for body in bodies], ["QUEUED", "WAITING", "SUCCESS"])
    assert requests.get(bodies[2]["data"]["label_url"], timeout=10).content.startswith(b"%PDF-")
    receiver.forget()
    for _ in range(80):
        place.advance("3h")
        track = answer(api.get(f"{base}/tracks/usps/{number}/", timeout=10))
        # Until the first scan the vendor shows a step of its own and no day, which it tells nobody.
        history = track["tracking_history"] if "eta" in track else []
        bodies = verified(receiver.wait(len(history)), b"a shared secret")
        equal([body["event"] for body in bodies], ["track_updated"] * len(history))
        tracks = [body["data"] for body in bodies]
        equal([track["tracking_status"]["status_date"] for track in tracks], [row["status_date"] for row in history])
        equal([len(track["tracking_history"]) for track in tracks], list(range(1, len(tracks) + 1)))
    equal(tracks[-1]["tracking_status"]["status"], "DELIVERED")

with check("a Shippo receiver that is gone is tried once more, and hears everything once when it is sent again"):
    place, receiver = Place(), Receiver()
    hook = place.subscribe(vendor="shippo", account="live", url=receiver.url, secret="a shared secret", events=["transaction_created"])
    api, base, rate = shippo(place)
    receiver.stop()
    labels = [answer(api.post(f"{base}/transactions/", json={"rate": rate, "async": False}, timeout=10), 201) for _ in range(3)]
    place.advance("1h")
    rows = place.deliveries(webhook=hook["id"])
    equal([(row["progress"], len(row["attempts"])) for row in rows], [("failed", 2)] * 3)
    assert all("silent" in attempt for row in rows for attempt in row["attempts"])
    receiver.start()
    place.advance("720h")
    equal(receiver.heard, [])
    for row in rows:
        place.post(f"deliveries/{row['id']}/redeliver")
        place.advance("0s")
    bodies = verified(receiver.wait(3), b"a shared secret")
    equal([body["data"]["object_id"] for body in bodies], [label["object_id"] for label in labels])
    # The signature of an attempt is of its time, and stands in the log beside its answer.
    attempt = place.deliveries(webhook=hook["id"])[0]["attempts"][-1]
    equal(attempt["headers"]["Shippo-Auth-Signature"], receiver.heard[0][0]["shippo-auth-signature"])
    place.advance("720h")
    equal(len(receiver.heard), 3)

with check("a receiver that was away for a while has missed nothing and hears nothing twice"):
    place, receiver = Place(), Receiver()
    hook = place.subscribe(vendor="shipmate", events=["SHIPMENT_CREATED"], url=receiver.url)
    api, base = shipmate(place)
    receiver.stop()
    for number in range(3):
        consign(api, base, f"AWAY-{number}")
    place.advance("2h")
    # It is there again, but in no mood.
    receiver.status = 503
    receiver.start()
    place.advance("6h")
    equal({row["progress"] for row in place.deliveries()}, {"paused"})
    (kept,) = answer(requests.get(f"{place.url}/webhooks", timeout=10))["webhooks"]
    equal((kept["paused"], kept["failures"] >= 10), ("failures", True))
    consign(api, base, "AWAY-3")
    receiver.forget()
    receiver.status = 200
    place.advance("48h")
    equal(receiver.heard, [])
    equal(place.post(f"webhooks/{hook['id']}/resume")["paused"], None)
    place.advance("48h")
    bodies = [json.loads(body) for _, body in receiver.wait(4)]
    equal([body["shipment_reference"] for body in bodies], ["AWAY-0", "AWAY-1", "AWAY-2", "AWAY-3"])
    equal(len({body["request_token"] for body in bodies}), 4)
    equal({row["progress"] for row in place.deliveries()}, {"delivered"})

with check("a delivery is sent again by hand, and a test event is only a test"):
    receiver.forget()
    row = place.deliveries()[0]
    place.post(f"deliveries/{row['id']}/redeliver")
    again = receiver.wait(1)[0][1].decode()
    equal(again, row["request"]["body"])
    place.post(f"webhooks/{hook['id']}/test", 201)
    equal(json.loads(receiver.wait(2)[1][1])["shipment_reference"], "TEST-SHIPMENT-1")

with check("nothing is sent to addresses that are neither near nor allowed"):
    metadata = ("http://169.254.169.254/latest", "https://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "http://2852039166/")
    for target in (*metadata, "http://93.184.216.34/hook", "https://93.184.216.34/hook"):
        place = Place()
        hook = place.subscribe(vendor="shipmate", url=target)
        place.post(f"webhooks/{hook['id']}/test", 201)
        place.advance("1s")
        (attempt,) = place.deliveries()[0]["attempts"]
        assert "refused" in attempt, f"{target}: {attempt}"
    answer(requests.post(f"{Place().url}/webhooks", json={"vendor": "shipmate", "url": "ftp://127.0.0.1/"}, timeout=10), 400)
