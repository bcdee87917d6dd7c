"""TLS and the forward proxy, as programs meet them that keep the vendors' addresses: curl, Python, PHP, and libraries whose https:// is fixed.

Nothing but the environment says where the server is: the proxy, and the file of the authority, which some libraries take by their session.
"""

import json
import os
import subprocess
import sys

import requests

HTTPS = os.environ["SEATRIAL_HTTPS_URL"]
PROXY = os.environ["SEATRIAL_PROXY_URL"]
CA = os.environ["SEATRIAL_CA_FILE"]
TOKEN = "ShippoToken shippo_test_seatrial"
REAL = "https://api.goshippo.com/addresses/"

os.environ |= {"HTTPS_PROXY": PROXY, "REQUESTS_CA_BUNDLE": CA, "NO_PROXY": "127.0.0.1"}

import shippo  # noqa: E402
from shippo.models import components as c  # noqa: E402
from shipengine import ShipEngine  # noqa: E402
from ShiptheoryPython.Http.ShiptheoryClient import ShiptheoryClient  # noqa: E402

from sandbox import BASE, check, equal  # noqa: E402


def run(*command, **environment):
    """What a program prints, and its exit code, with these variables besides those that every program has."""
    kept = {name: value for name, value in os.environ.items() if name not in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "NO_PROXY")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=kept | environment)
    return done.stdout, done.returncode


def curl(*arguments, **environment):
    return run("curl", "--silent", "--fail", "--header", f"Authorization: {TOKEN}", *arguments, **environment)


with check("curl trusts the authority, by both versions of HTTP"):
    for version, expected in (("--http1.1", "1.1"), ("--http2", "2")):
        said, code = curl("--cacert", CA, version, "--output", "/dev/null", "--write-out", "%{http_version}", f"{HTTPS}/shippo/addresses/")
        equal((said, code), (expected, 0))
    equal(curl(f"{HTTPS}/shippo/addresses/")[1], 60)

with check("curl calls a vendor by its own name"):
    port = HTTPS.rsplit(":", 1)[1]
    said, code = curl("--cacert", CA, "--connect-to", f"api.goshippo.com:443:127.0.0.1:{port}", REAL)
    equal(code, 0)
    assert "results" in json.loads(said), said

with check("curl through the proxy, with TLS and without, and to nobody else"):
    for url, variable in ((REAL, "HTTPS_PROXY"), (REAL.replace("https", "http"), "http_proxy")):
        said, code = curl(url, **{variable: PROXY, "CURL_CA_BUNDLE": CA})
        equal(code, 0)
        assert "results" in json.loads(said), said
    said, code = curl("--write-out", "%{http_connect}", "https://hub.example/", HTTPS_PROXY=PROXY, CURL_CA_BUNDLE=CA)
    equal((said, code != 0), ("403", True))

with check("requests and the standard library of Python"):
    equal(requests.get(f"{HTTPS}/shippo/addresses/", headers={"Authorization": TOKEN}, timeout=10).status_code, 200)
    page = requests.get(REAL, params={"results": 1}, headers={"Authorization": TOKEN}, timeout=10)
    equal((page.status_code, page.url), (200, f"{REAL}?results=1"))
    script = f"import urllib.request as r; print(r.urlopen(r.Request({REAL!r}, headers={{'Authorization': {TOKEN!r}}})).status)"
    equal(run(sys.executable, "-c", script, HTTPS_PROXY=PROXY, SSL_CERT_FILE=CA), ("200\n", 0))

with check("PHP's curl with a file of authorities"):
    php = """
    $ask = function ($url, $proxy) {
        $curl = curl_init($url);
        curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_PROXY => $proxy, CURLOPT_HTTPHEADER => ["Authorization: " . $_SERVER["argv"][1]]]);
        curl_exec($curl);
        echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE), " ", curl_errno($curl), "\\n";
    };
    $ask($_SERVER["argv"][2], "");
    $ask($_SERVER["argv"][3], $_SERVER["argv"][4]);
    """
    addresses = (f"{HTTPS}/shippo/addresses/", REAL, PROXY)
    equal(run("php", "-d", f"curl.cainfo={CA}", "-r", php, "--", TOKEN, *addresses), ("200 0\n200 0\n", 0))
    equal(run("php", "-r", php, "--", TOKEN, *addresses), ("0 60\n0 60\n", 0))

with check("Shiptheory's library, whose https:// is fixed"):
    theory = ShiptheoryClient("you@youremail.com", "password")
    assert theory.getAccessToken()
    services = theory.getOutgoingDeliveryServices()
    equal(services.code, 200)
    assert services.url == "https://api.shiptheory.com/v1/services" and services.body, services.body
    equal(theory.viewShipment("no-such-reference").code, 404)
    equal(ShiptheoryClient("you@youremail.com", "wrong").getAccessToken(), False)

with check("Shippo's library buys a label at its own address"):
    # Its sessions take the proxy from the environment, and their authorities from nowhere.
    session = requests.Session()
    session.verify = CA
    api = shippo.Shippo(api_key_header="shippo_test_seatrial", client=session)
    place = {"name": "Ada", "street1": "215 Clayton St", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US",
             "phone": "4155550101", "email": "ada@example.com"}
    parcel = c.ParcelCreateRequest(length="5", width="5", height="5", distance_unit=c.DistanceUnitEnum.IN, weight="2",
                                   mass_unit=c.WeightUnitEnum.LB)
    shipment = api.shipments.create(c.ShipmentCreateRequest(address_from=c.AddressCreateRequest(**place), async_=False, parcels=[parcel],
                                                            address_to=c.AddressCreateRequest(**place)))
    bought = api.transactions.create(c.TransactionCreateRequest(rate=shipment.rates[0].object_id, async_=False))
    equal(bought.status, c.TransactionStatusEnum.SUCCESS)
    assert bought.label_url.startswith("https://api.goshippo.com/"), bought.label_url
    equal(requests.get(bought.label_url, timeout=10).content[:4], b"%PDF")

with check("ShipEngine's library calls ShipStation at its own address"):
    engine = ShipEngine({"api_key": "TEST_seatrial", "base_uri": "https://api.shipstation.com/", "retries": 0})
    send = engine.client._send_request
    engine.client._send_request = lambda http_method, endpoint, **rest: send(http_method=http_method,
                                                                             endpoint=endpoint.replace("v1/", "v2/", 1), **rest)
    engine.client.session.verify = CA
    equal([carrier["carrier_code"] for carrier in engine.list_carriers()["carriers"]], ["stamps_com", "ups", "fedex"])

with check("the journal has all of it, and the proxy what it refused"):
    calls = requests.get(f"{BASE}/_seatrial/sandboxes/default/requests", timeout=10).json()["requests"]
    hosts = {call["request"]["headers"]["host"] for call in calls}
    assert {"api.goshippo.com", "api.shiptheory.com", "api.shipstation.com"} <= hosts, hosts
    assert "hub.example:443" in requests.get(f"{BASE}/_seatrial/requests/unmatched", timeout=10).text
