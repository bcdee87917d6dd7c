"""A sandbox over the admin API: thin, typed, and with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

Json = Any


class Problem(Exception):
    """The server says no; `status` and `detail` are its own words."""

    def __init__(self, status: int, detail: str, document: Json = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.document = document


class Admin:
    """The admin API of a running server."""

    def __init__(self, address: str, token: str | None = None, timeout: float = 30.0) -> None:
        self.address = address.rstrip("/")
        self._token = token
        self._timeout = timeout
        # Proxies of the environment are for the world outside.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, method: str, path: str, body: Json = None, timeout: float | None = None, yaml: str | None = None) -> Json:
        data = yaml.encode() if yaml is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/_seatrial{path}", data=data, method=method)
        if data is not None or method == "POST":
            request.add_header("Content-Type", "application/json" if yaml is None else "application/yaml")
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=self._timeout if timeout is None else timeout) as answer:
                return _read(answer.read(), answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            with error:
                document = _read(error.read(), error.headers.get("Content-Type", ""))
            detail = document.get("detail", "") if isinstance(document, dict) else str(document)
            raise Problem(error.code, detail, document) from None


def _read(body: bytes, kind: str) -> Json:
    if not body:
        return None
    return json.loads(body) if "json" in kind and "ndjson" not in kind else body.decode()


@dataclass(frozen=True)
class Call:
    """A call that was made to a vendor.

    `status` is what the caller received, `None` if no answer went out; `wire` says how it ended. `answer` was made, whether it went
    out or not; it is `None` if none was made.
    """

    id: str
    at: datetime
    vendor: str
    operation: str | None
    method: str
    target: str
    status: int | None
    wire: dict[str, Json]
    notes: list[dict[str, str]]
    effect: dict[str, Json] | None
    request: dict[str, Json]
    answer: dict[str, Json] | None

    @classmethod
    def read(cls, row: Mapping[str, Json]) -> Call:
        members = {name: row[name] for name in cls.__dataclass_fields__ if name != "at"}
        return cls(at=_time(row["at"]), **members)


@dataclass(frozen=True)
class Parcel:
    """A parcel of any vendor."""

    vendor: str
    tracking_number: str
    carrier: str
    service: str
    subject: str
    status: str
    events: list[dict[str, Json]]

    @classmethod
    def read(cls, row: Mapping[str, Json]) -> Parcel:
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Finding:
    """The verdict on one expectation: `passed`, `failed`, or `unknown` when the evidence does not suffice.

    `calls` are the first calls that it is based on, in a line each; there are `more`.
    """

    expectation: str
    verdict: str
    detail: str
    evidence: list[str]
    calls: list[str]
    more: int

    def __str__(self) -> str:
        rows = [f"{self.verdict}: {self.expectation}", f"  {self.detail}", *(f"    {call}" for call in self.calls)]
        return "\n".join(rows + ([f"    and {self.more} more"] if self.more else []))


@dataclass(frozen=True)
class Unused:
    """Something that was prepared and had no effect: an `override`, a `timeline` or a `fault`."""

    what: str
    name: str
    line: int | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.line is None else f" in line {self.line} of the scenario"
        return f"{self.what} `{self.name}`{place} had no effect: {self.detail}"


@dataclass(frozen=True)
class Report:
    """The verdict on all of them. What is `unused` changes no verdict."""

    verdict: str
    findings: list[Finding]
    dropped: int
    unused: list[Unused]

    @classmethod
    def read(cls, answer: Mapping[str, Json]) -> Report:
        findings = [Finding(**row) for row in answer["findings"]]
        return cls(answer["verdict"], findings, answer["dropped"], [Unused(**row) for row in answer["unused"]])

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    def check(self) -> None:
        """Raises `AssertionError` unless everything holds."""
        if not self.passed:
            rows = [f"  {line}" for row in self.findings if row.verdict != "passed" for line in str(row).splitlines()]
            rows += [f"  note: {row}" for row in self.unused]
            raise AssertionError("expectations are not met\n" + "\n".join(rows))


class Clock:
    """The virtual clock of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def now(self) -> datetime:
        return _time(self._sandbox.ask("GET", "/clock")["now"])

    def advance(self, by: str | timedelta) -> int:
        """Moves the time by a span such as `72h`; how much happened on the way."""
        span = f"{int(by.total_seconds() * 1000)}ms" if isinstance(by, timedelta) else by
        fired: int = self._sandbox.ask("POST", "/clock/advance", {"by": span})["fired"]
        return fired

    def advance_to(self, to: datetime) -> int:
        fired: int = self._sandbox.ask("POST", "/clock/advance", {"to": to.isoformat()})["fired"]
        return fired

    def freeze(self) -> None:
        self._sandbox.ask("PUT", "/clock", {"mode": "frozen"})


