"""Three replicas behind a balancer that takes turns answer as one process does, and lose nothing that they answered, whatever ends."""

import argparse
import http.client
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from rig import ROOT, Fleet, Meter, Receiver, Replica, Wire, call, wait_for

TOKEN = {"authorization": "ShippoToken shippo_test_seatrial"}
ADDRESS = {"name": "Ada", "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"}


def made(base: str, token: dict = TOKEN, timeout: float = 30):
    status, answer = call(base, "POST", "/shippo/addresses/", ADDRESS, token, timeout)
    return status, answer.get("object_id") if isinstance(answer, dict) else None


class Load:
    """Clients that make addresses, and remember those that were answered."""

    def __init__(self, base: str, clients: int = 8, pause: float = 0):
        self.pause = pause
        self.base, self.made, self.statuses, self.ends = base, [], Counter(), threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self) -> None:
        while not self.ends.wait(self.pause):
            try:
                status, number = made(self.base)
            except OSError:
                self.statuses["none"] += 1
                continue
            self.statuses[status] += 1
            if status == 201:
                self.made.append(number)

    def grows(self, by: int = 20, seconds: float = 20) -> None:
        goal = len(self.made) + by
        wait_for(f"{by} more calls are answered; so far {dict(self.statuses)}", lambda: len(self.made) >= goal, seconds)

    def end(self) -> None:
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def nothing_lost(self, bases: list[str]) -> None:
        assert len(set(self.made)) == len(self.made), "an id was given twice"
        for base in bases:
            for number in self.made[-200:]:
                status, _ = call(base, "GET", f"/shippo/addresses/{number}", headers=TOKEN)
                assert status == 200, f"{number} was answered, and is {status}"
        # The journal has each of them once, and no other.
        entries = journal(bases[0], "operation=shippo.CreateAddress&status=201")
        assert set(self.made) <= entries.keys(), f"{len(set(self.made) - entries.keys())} are not in the journal"
        assert max(entries.values()) == 1, "the journal has an id twice"


def journal(base: str, query: str) -> Counter:
    """The ids of all objects that the journal says were made."""
    found, before = Counter(), ""
    while True:
        status, page = call(base, "GET", f"/_seatrial/sandboxes/default/requests?{query}{before}&limit=200")
        assert status == 200, page
        for row in page["requests"]:
            found[row["answer"]["body"]["object_id"]] += 1
        if not page.get("earlier"):
            return found
        before = f"&before={page['earlier']}"