class Parcels:
    """The parcels of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __iter__(self) -> Iterator[Parcel]:
        page = self._sandbox.ask("GET", "/parcels")
        yield from map(Parcel.read, page["parcels"])
        while after := page.get("next"):
            page = self._sandbox.ask("GET", f"/parcels?after={_quoted(after)}")
            yield from map(Parcel.read, page["parcels"])

    def get(self, tracking_number: str) -> Parcel:
        return self._ask("GET", tracking_number, "")

    def next(self, tracking_number: str) -> Parcel:
        """Has the next step of its timeline happen now."""
        return self._ask("POST", tracking_number, "/next", {})

    def event(self, tracking_number: str, status: str, **more: Json) -> Parcel:
        """Has something happen to it now: `code`, `message` and `location` may say more."""
        return self._ask("POST", tracking_number, "/events", {"status": status, **more})

    def _ask(self, method: str, tracking_number: str, what: str, body: Json = None) -> Parcel:
        path = f"/parcels/{_quoted(tracking_number)}{what}?sandbox={_quoted(self._sandbox.name)}"
        return Parcel.read(self._sandbox.admin.ask(method, path, body))


class Sandbox:
    """A sandbox, removed when its `with` block ends."""

    def __init__(self, admin: Admin, made: Mapping[str, Json]) -> None:
        self.admin = admin
        self.name: str = made["name"]
        self.urls: dict[str, str] = dict(made["urls"])
        self.credentials: dict[str, list[dict[str, Json]]] = dict(made["credentials"])
        self.clock = Clock(self)
        self.parcels = Parcels(self)

    @classmethod
    def make(
        cls,
        admin: Admin,
        *,
        name: str | None = None,
        scenario: str | Mapping[str, Json] | None = None,
        seed: int | None = None,
        frozen_at: str | None = None,
        ttl: str | None = None,
    ) -> Sandbox:
        clock = None if frozen_at is None else {"start": frozen_at, "mode": "frozen"}
        wanted = {"name": name, "scenario": scenario, "seed": seed, "clock": clock, "ttl": ttl}
        return cls(admin, admin.ask("POST", "/sandboxes", {key: value for key, value in wanted.items() if value is not None}))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.delete()

    def ask(self, method: str, path: str, body: Json = None, timeout: float | None = None) -> Json:
        """Asks a route of the admin API below `/sandboxes/{name}`."""
        return self.admin.ask(method, f"/sandboxes/{_quoted(self.name)}{path}", body, timeout)

    def url(self, vendor: str) -> str:
        """Where a vendor is in this sandbox; its own paths follow."""
        return self.urls[vendor]

    def credential(self, vendor: str, member: str) -> str:
        """A member of the first credential that has it, such as `token`, `api_key` or `password`."""
        found: str | None = next((row[member] for row in self.credentials[vendor] if member in row), None)
        if found is None:
            raise KeyError(f"no credential of {vendor} has {member!r}; there are {[sorted(row) for row in self.credentials[vendor]]}")
        return found

    def calls(self, **filters: str) -> list[Call]:
        """The calls that were made, oldest first; filters are those of the admin API: `operation="shippo.CreateAddress"`."""
        query = urllib.parse.urlencode({"limit": "1000000", **filters})
        return [Call.read(row) for row in self.ask("GET", f"/requests?{query}")["requests"]]

    def wait_for_call(self, *, seconds: float = 5.0, count: int = 1, **filters: str) -> list[Call]:
        """The same, as soon as there are so many; `TimeoutError` if there never are."""
        query = urllib.parse.urlencode({"wait": f"{int(seconds * 1000)}ms", "min": str(count), **filters})
        rows = self.ask("GET", f"/requests?{query}", timeout=seconds + 10)["requests"]
        if len(rows) < count:
            raise TimeoutError(f"{len(rows)} of {count} calls came within {seconds} seconds")
        return [Call.read(row) for row in rows]

    def forget_calls(self, **filters: str) -> None:
        self.ask("DELETE", f"/requests?{urllib.parse.urlencode(filters)}")

    @contextmanager
    def fault(self, name: str, **override: Json) -> Iterator[None]:
        """Has something go wrong within a `with` block: an entry of a scenario's `overrides`."""
        self.ask("PUT", f"/faults/{_quoted(name)}", override)
        try:
            yield
        finally:
            self.ask("DELETE", f"/faults/{_quoted(name)}")

    def verify(self, expectations: Sequence[Mapping[str, Json]] | None = None) -> Report:
        """Judges expectations, entries of a scenario's `expect`; without any, those of the scenario at work."""
        return Report.read(self.ask("POST", "/verify", None if expectations is None else {"expect": list(expectations)}))

    def expect(self, expectations: Sequence[Mapping[str, Json]]) -> None:
        """Raises `AssertionError` unless the expectations hold."""
        self.verify(expectations).check()

    def export_calls(self, format: str = "har", *, secrets: bool = False) -> Json:
        """The journal as `har`, `ndjson`, `curl` or `conversation`; with `secrets` so that the calls can be made again."""
        return self.ask("GET", f"/requests/export?format={_quoted(format)}&secrets={'show' if secrets else 'hide'}")

    def play(self, vendor: str, conversation: str) -> dict[str, Json]:
        """Makes the calls of a conversation, with this sandbox's credentials, and tells where it goes otherwise."""
        path = f"/sandboxes/{_quoted(self.name)}/conversations?vendor={_quoted(vendor)}"
        played: dict[str, Json] = self.admin.ask("POST", path, yaml=conversation)
        return played

    def load(self, scenario: str | Mapping[str, Json]) -> None:
        """Begins anew under another scenario."""
        text = scenario if isinstance(scenario, str) else json.dumps(scenario)
        self.admin.ask("PUT", f"/sandboxes/{_quoted(self.name)}/scenario", yaml=text)

    def reset(self, *, seed: int | None = None) -> None:
        """Back to the beginning; what comes next is drawn from `seed`, if there is one."""
        self.ask("POST", "/reset", None if seed is None else {"seed": seed})

    def snapshot(self, name: str = "default") -> None:
        self.ask("POST", "/snapshot", {"name": name})

    def restore(self, name: str = "default") -> None:
        self.ask("POST", "/restore", {"name": name})

    def fork(self, name: str | None = None, *, seed: int | None = None) -> Sandbox:
        """A copy that goes its own way, with credentials of its own; what comes next is drawn from `seed`, or from its name."""
        wanted = {"name": name, "seed": seed}
        return Sandbox(self.admin, self.ask("POST", "/fork", {key: value for key, value in wanted.items() if value is not None}))

    def export(self) -> Json:
        """The sandbox as a file, for `Server.load_sandbox`."""
        return self.ask("GET", "/export")

    def webhook(self, vendor: str, url: str, **more: Json) -> str:
        """Subscribes as the vendor's portal does; the id of the subscription."""
        made: str = self.ask("POST", "/webhooks", {"vendor": vendor, "url": url, **more})["id"]
        return made

    def deliveries(self, **filters: str) -> list[dict[str, Json]]:
        """What subscribers were told."""
        rows: list[dict[str, Json]] = self.ask("GET", f"/deliveries?{urllib.parse.urlencode(filters)}")["deliveries"]
        return rows

    def delete(self) -> Report | None:
        """Removes it, and tells what was not as it should be; nothing when it was gone already."""
        try:
            return Report.read(self.ask("DELETE", ""))
        except Problem as problem:
            if problem.status != 404:
                raise
            return None


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _time(text: str) -> datetime:
    text = text.replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:
        # Python before 3.11 reads three or six digits of a second only.
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits):]}"
    return datetime.fromisoformat(text)