def lifecycle(fleet: Fleet) -> None:
    """What one replica makes, the next one has."""
    sandbox = fleet.admin("POST", "/sandboxes", {"name": "mine"})
    token = {"authorization": f"ShippoToken {sandbox['credentials']['shippo'][0]['token']}"}
    for _ in range(3):
        status, number = made(fleet.base, token)
        assert status == 201, status
    for replica in fleet.replicas:
        assert call(replica.base, "GET", f"/shippo/addresses/{number}", headers=token)[0] == 200
        assert call(replica.base, "GET", f"/@mine/shippo/addresses/{number}", headers=token)[0] == 200
        assert call(replica.base, "GET", f"/shippo/addresses/{number}", headers=TOKEN)[0] == 404
    status, problem = call(fleet.base, "POST", "/_seatrial/sandboxes", {"name": "mine"})
    assert status == 409, problem
    names = set()
    for replica in fleet.replicas:
        name = fleet.admin("POST", "/sandboxes", {}, base=replica.base)["name"]
        fleet.admin("DELETE", f"/sandboxes/{name}", base=replica.base)
        names.add(name)
    assert len(names) == len(fleet.replicas), f"a name that was made up is given again: {names}"
    fleet.admin("POST", "/sandboxes/mine/snapshot", {"name": "before"})
    _, later = made(fleet.base, token)
    fleet.admin("POST", "/sandboxes/mine/fork", {"name": "other"})
    fleet.admin("POST", "/sandboxes/mine/restore", {"name": "before"})
    for replica in fleet.replicas:
        assert call(replica.base, "GET", f"/shippo/addresses/{later}", headers=token)[0] == 404
    exported = fleet.admin("GET", "/sandboxes/other/export")
    assert later in str(exported)
    fleet.admin("PUT", "/sandboxes/mine/faults/busy", {"on": "shippo.CreateAddress", "fault": 429})
    assert [made(replica.base, token)[0] for replica in fleet.replicas] == [429] * 3
    fleet.admin("DELETE", "/sandboxes/mine/faults/busy")
    assert [made(replica.base, token)[0] for replica in fleet.replicas] == [201] * 3
    count = fleet.admin("GET", "/sandboxes/mine/requests/count?operation=shippo.CreateAddress")
    assert count["count"] == 10, count
    fleet.admin("DELETE", "/sandboxes/mine/requests?status=429")
    assert [fleet.admin("GET", "/sandboxes/mine/requests/count")["count"] for _ in range(3)] == [count["count"] + 9 - 3] * 3
    fleet.admin("POST", "/sandboxes/mine/reset", {})
    for replica in fleet.replicas:
        assert call(replica.base, "GET", f"/shippo/addresses/{number}", headers=token)[0] == 404
        assert fleet.admin("GET", "/sandboxes/mine/requests/count?operation=shippo.CreateAddress", base=replica.base)["count"] == 0
    fleet.admin("PUT", "/sandboxes/mine/clock", {"mode": "frozen"})
    advanced = fleet.admin("POST", "/sandboxes/mine/clock/advance", {"by": "48h"})
    times = {fleet.admin("GET", "/sandboxes/mine/clock", base=replica.base)["now"] for replica in fleet.replicas}
    assert times == {advanced["now"]}, times
    together = [threading.Thread(target=fleet.admin, args=("POST", "/sandboxes/mine/clock/advance", {"by": "1h"})) for _ in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    reached = fleet.admin("GET", "/sandboxes/mine/clock")["now"]
    assert reached[8:13] != times.pop()[8:13], "six hours passed"
    for name in ("mine", "other"):
        fleet.admin("DELETE", f"/sandboxes/{name}")
    assert [row["name"] for row in fleet.admin("GET", "/sandboxes")["sandboxes"]] == ["default"]
    for replica in fleet.replicas:
        assert call(replica.base, "GET", "/@mine/shippo/addresses/", headers=token)[0] == 404
    # A name that is free again.
    fleet.admin("POST", "/sandboxes", {"name": "mine"})
    assert call(fleet.base, "GET", f"/@mine/shippo/addresses/{number}", headers=token)[0] == 401
    fleet.admin("DELETE", "/sandboxes/mine")


def again(fleet: Fleet) -> None:
    """A sandbox that has the name of one that was just removed is found by its credential, whoever is asked."""
    first, second, third = [replica.base for replica in fleet.replicas]

    def begin(base: str) -> dict:
        token = fleet.admin("POST", "/sandboxes", {"name": "again"}, base=base)["credentials"]["shippo"][0]["token"]
        return {"authorization": f"ShippoToken {token}"}

    for _ in range(5):
        assert made(third, begin(first))[0] == 201
        fleet.admin("DELETE", "/sandboxes/again", base=first)
        assert made(third, begin(second))[0] == 201
        fleet.admin("DELETE", "/sandboxes/again", base=first)


def unread(fleet: Fleet) -> None:
    """A sandbox that a replica cannot read is refused there, and not said to be missing; the others go on."""
    sandbox = fleet.admin("POST", "/sandboxes", {"name": "mine"}, base=fleet.replicas[0].base)
    token = sandbox["credentials"]["shippo"][0]["token"]
    token = {"authorization": f"ShippoToken {token}"}
    fleet.database.sql("UPDATE seatrial_record SET events = set_byte(events, 0, 99) WHERE sandbox = 'mine'")
    alone = Replica(fleet.folder, fleet.program, fleet.database.url, None, *fleet.arguments)
    fleet.replicas.append(alone)
    # What the path names is no sandbox there, so that no vendor answers.
    for path, notes in (("/@mine/shippo/addresses/", ""), ("/shippo/addresses/", "ledger-away")):
        assert noted(alone.base, path, token)[:2] == (503, notes), path
    for method, path, body in (("GET", "/sandboxes/mine", None), ("POST", "/sandboxes", {"name": "mine"})):
        began = time.monotonic()
        status, problem = call(alone.base, method, f"/_seatrial{path}", body)
        assert status == 503 and "sandbox `mine` cannot be read here" in str(problem), problem
        assert time.monotonic() - began < 2, "it is refused at once"
    assert made(alone.base)[0] == 201
    assert made(fleet.replicas[0].base, token)[0] == 201
    fleet.admin("DELETE", "/sandboxes/mine", base=fleet.replicas[0].base)
    wait_for("it is gone there", lambda: call(alone.base, "GET", "/_seatrial/sandboxes/mine")[0] == 404)


def silence(fleet: Fleet) -> None:
    """With a database that is silent, calls of one sandbox are refused together, and not one after the other."""
    wire = Wire(fleet.database.port)
    alone = Replica(fleet.folder, fleet.program, wire.url, None, *fleet.arguments)
    fleet.replicas.append(alone)
    assert made(alone.base)[0] == 201
    wire.set(Wire.TO, Wire.FROM, loses=True)
    spans = {}

    def ask(method: str, path: str, body: dict | None) -> None:
        began = time.monotonic()
        status, _ = call(alone.base, method, f"/_seatrial/sandboxes{path}", body, timeout=60)
        spans[f"{method} {path}"] = (status, time.monotonic() - began)

    asked = [
        ("GET", "", None), ("GET", "/default/export", None), ("POST", "/default/clock/advance", {"by": "1h"}),
        ("POST", "/default/snapshot", {"name": "before"}), ("PUT", "/default/clock", {"mode": "frozen"}),
    ]
    threads = [threading.Thread(target=ask, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spans) == len(asked) and all(status == 503 and span < 12 for status, span in spans.values()), spans
    wire.mend()


def held(fleet: Fleet) -> None:
    """A replica that hangs while it writes a letter lets go of the inboxes."""
    ends = threading.Event()

    def post() -> None:
        while not ends.is_set():
            try:
                call(fleet.replicas[0].base, "POST", "/_seatrial/inbox/mine", {"a": 1}, timeout=2)
            except OSError:
                pass

    posting = [threading.Thread(target=post, daemon=True) for _ in range(8)]
    for thread in posting:
        thread.start()
    time.sleep(0.5)
    fleet.replicas[0].signal(signal.SIGSTOP)
    other = fleet.replicas[1].base
    wait_for("a letter is taken", lambda: call(other, "POST", "/_seatrial/inbox/mine", {"a": 1})[0] == 200, 16)
    assert made(other)[0] == 201
    ends.set()
    fleet.replicas[0].signal(signal.SIGCONT)


def common(fleet: Fleet) -> None:
    """The verdicts on sandboxes that ended, and requests that met nothing, are those of the fleet, whoever is asked."""
    bases = [replica.base for replica in fleet.replicas]
    scenario = "name: judged\nexpect:\n  - {call: shippo.CreateAddress}\n"
    status, answer = call(bases[0], "POST", "/_seatrial/sandboxes", {"name": "judged", "scenario": scenario})
    assert status == 201, answer
    status, verdict = call(bases[1], "DELETE", "/_seatrial/sandboxes/judged")
    assert (status, verdict["verdict"]) == (200, "failed"), verdict
    told = [call(base, "GET", "/_seatrial/verdicts")[1] for base in bases]
    assert told[0] == told[1] == told[2] and [row["sandbox"] for row in told[0]["verdicts"]] == ["judged"], told
    fleet.admin("PUT", "/sandboxes/default/clock", {"mode": "frozen"}, base=bases[0])
    fleet.admin("POST", "/sandboxes/default/clock/advance", {"by": "1h"}, base=bases[1])
    fleet.admin("PUT", "/sandboxes/default/faults/busy", {"on": "shippo.CreateAddress", "fault": 429}, base=bases[2])
    fleet.admin("POST", "/sandboxes/default/reset", {}, base=bases[0])
    logs = [fleet.admin("GET", "/sandboxes/default/log", base=base)["log"] for base in bases]
    assert logs[0] == logs[1] == logs[2] and [row["what"] for row in logs[0]] == ["mode", "advanced", "fault_on", "reset"], logs
    assert told[0]["verdicts"][0]["why"] == "it was deleted" and told[0]["dropped"] == 0, told[0]

    # Verdicts that passed make room before one that failed.
    fine = "name: fine\nexpect:\n  - {never: shippo.CreateRefund}\n"
    for number in range(510):
        base = bases[number % len(bases)]
        assert call(base, "POST", "/_seatrial/sandboxes", {"name": f"fine{number}", "scenario": fine})[0] == 201
        assert call(base, "DELETE", f"/_seatrial/sandboxes/fine{number}")[1]["verdict"] == "passed"
    kept = call(bases[1], "GET", "/_seatrial/verdicts")[1]
    assert kept["verdicts"][0]["sandbox"] == "judged" and kept["dropped"] >= 10 and kept["dropped_unmet"] == 0, kept

    waiting = threading.Thread(target=call, args=(bases[2], "GET", "/_seatrial/requests/unmatched?wait=20s&min=3"))
    waiting.start()
    for number, base in enumerate(bases):
        assert call(base, "GET", f"/nowhere/{number}")[0] == 404
    waiting.join(10)
    assert not waiting.is_alive(), "who waits for such requests hears of those that others got"
    wait_for("all tell of all", lambda: all(call(base, "GET", "/_seatrial/requests/unmatched")[1]["written"] == 3 for base in bases))
    rows = [call(base, "GET", "/_seatrial/requests/unmatched")[1]["requests"] for base in bases]
    assert rows[0] == rows[1] == rows[2] and sorted(row["target"] for row in rows[0]) == [f"/nowhere/{number}" for number in range(3)], rows
    assert [row["number"] for row in rows[0]] == [1, 2, 3], rows[0]
    assert call(bases[0], "GET", "/_seatrial/inboxes")[1] == {"inboxes": []}
    assert call(bases[0], "GET", "/_seatrial/inboxes/%01verdicts")[0] in (400, 404)
    assert call(bases[0], "GET", "/_seatrial/inbox/%01verdicts")[0] == 400
    assert call(bases[1], "DELETE", "/_seatrial/requests/unmatched")[0] == 204
    for base in bases:
        assert call(base, "GET", "/_seatrial/requests/unmatched")[1] == {"requests": [], "written": 3}, base

    # Evidence that was removed is missed by a replica that comes later as well.
    assert call(bases[0], "GET", "/shippo/addresses/", headers=TOKEN)[0] == 200
    assert call(bases[1], "DELETE", "/_seatrial/sandboxes/default/requests")[0] == 204
    fleet.replicas[2].kill()
    fleet.again(2)
    for replica in fleet.replicas:
        judged = fleet.admin("POST", "/sandboxes/default/verify", {"expect": [{"never": "shippo.ListAddresses"}]}, base=replica.base)
        assert judged["verdict"] == "unknown", judged


def waits(fleet: Fleet) -> None:
    """Who waits on one replica hears of what happens on another."""
    one, other = fleet.replicas[0].base, fleet.replicas[1].base
    heard = {}

    def wait() -> None:
        path = "/sandboxes/default/requests?wait=10s&min=1&operation=shippo.ListAddresses"
        began = time.monotonic()
        heard["page"] = fleet.admin("GET", path, base=one)
        heard["after"] = time.monotonic() - began

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    assert call(other, "GET", "/shippo/addresses/", headers=TOKEN)[0] == 200
    waiting.join()
    assert len(heard["page"]["requests"]) == 1 and heard["after"] < 5, heard
    verdict = fleet.admin("POST", "/sandboxes/default/verify", {"expect": [{"call": "shippo.ListAddresses", "count": 1}]})
    assert verdict["verdict"] == "passed", verdict


def shipped(base: str, token: dict) -> None:
    """Buys a label, of which subscribers will be told."""
    parcel = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
    wanted = {"address_from": ADDRESS, "address_to": ADDRESS, "parcels": [parcel]}
    status, shipment = call(base, "POST", "/shippo/shipments/", wanted, token)
    assert status == 201, shipment
    status, label = call(base, "POST", "/shippo/transactions/", {"rate": shipment["rates"][0]["object_id"]}, token)
    assert status == 201, label


def inboxes(fleet: Fleet) -> None:
    """What one replica receives, any of them shows."""
    fleet.admin("POST", "/sandboxes", {"name": "letters"})
    made = fleet.admin("POST", "/sandboxes/letters/webhooks", {"vendor": "shippo", "url": f"{fleet.base}/_seatrial/inbox/mine"})
    for _ in range(5):
        fleet.admin("POST", f"/webhooks/{made['id']}/test?sandbox=letters", {})
    for replica in fleet.replicas:
        page = fleet.admin("GET", "/inbox/mine?wait=20s&min=5", base=replica.base)
        assert [row["number"] for row in page["letters"]] == [1, 2, 3, 4, 5] and page["received"] == 5, page
        listed = fleet.admin("GET", "/inboxes", base=replica.base)["inboxes"]
        assert [(row["name"], row["letters"], row["received"]) for row in listed] == [("mine", 5, 5)] and listed[0]["latest"], listed
    fleet.admin("DELETE", "/inbox/mine")
    assert [fleet.admin("GET", "/inbox/mine")["received"] for _ in range(3)] == [0, 0, 0]
    # Room is made by who has the most inboxes, not by who is quiet.
    made = fleet.admin("POST", "/sandboxes/letters/webhooks", {"vendor": "shippo", "url": "inbox://own"})
    fleet.admin("POST", f"/webhooks/{made['id']}/test?sandbox=letters", {})
    assert fleet.admin("GET", "/inbox/own?wait=20s&min=1")["received"] == 1
    for number in range(1030):
        assert call(fleet.base, "POST", f"/_seatrial/inbox/stranger-{number}", {})[0] == 200
    names = {row["name"] for row in fleet.admin("GET", "/inboxes")["inboxes"]}
    assert names == {"own", *(f"stranger-{number}" for number in range(7, 1030))}, names


def senders(fleet: Fleet) -> None:
    """Letters of one sandbox make no room for those of another, and go with their sandbox."""
    for name in ("busy", "quiet"):
        fleet.admin("POST", "/sandboxes", {"name": name})
        made = fleet.admin("POST", f"/sandboxes/{name}/webhooks", {"vendor": "shippo", "url": "inbox://shared?status=503,200"})
        fleet.admin("POST", f"/webhooks/{made['id']}/test?sandbox={name}", {})
    busy = fleet.admin("GET", "/sandboxes/busy/webhooks")["webhooks"][0]["id"]

    def held(count: int) -> list:
        page = fleet.admin("GET", f"/inbox/shared?wait=20s&min={count}")
        return [page["received"], *(sum(row["sandbox"] == name for row in page["letters"]) for name in ("busy", "quiet"))]

    assert held(2) == [2, 1, 1], held(2)
    rows = "SELECT 'shared', 2 + place, body, 'busy' FROM seatrial_letter, generate_series(1, 600) AS place WHERE sandbox = 'busy'"
    fleet.database.sql(f"INSERT INTO seatrial_letter (inbox, number, body, sandbox) {rows}")
    fleet.database.sql("UPDATE seatrial_inbox SET received = 602 WHERE inbox = 'shared'")
    fleet.admin("POST", f"/webhooks/{busy}/test?sandbox=busy", {})
    wait_for("letters of the busy sandbox make room", lambda: held(1) == [603, 499, 1], 20)
    for table in ("letter", "share"):
        fleet.database.sql(f"CREATE TABLE left_{table} AS SELECT * FROM seatrial_{table} WHERE sandbox = 'busy'")

    def leave() -> None:
        """Letters of the busy sandbox are there as where the replica that ended it did not come to removing them."""
        fleet.database.sql("INSERT INTO seatrial_inbox (inbox, received) VALUES ('shared', 603) ON CONFLICT DO NOTHING")
        fleet.database.sql("DELETE FROM seatrial_share WHERE sandbox = 'busy'")
        for table in ("share", "letter"):
            fleet.database.sql(f"INSERT INTO seatrial_{table} SELECT * FROM left_{table}")

    fleet.admin("POST", "/sandboxes/busy/reset", {})
    assert [held(1) for _ in fleet.replicas] == [[603, 0, 1]] * len(fleet.replicas)
    leave()
    assert [held(1) for _ in fleet.replicas] == [[603, 0, 1]] * len(fleet.replicas), "letters from before a reset count"
    fleet.admin("DELETE", "/sandboxes/quiet")
    assert [held(0) for _ in fleet.replicas] == [[603, 0, 0]] * len(fleet.replicas)
    fleet.admin("DELETE", "/sandboxes/busy")
    assert "shared" not in {row["name"] for row in fleet.admin("GET", "/inboxes")["inboxes"]}
    leave()
    assert "shared" not in {row["name"] for row in fleet.admin("GET", "/inboxes")["inboxes"]}, "letters of a sandbox that is gone count"
    leave()
    fleet.admin("POST", "/sandboxes", {"name": "busy"})
    made = fleet.admin("POST", "/sandboxes/busy/webhooks", {"vendor": "shippo", "url": "inbox://shared?status=503,200"})
    fleet.admin("POST", f"/webhooks/{made['id']}/test?sandbox=busy", {})
    assert held(1)[1:] == [1, 0], "letters of an earlier sandbox of the name count"
    fleet.admin("DELETE", "/sandboxes/busy")
    for table in ("letter", "share"):
        fleet.database.sql(f"DROP TABLE left_{table}")
    # So do those of a sandbox that nobody uses any more.
    fleet.admin("POST", "/sandboxes", {"name": "idle", "ttl": "3s"})
    made = fleet.admin("POST", "/sandboxes/idle/webhooks", {"vendor": "shippo", "url": "inbox://idle"})
    fleet.admin("POST", f"/webhooks/{made['id']}/test?sandbox=idle", {})
    assert fleet.admin("GET", "/inbox/idle?wait=20s&min=1")["kept"] == 1
    wait_for("the sandbox ends", lambda: "idle" not in str(fleet.admin("GET", "/sandboxes")), 20)
    assert "idle" not in {row["name"] for row in fleet.admin("GET", "/inboxes")["inboxes"]}, "letters of an abandoned sandbox stay"


class Browser:
    """Looks at pages and sends their forms, each request by another replica; what is asked next comes at once."""

    def __init__(self, base: str):
        self.base, self.cookie = base, ""

    def ask(self, method: str, path: str, fields: dict | None = None) -> tuple[int, dict, str]:
        address = urllib.parse.urlsplit(self.base)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        body = urllib.parse.urlencode(fields) if fields is not None else None
        headers = {"cookie": self.cookie, "content-type": "application/x-www-form-urlencoded", "origin": self.base}
        connection.request(method, path, body, headers if body else {"cookie": self.cookie, "accept": "text/html"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].split(";")[0]
        return answer.status, headers, text

    def page(self, path: str, *expected: str) -> str:
        status, _, text = self.ask("GET", f"/_seatrial/ui{path}")
        assert status == 200, f"{path}: {status} {text}"
        for words in expected:
            assert words in text, f"{path} of {self.base} has no {words!r}"
        return text

    def act(self, shown: str, path: str, **fields: str) -> str:
        """Sends a form of a page that was shown; the page that it leads to."""
        token = shown.split('name="token" value="')[1].split('"')[0]
        status, headers, text = self.ask("POST", f"/_seatrial/ui{path}", {"token": token, **fields})
        assert status == 303, f"{path}: {status} {text}"
        return self.page(headers["location"].removeprefix("/_seatrial/ui"))


def pages(fleet: Fleet) -> None:
    """The page of any replica shows what all of them did, and takes the forms that another one showed."""
    browser = Browser(fleet.base)
    for _ in range(4):
        shown = browser.page("/sandboxes", "default")
        browser.act(shown, "/default/do/sandbox-create", name="looked-at", back="/_seatrial/ui/looked-at")
        home = browser.page("/looked-at", "Home")
        token = fleet.admin("GET", "/sandboxes/looked-at")["credentials"]["shippo"][0]["token"]
        shipped(fleet.base, {"authorization": f"ShippoToken {token}"})
        for replica in fleet.replicas:
            Browser(replica.base).page("/looked-at/requests", "CreateTransaction")
        # A label is there a while after it was bought.
        browser.act(home, "/looked-at/do/mode", mode="frozen")
        browser.act(home, "/looked-at/do/advance", by="1h", back="/_seatrial/ui/looked-at")
        number = fleet.admin("GET", "/sandboxes/looked-at/parcels")["parcels"][0]["tracking_number"]
        call_id = fleet.admin("GET", "/sandboxes/looked-at/requests?limit=1")["requests"][0]["id"]
        for path, expected in (
            ("/looked-at", "What happened lately"), ("/looked-at/parcels", number), (f"/looked-at/parcels/{number}", number),
            ("/looked-at/agenda", number), ("/looked-at/webhooks", "Subscri"), ("/looked-at/scenario", "Scenario"),
            ("/looked-at/contract", "shippo.CreateTransaction"), ("/looked-at/sandbox", "looked-at"), ("/looked-at/reference", "shippo"),
        ):
            for replica in fleet.replicas:
                Browser(replica.base).page(path, expected)
        browser.page(f"/looked-at/requests/{call_id}", "Why this answer")
        status, headers, _ = browser.ask("GET", f"/_seatrial/ui/go/{number}")
        assert status == 303 and headers["location"].endswith(f"/looked-at/parcels/{number}"), headers
        # Each page that follows a form is of the replica after the one that took it.
        moved = browser.act(home, "/looked-at/do/advance", by="1h", back="/_seatrial/ui/looked-at")
        times = {Browser(replica.base).page("/looked-at").split("<time datetime=\"")[1].split('"')[0] for replica in fleet.replicas}
        assert times == {moved.split('<time datetime="')[1].split('"')[0]}, times
        browser.act(home, "/looked-at/do/fault-on", name="down", fault="on: shippo.ListParcels\nfault: 503", back="/_seatrial/ui/looked-at/scenario")
        for replica in fleet.replicas:
            Browser(replica.base).page("/looked-at/scenario", "Switch off down")
        browser.act(home, "/looked-at/do/sandbox-delete", back="/_seatrial/ui/sandboxes")
        for replica in fleet.replicas:
            assert Browser(replica.base).ask("GET", "/_seatrial/ui/looked-at")[0] == 404
    # What happens on one replica is told by the stream of the page on another.
    with urllib.request.urlopen(f"{fleet.replicas[0].base}/_seatrial/ui/default/live", timeout=30) as stream:
        time.sleep(0.5)
        made(fleet.replicas[1].base)
        told_of = next(line for line in stream if b"shippo.CreateAddress" in line)
    assert b"201" in told_of, told_of


def sessions(fleet: Fleet) -> None:
    """Who has signed in at one replica has at all of them."""
    for replica in fleet.replicas:
        replica.kill()
    fleet.arguments = ("--admin-token", "known-to-few")
    for place in range(len(fleet.replicas)):
        fleet.again(place)
    browser = Browser(fleet.base)
    status, _, asked = browser.ask("GET", "/_seatrial/ui/default")
    assert status == 401 and 'type="password"' in asked, status
    home = browser.act(asked, "/login", secret="known-to-few", back="/_seatrial/ui/default")
    for _ in range(6):
        browser.page("/default/requests", "Sign out")
    browser.act(home, "/default/do/mode", mode="frozen", back="/_seatrial/ui/default")
    status, _, _ = Browser(fleet.base).ask("GET", "/_seatrial/ui/default")
    assert status == 401, status


def deliveries(fleet: Fleet) -> None:
    """Each task happens once, and each delivery is sent once, whoever is asked."""
    receiver = Receiver()
    fleet.admin("POST", "/sandboxes", {"name": "hooks", "clock": {"mode": "frozen"}})
    shippo = fleet.admin("GET", "/sandboxes/hooks")["credentials"]["shippo"][0]["token"]
    token = {"authorization": f"ShippoToken {shippo}"}
    fleet.admin("POST", "/sandboxes/hooks/webhooks", {"vendor": "shippo", "events": ["*"], "url": receiver.url})
    for _ in range(4):
        shipped(fleet.base, token)
    for _ in range(5):
        fleet.admin("POST", "/sandboxes/hooks/clock/advance", {"by": "24h"}, timeout=60)
    sent = [row for row in fleet.admin("GET", "/sandboxes/hooks/deliveries?limit=1000")["deliveries"]]
    assert sent and all(len(row["attempts"]) == 1 for row in sent), sent
    wait_for("all are told", lambda: len(set(receiver.seen)) == len(sent))
    repeated = [name for name, count in Counter(receiver.seen).items() if count > 1]
    assert not repeated, f"{repeated} were sent twice"
    # A clock that runs: nobody is asked, and all replicas see what is due.
    fleet.admin("PUT", "/sandboxes/hooks/clock", {"mode": {"speed": 86400}})
    before = len(receiver.seen)
    shipped(fleet.base, token)
    wait_for("something is told by itself", lambda: len(receiver.seen) > before)
    time.sleep(3)
    repeated = [name for name, count in Counter(receiver.seen).items() if count > 1]
    assert not repeated, f"{repeated} were sent twice"
    fleet.admin("DELETE", "/sandboxes/hooks")


def conversations(fleet: Fleet) -> None:
    """Every vendor's conversations, each step by another replica, are told as by one process."""
    with tempfile.TemporaryDirectory() as folder:
        alone = Replica(Path(folder), fleet.program, None)
        try:
            expected = told(fleet.program, alone.base)
        finally:
            alone.kill()
    found = told(fleet.program, fleet.base)
    assert found == expected, f"a fleet tells {found}, one process {expected}"
    print(found[0])


def couriers(fleet: Fleet) -> None:
    """The replica that sends webhooks is killed: the next one goes on, and repeats no more than what was on its way."""
    receiver = Receiver(0.7)
    fleet.admin("POST", "/sandboxes/default/webhooks", {"vendor": "shippo", "events": ["*"], "url": receiver.url})
    for _ in range(6):
        shipped(fleet.base, TOKEN)
    wait_for("something is sent", lambda: len(receiver.seen) > 1)
    busy = [fleet.database.sql("SELECT courier IS NOT NULL FROM seatrial_head WHERE sandbox = 'default'", name) for name in fleet.names]
    assert "t" in busy, busy
    sending = [replica for replica in fleet.replicas if replica.is_connected(receiver.port)]
    assert len(sending) == 1, sending
    sending[0].kill()
    rows = []

    def is_told() -> bool:
        rows[:] = fleet.admin("GET", "/sandboxes/default/deliveries?limit=1000")["deliveries"]
        return all(row["attempts"] for row in rows)

    wait_for("all are told", is_told, 60)
    counts = Counter(receiver.seen)
    assert set(counts) == {row["id"] for row in rows} and max(counts.values()) <= 2, counts
    assert sum(count - 1 for count in counts.values()) <= 1, f"one was on its way: {counts}"


def told(program: Path, base: str, folder: Path = ROOT / "tests/vendors") -> tuple[str, list[str]]:
    """How many conversations are told as they should be, and where the others depart, which suppose another server than that."""
    command = [str(program), "contract", "run", "--isolated", "--base-url", base, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    figures = next(line for line in said if " conversations passed, " in line)
    return figures.removeprefix(f"{base}: "), [line.strip() for line in said if line.strip().startswith("--> ")]


def overview(fleet: Fleet) -> None:
    for replica in fleet.replicas:
        assert call(replica.base, "GET", "/_seatrial/readyz")[0] == 200
    page = fleet.admin("GET", "/fleet")
    assert len(page["replicas"]) == 3 and sum(row["answers"] for row in page["replicas"]) == 1, page


def secured(fleet: Fleet) -> None:
    """By TLS, the database has to prove its name."""
    certificate = fleet.database.secure()
    url = f"{fleet.url}?sslmode=require"
    trusting = Replica(fleet.folder, fleet.program, url, None, "--database-ca", str(certificate))
    fleet.replicas.append(trusting)
    assert made(trusting.base)[0] == 201
    connections = "SELECT count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'seatrial'"
    assert fleet.database.sql(connections) == "t"
    command = [str(fleet.program), "serve", "--listen", "127.0.0.1:0", "--database", url]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert refused.returncode == 4 and "certificate" in refused.stderr, refused


def kills(fleet: Fleet) -> None:
    """Replicas are killed under load: what was answered is there."""
    load = Load(fleet.base)
    for place in (0, 1, 2, 0):
        load.grows()
        fleet.replicas[place].kill()
        load.grows()
        fleet.again(place)
    load.grows()
    load.end()
    assert set(load.statuses) <= {201, "none"}, load.statuses
    load.nothing_lost([replica.base for replica in fleet.replicas])


def crashes(fleet: Fleet) -> None:
    """The database crashes under load, and comes back: what was answered is there, the rest was refused as the vendor refuses."""
    load = Load(fleet.base)
    for _ in range(2):
        load.grows()
        fleet.database.stop("immediate")
        time.sleep(1)
        fleet.database.start()
        load.grows()
    fleet.database.stop("immediate")
    wait_for("calls are refused", lambda: load.statuses[503] > 0)
    for replica in fleet.replicas:
        wait_for("it says that it is not ready", lambda: call(replica.base, "GET", "/_seatrial/readyz")[0] == 503)
        assert call(replica.base, "GET", "/_seatrial/livez")[0] == 200
        status, problem = call(replica.base, "GET", "/_seatrial/sandboxes")
        assert status == 503, problem
    fleet.database.start()
    load.grows()
    load.end()
    for replica in fleet.replicas:
        wait_for("it is ready again", lambda: call(replica.base, "GET", "/_seatrial/readyz")[0] == 200)
    assert set(load.statuses) <= {201, 503, "none"}, load.statuses
    load.nothing_lost([replica.base for replica in fleet.replicas])


def stops(fleet: Fleet) -> None:
    """A replica is stopped for a while under load: the others go on, and it goes on with what they did."""
    load = Load(fleet.base)
    load.grows()
    place = fleet.replicas[1]
    place.signal(signal.SIGSTOP)
    ports = fleet.balancer.ports
    fleet.balancer.ports = [port for port in ports if port != place.port]
    time.sleep(8)
    load.grows()
    place.signal(signal.SIGCONT)
    fleet.balancer.ports = ports
    load.grows()
    load.end()
    load.nothing_lost([replica.base for replica in fleet.replicas])


def partitions(fleet: Fleet) -> None:
    """The wire between one replica and the database is cut, in every way: that replica refuses in the vendor's words, the others go on, and
    when the wire is mended nothing that was answered is lost, and nothing was done twice."""
    wire = Wire(fleet.database.port)
    alone = Replica(fleet.folder, fleet.program, wire.url, None, *fleet.arguments)
    fleet.replicas.append(alone)
    fleet.admin("POST", "/sandboxes", {"name": "hooks", "clock": {"mode": {"speed": 86400}}})
    shippo = fleet.admin("GET", "/sandboxes/hooks")["credentials"]["shippo"][0]["token"]
    token = {"authorization": f"ShippoToken {shippo}"}
    # Slow enough for the journal to have all of it.
    others, own = Load(fleet.base, 2, 0.1), Load(alone.base, 3, 0.1)
    for ways, how in (
        ((), {"ends": True}), ((Wire.TO, Wire.FROM), {}), ((Wire.TO,), {"loses": True}), ((Wire.FROM,), {}), ((Wire.FROM,), {"loses": True}),
    ):
        name = f"{ways} {how}"
        own.grows()
        shipped(fleet.base, token)
        before = own.statuses[503]
        wire.set(*ways, **how)
        began = time.monotonic()
        wait_for(f"calls are refused with {name}", lambda: own.statuses[503] > before, 16)
        refused = time.monotonic() - began
        assert refused < 12, f"{name}: refused after {refused:.1f} s"
        status, notes, kind = noted(alone.base)
        assert (status, "ledger-away" in notes) == (503, True), f"{name}: {status} {notes}"
        assert "problem" not in kind, kind
        for path in ("/shippo/addresses/", "/_seatrial/readyz"):
            # Anybody may ask.
            shown = str(call(alone.base, "GET", path))
            assert not any(word in shown for word in ("127.0.0.1", "connect", "server", "postgres", "user")), shown
        wait_for("it says that it is not ready", lambda: call(alone.base, "GET", "/_seatrial/readyz")[0] == 503)
        assert call(alone.base, "GET", "/_seatrial/livez")[0] == 200
        others.grows()
        wire.mend()
        wait_for("it is ready again", lambda: call(alone.base, "GET", "/_seatrial/readyz")[0] == 200)
        own.grows(20, 40)
    for load in (others, own):
        load.end()
    assert set(others.statuses) <= {201}, others.statuses
    assert set(own.statuses) <= {201, 503}, own.statuses
    assert not set(others.made) & set(own.made), "an id was given twice"
    others.made += own.made
    others.nothing_lost([replica.base for replica in fleet.replicas])
    # What becomes due of a parcel happened once, and in order.
    for row in fleet.admin("GET", "/sandboxes/hooks/parcels?limit=100")["parcels"]:
        events = fleet.admin("GET", f"/parcels/{row['tracking_number']}?sandbox=hooks")["events"]
        times = [event["at"] for event in events]
        assert times == sorted(set(times)), events
    # A sandbox that is gone has left its latest commits behind.
    fleet.admin("DELETE", "/sandboxes/hooks")
    assert fleet.database.sql("SELECT count(*) > 0 FROM seatrial_gone") == "t"
    assert fleet.database.sql("SELECT count(*) FROM seatrial_record WHERE sandbox = 'hooks'") == "0"


def streams(fleet: Fleet) -> None:
    """A stream shows what is committed, once, also where the answer of a commit is lost; a call that is refused has no name."""
    wire = Wire(fleet.database.port)
    alone = Replica(fleet.folder, fleet.program, wire.url, None, *fleet.arguments)
    fleet.replicas.append(alone)
    shown, is_open = [], threading.Event()

    def watch() -> None:
        with urllib.request.urlopen(f"{alone.base}/_seatrial/sandboxes/default/requests/stream", timeout=60) as stream:
            is_open.set()
            for line in stream:
                if line.startswith(b"id: "):
                    shown.append(line[4:].decode().strip())

    def make() -> tuple[int, str | None]:
        headers = {**TOKEN, "content-type": "application/json"}
        request = urllib.request.Request(f"{alone.base}/shippo/addresses/", json.dumps(ADDRESS).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["seatrial-request"]
        except urllib.error.HTTPError as error:
            assert "ledger-away" in error.headers["seatrial-notes"]
            return error.code, error.headers["seatrial-request"]

    threading.Thread(target=watch, daemon=True).start()
    assert is_open.wait(20)
    names = []
    for misses in (None, Wire.ANSWER, None, Wire.COMMIT, None, Wire.ANSWER):
        wire.misses = misses
        status, name = make()
        if misses == Wire.COMMIT:
            assert (status, name) == (503, None), (status, name)
            wire.mend()
            wait_for("it is ready again", lambda: call(alone.base, "GET", "/_seatrial/readyz")[0] == 200)
        else:
            assert status == 201, status
            names.append(name)
            wait_for(f"{name} is shown", lambda: shown == names)
    rows = fleet.admin("GET", "/sandboxes/default/requests")["requests"]
    assert [row["id"] for row in rows] == names == shown, (rows, names, shown)
    # A letter is there once as well.
    for count in range(1, 4):
        wire.misses = Wire.ANSWER
        assert call(alone.base, "POST", "/_seatrial/inbox/lost", {"number": count})[0] == 200
        assert wire.misses is None and call(fleet.base, "GET", "/_seatrial/inbox/lost")[1]["received"] == count


def noted(base: str, path: str = "/shippo/addresses", token: dict = TOKEN) -> tuple[int, str, str]:
    """How a call is answered, with its notes, and in which type."""
    request = urllib.request.Request(f"{base}{path}", headers=token)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers.get("seatrial-notes", ""), answer.headers["content-type"]
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("seatrial-notes", ""), error.headers["content-type"]


def spread(fleet: Fleet) -> None:
    """Sandboxes are spread over databases: any replica has all of them, and one database that is away takes only its own with it."""
    names = [f"part{number}" for number in range(8)]
    for name in names:
        fleet.admin("POST", "/sandboxes", {"name": name})
    list_of = "SELECT coalesce(string_agg(sandbox, ' '), '') FROM seatrial_head"
    parts = {name: set(fleet.database.sql(list_of, name).split()) for name in fleet.names}
    assert all(parts.values()) and sum(map(len, parts.values())) == len(names) + 1, parts
    assert set().union(*parts.values()) == {"default", *names}, parts
    for replica in fleet.replicas:
        assert len(fleet.admin("GET", "/sandboxes", base=replica.base)["sandboxes"]) == len(names) + 1
    folder = ROOT / "tests/vendors/shippo"
    with tempfile.TemporaryDirectory() as temporary:
        alone = Replica(Path(temporary), fleet.program, None)
        try:
            expected = told(fleet.program, alone.base, folder)
        finally:
            alone.kill()
    found = told(fleet.program, fleet.base, folder)
    assert found == expected, f"a fleet tells {found}, one process {expected}"
    fleet.database.sql("CREATE DATABASE third")
    # The addresses of some, others, or one twice are refused; another order is none.
    url = fleet.database.address
    for given, why in (
        ([url("postgres")], f"`127.0.0.1:{fleet.database.port}/second` is not among these"),
        ([url("postgres"), url("second"), url("third")], "is none of them"),
        ([url("second"), url("second")], "are the same database"),
        ([url("postgres"), url("postgres").replace("127.0.0.1", "localhost"), url("second")], "are the same database"),
    ):
        arguments = [part for address in given for part in ("--database", address)]
        command = [str(fleet.program), "serve", "--listen", "127.0.0.1:0", *arguments]
        refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert refused.returncode == 2 and why in refused.stderr, refused
    arguments = ("--database", url("second"), "--database", url("postgres"))
    fleet.replicas.append(Replica(fleet.folder, fleet.program, None, None, *arguments))
    own, other = sorted(fleet.names, key=lambda name: "default" not in parts[name])
    lost, kept = sorted(parts[other])[0], sorted(parts[own] - {"default"})[0]
    waiting = threading.Thread(target=fleet.admin, args=("GET", f"/sandboxes/{kept}/requests?wait=20s&min=1"))
    fleet.database.sql(f"ALTER DATABASE {other} ALLOW_CONNECTIONS false", own)
    cut = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{other}'"
    fleet.database.sql(cut, own)
    waiting.start()
    for replica in fleet.replicas:
        base = f"{replica.base}/@{{}}/shippo".format
        assert call(base(lost), "GET", "/addresses/", headers=TOKEN)[0] == 503
        assert call(base(kept), "GET", "/addresses/", headers=TOKEN)[0] == 401
        assert made(replica.base)[0] == 201
        wait_for("it says which one is away", lambda: "away" in call(replica.base, "GET", "/_seatrial/readyz")[1])
        status, health = call(replica.base, "GET", "/_seatrial/readyz")
        expected_away = [[f"the sandboxes of database {place} of 2 are out of service"] for place in (1, 2)]
        assert status == 200 and health["away"] in expected_away, health
        assert f"/{other}: " in str(call(replica.base, "GET", "/_seatrial/fleet")), "who has the token is told which one, and why"
        assert call(replica.base, "GET", "/_seatrial/sandboxes")[0] == 503
    waiting.join(10)
    assert not waiting.is_alive(), "who waits in a sandbox of the others hears of it"
    fleet.database.sql(f"ALTER DATABASE {other} ALLOW_CONNECTIONS true", own)
    for replica in fleet.replicas:
        wait_for("it is there again", lambda: call(replica.base, "GET", "/_seatrial/readyz")[1] == {"status": "ok"})
        assert call(f"{replica.base}/@{lost}/shippo", "GET", "/addresses/", headers=TOKEN)[0] == 401
    fleet.admin("DELETE", f"/sandboxes/{lost}")


def rights(fleet: Fleet) -> None:
    """A role needs no right to make tables that are there; one that may not write everything is told, and asked for no calls."""
    sql = fleet.database.sql
    sql("CREATE ROLE lesser LOGIN")
    sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser")
    sql("GRANT USAGE ON SEQUENCE seatrial_life TO lesser")
    lesser = Replica(fleet.folder, fleet.program, fleet.url.replace("seatrial@", "lesser@"))
    fleet.replicas.append(lesser)
    assert made(lesser.base)[0] == 201
    status = lambda: call(lesser.base, "GET", "/_seatrial/readyz")[0]  # noqa: E731
    for right, table in (("INSERT", "seatrial_record"), ("UPDATE", "seatrial_head"), ("USAGE", "seatrial_life")):
        sql(f"REVOKE {right} ON {table} FROM lesser" if right != "USAGE" else f"REVOKE USAGE ON SEQUENCE {table} FROM lesser")
        wait_for(f"no {right} on {table}", lambda: status() == 503)
        told_of = fleet.admin("GET", "/fleet", base=lesser.base)["away"]
        assert told_of == [f"the database is away: the role of its address has no {right} on {table}"], told_of
        assert call(fleet.replicas[0].base, "GET", "/_seatrial/readyz")[0] == 200, "the others have another role"
        sql(f"GRANT {right} ON {table} TO lesser" if right != "USAGE" else f"GRANT USAGE ON SEQUENCE {table} TO lesser")
        wait_for("the right again", lambda: status() == 200)
    assert made(lesser.base)[0] == 201


def formats(fleet: Fleet) -> None:
    """Replicas write a later format only when all of them read it, and do not start when they do not read what is written."""

    def asks(*words: str, url: str = "") -> subprocess.CompletedProcess:
        command = [str(fleet.program), *words, "--database", url or fleet.url]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    fleet.database.sql("CREATE DATABASE empty")
    for word in ("status", "upgrade"):
        refused = asks("fleet", word, url=fleet.database.address("empty"))
        assert refused.returncode == 2 and "there is no fleet in it" in refused.stderr, refused
    assert fleet.database.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'seatrial%'", "empty") == "0", "looking makes no tables"
    told_of = asks("fleet", "status")
    assert told_of.returncode == 0 and "3 replicas write format 2;" in told_of.stdout, told_of
    assert told_of.stdout.count("reads formats up to 2,") == 3, told_of
    page = fleet.admin("GET", "/fleet")
    assert page["format"] == 2 and [row["reads"] for row in page["replicas"]] == [2] * 3, page
    done = asks("fleet", "upgrade")
    assert done.returncode == 0 and "all replicas write format 2 already" in done.stdout, done
    for replica in fleet.replicas:
        replica.kill()
    # As when all of them were of an earlier version, and one still is.
    fleet.database.sql("UPDATE seatrial_format SET format = 0")
    fleet.database.sql("INSERT INTO seatrial_replica (id, version, seen, reads) VALUES (7, '0.0.9', clock_timestamp(), 0)")
    refused = asks("fleet", "upgrade")
    assert refused.returncode == 1 and "0000000000000007: version 0.0.9, reads formats up to 0," in refused.stderr, refused
    assert refused.stderr.count("version") == 1 and fleet.database.sql("SELECT format FROM seatrial_format") == "0", refused
    fleet.database.sql("DELETE FROM seatrial_replica WHERE id = 7")
    done = asks("fleet", "upgrade")
    assert done.returncode == 0 and "all replicas write format 2 from now on; it was 0" in done.stdout, done
    assert fleet.database.sql("SELECT format FROM seatrial_format") == "2"
    fleet.again(0)
    fleet.database.sql("UPDATE seatrial_format SET format = 3")
    refused = asks("serve", "--listen", "127.0.0.1:0")
    assert refused.returncode == 4 and "writes format 3" in refused.stderr, refused


def routed(fleet: Fleet) -> None:
    """What a cluster needs that distributes tables by `sandbox`: each statement of a call names one, and so does every key."""
    script = (ROOT / "deploy/fleet/citus.sql").read_text()
    tables = [line.split("'")[1] for line in script.splitlines() if line.startswith("SELECT create_distributed_table(")]
    # Letters and their shares are of inboxes, which stay in one place, as what belongs to the whole fleet does.
    with_column = """SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.columns
        WHERE column_name = 'sandbox' AND table_name NOT IN ('seatrial_letter', 'seatrial_share')"""
    assert fleet.database.sql(with_column).split() == sorted(tables), "a table of sandboxes is not distributed"
    keys = f"""SELECT count(*), count(*) FILTER (WHERE attname = 'sandbox') FROM pg_index JOIN pg_attribute
        ON attrelid = indrelid AND attnum = indkey[0] WHERE indisunique AND indrelid::regclass::text IN ('{"','".join(tables)}')"""
    assert fleet.database.sql(keys) == f"{len(tables)}|{len(tables)}", "keys begin with the sandbox"
    fleet.admin("POST", "/sandboxes", {"name": "mine"})
    log = fleet.database.folder / "server.log"
    # What begins to be logged is not what a connection is in the middle of.
    fleet.database.sql("ALTER SYSTEM SET log_statement = 'all'")
    fleet.database.sql("SELECT pg_reload_conf()")
    time.sleep(0.5)
    before = len(log.read_bytes())
    for _ in range(4):
        shipped(fleet.base, TOKEN)
    fleet.admin("POST", "/sandboxes/mine/fork", {"name": "other"})
    fleet.admin("POST", "/sandboxes/other/clock/advance", {"by": "1h"})
    fleet.admin("DELETE", "/sandboxes/other/requests")
    fleet.admin("DELETE", "/sandboxes/other")
    said = [part.split("\n20")[0] for part in log.read_bytes()[before:].decode().split("execute <unnamed>: ")[1:]]
    said = [" ".join(statement.split()) for statement in said]
    own = {statement for statement in said if any(table in statement for table in tables)}
    # What looks at all sandboxes, and what tidies up after those that were removed.
    others = {statement for statement in own if "WHERE life > $1" in statement or "sandbox = ANY($1)" in statement}
    others |= {statement for statement in own if statement.startswith(("DELETE FROM seatrial_gone WHERE at <", "SELECT DISTINCT sandbox FROM"))}
    routes = ("sandbox = $1", "(sandbox, life, version, before, token, events) VALUES ($1,")
    for statement in own - others:
        begins = statement.startswith("INSERT INTO seatrial_exchange SELECT $1,")
        assert begins or any(route in statement for route in routes), statement
        for table in tables:
            for word in ("UPDATE", "DELETE FROM"):
                for part in statement.split(f"{word} {table} ")[1:]:
                    assert "sandbox = $1" in part, statement
    kinds = Counter(statement.split()[0] for statement in own - others)
    assert {"SELECT", "UPDATE", "DELETE", "WITH"} <= kinds.keys(), kinds


def trips(fleet: Fleet) -> None:
    """What `docs/fleet.md` says of the costs: a call takes two trips, and calls that come together share them."""
    meter = Meter(fleet.database.port)
    replica = Replica(fleet.folder, fleet.program, meter.url)
    fleet.replicas.append(replica)
    _, number = made(replica.base)
    calls = {
        "that writes": lambda: made(replica.base)[0] == 201,
        "that reads": lambda: call(replica.base, "GET", f"/shippo/addresses/{number}", headers=TOKEN)[0] == 200,
        "that is refused": lambda: call(replica.base, "GET", "/shippo/addresses/none", headers=TOKEN)[0] == 404,
    }
    for kind, ask in calls.items():
        meter.forget()
        assert all(ask() for _ in range(20))
        assert meter.commits() == [2] * 20, f"a call {kind}: {meter.commits()}"
    meter.forget()
    meter.gate.clear()
    waiting = [http.client.HTTPConnection("127.0.0.1", replica.port, timeout=30) for _ in range(32)]
    for connection in waiting:
        connection.request("GET", f"/shippo/addresses/{number}", headers=TOKEN)
    meter.gate.set()
    assert {connection.getresponse().status for connection in waiting} == {200}
    assert len(meter.commits()) <= 8 and max(meter.commits()) == 2, meter.commits()


def large(fleet: Fleet) -> None:
    """A sandbox of much data is written in parts beside the calls, also where a replica is killed while it does that; one that begins reads it."""
    body = {**ADDRESS, "street1": "x" * 400_000}
    sql = fleet.database.sql
    # Parts of one that is being written, and of the one that counts.
    parts = """SELECT count(*) FILTER (WHERE part.token IS DISTINCT FROM checkpoint_parts), count(*) FILTER (WHERE part.token = checkpoint_parts)
        FROM seatrial_head JOIN seatrial_part AS part USING (sandbox) WHERE sandbox = 'default'"""
    made, writer, other = [], fleet.replicas[1], fleet.replicas[0]

    def add(base: str) -> None:
        status, answer = call(base, "POST", "/shippo/addresses/", body, TOKEN)
        assert status == 201, (status, str(answer)[:200])
        made.append(answer["object_id"])

    def counted() -> int:
        return int(sql(parts).split("|")[1])

    for _ in range(40):
        add(writer.base)
    wait_for("a checkpoint counts", lambda: counted() > 10)
    # The next one is made when as much has been written again.
    for _ in range(400):
        add(writer.base)
        if int(sql(parts).split("|")[0]) > 0:
            break
    before = counted()
    writer.kill()
    began, latest = int(sql(parts).split("|")[0]), sql("SELECT checkpoint FROM seatrial_head WHERE sandbox = 'default'")
    assert 0 < began, "it was killed while it wrote parts"
    slowest = 0.0
    while sql("SELECT checkpoint FROM seatrial_head WHERE sandbox = 'default'") == latest:
        begun = time.monotonic()
        add(other.base)
        slowest = max(slowest, time.monotonic() - begun)
        time.sleep(0.2)
    assert slowest < 5 and counted() > before, f"{slowest} s, {counted()} parts after {before}"
    fleet.admin("POST", "/sandboxes/default/fork", {"name": "copy"})
    again = fleet.again(1)
    for path in ("", "/@copy"):
        token = TOKEN
        if path:
            sandbox = fleet.admin("GET", "/sandboxes/copy", base=again.base)
            token = {"authorization": f"ShippoToken {sandbox['credentials']['shippo'][0]['token']}"}
        for number in (made[0], made[len(made) // 2], made[-1]):
            status, answer = call(again.base, "GET", f"{path}/shippo/addresses/{number}", headers=token)
            assert status == 200 and len(answer["street1"]) == 400_000, (path, number, status)
    assert "overdue" not in fleet.admin("GET", "/fleet", base=other.base)
    fleet.admin("DELETE", "/sandboxes/copy")


CHECKS = [
    lifecycle, again, unread, silence, held, waits, inboxes, senders, common, pages, sessions, deliveries, overview, formats, rights, routed, trips, large,
    secured, conversations, couriers, kills, stops, partitions, streams, crashes,
]
POOLED = [lifecycle, waits, deliveries, kills]
SPREAD = [spread, lifecycle, deliveries, couriers, kills, crashes]
MORE = ("second",)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, default=ROOT / "target/quick/seatrial")
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    failed = 0
    ways = (("", CHECKS, False, ()), (" through pgbouncer", POOLED, True, ()), (" on two databases", SPREAD, False, MORE))
    for title, checks, bouncer, more in ways:
        for check in checks:
            name = f"{check.__name__}{title}"
            if arguments.only and name not in arguments.only:
                continue
            began = time.monotonic()
            try:
                with Fleet(arguments.program, 3, bouncer, more) as fleet:
                    check(fleet)
                print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception:  # noqa: BLE001 - all checks are told
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
