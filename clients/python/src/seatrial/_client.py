"""A sandbox over the admin API: thin and typed."""

from __future__ import annotations

import json
import posixpath
import re
import urllib.parse
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ._admin import Admin, Json, Problem, quoted
from .scenario import Expectation
from .scenario import Scenario as ScenarioObject

T = TypeVar("T")

#: A scenario: a mapping, its text in YAML, the name of a built-in one, or a file (`Path`, or a text that ends in `.yaml` or `.yml`).
Scenario = str | Path | Mapping[str, Json] | ScenarioObject


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
    #: The trace that it belongs to, by its header `traceparent`: `trace_id`, `parent_id`, and `state` if there is one.
    trace: dict[str, str] | None = None

    @classmethod
    def read(cls, row: Mapping[str, Json]) -> Call:
        members = {name: row[name] for name in cls.__dataclass_fields__ if name not in ("at", "trace")}
        return cls(at=_time(row["at"]), trace=row.get("trace"), **members)

    def __str__(self) -> str:
        end = self.wire["end"] if self.status is None else str(self.status)
        notes = ", ".join(f"{note['code']} {note['where']}".rstrip() for note in self.notes)
        words = [self.method, self.target, end, self.operation or self.vendor, f"({notes})" if notes else ""]
        words += [] if self.effect is None else [f"{self.effect['kind']} `{self.effect['name']}`"]
        return " ".join(filter(None, words))


#: How many calls a failed test shows.
_SHOWN = 50


def in_lines(calls: Sequence[Call]) -> list[str]:
    """The newest calls, in a line each."""
    before = len(calls) - _SHOWN
    return ([f"{before} more before these"] if before > 0 else []) + [str(call) for call in calls[-_SHOWN:]]


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
    upcoming: list[dict[str, Json]]

    @classmethod
    def read(cls, row: Mapping[str, Json]) -> Parcel:
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Finding:
    """The verdict on one expectation: `passed`, `failed`, or `unknown` when the evidence does not suffice.

    `calls` are the first calls that it is based on, in a line each; there are `more`. `others` do not count, and say why.
    """

    expectation: str
    file: str
    line: int
    column: int
    verdict: str
    detail: str
    evidence: list[str]
    calls: list[str]
    more: int
    others: list[str]

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        rows = [f"{self.verdict}: {place}: {self.expectation}", f"  {self.detail}", *(f"    {call}" for call in self.calls)]
        rows += [f"    and {self.more} more"] if self.more else []
        return "\n".join(rows + [f"    does not count: {other}" for other in self.others])


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
    unmatched: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, answer: Mapping[str, Json]) -> Report:
        findings = [Finding(**{name: row[name] for name in Finding.__dataclass_fields__}) for row in answer["findings"]]
        unused = [Unused(**row) for row in answer["unused"]]
        return cls(answer["verdict"], findings, answer["dropped"], unused, answer["unmatched"])

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    def check(self, calls: Sequence[Call] = ()) -> None:
        """Raises `UnmetExpectations`, which shows the calls too, unless everything holds."""
        if not self.passed:
            raise UnmetExpectations(self, calls)


class UnmetExpectations(AssertionError):
    """Expectations that do not hold, or cannot be shown to."""

    def __init__(self, report: Report, calls: Sequence[Call] = ()) -> None:
        rows = [f"  {line}" for row in report.findings if row.verdict != "passed" for line in str(row).splitlines()]
        rows += [f"  note: {row}" for row in report.unused]
        rows += [f"  met no vendor: {line}" for line in report.unmatched]
        rows += ["calls:", *(f"  {line}" for line in in_lines(calls))] if calls else []
        super().__init__("\n".join(["expectations are not met", *rows]))
        self.report = report


@dataclass(frozen=True)
class Webhook:
    """A subscription. `secret` is what bodies are signed with, or what is sent along; `warnings` say why nothing will reach it."""

    id: str
    vendor: str
    account: str
    url: str
    events: list[str]
    secret: str | None
    active: bool
    paused: Json
    warnings: list[str]

    @classmethod
    def read(cls, row: Mapping[str, Json]) -> Webhook:
        return cls(**{name: row.get(name, []) for name in cls.__dataclass_fields__})


class Inbox:
    """A receiver of webhooks that the server has built in; `url` is where it receives."""

    def __init__(self, admin: Admin, name: str) -> None:
        self._admin = admin
        self._path = f"/inbox/{quoted(name)}"
        self.url = f"{admin.address}/_seatrial{self._path}"
        # A server with a token receives in those inboxes only that were read once.
        self.letters()

    def letters(self, *, secrets: bool = False) -> list[dict[str, Json]]:
        """What came, oldest first; with `secrets` so that signatures can be checked."""
        return self._read({}, secrets)

    def wait(self, *, seconds: float = 5.0, count: int = 1, secrets: bool = False) -> list[dict[str, Json]]:
        """The same, as soon as there are so many; `TimeoutError` if there never are."""
        letters = self._read({"wait": f"{int(seconds * 1000)}ms", "min": str(count)}, secrets, seconds + 10)
        if len(letters) < count:
            raise TimeoutError(f"{len(letters)} of {count} letters came within {seconds} seconds")
        return letters

    def clear(self) -> None:
        self._admin.ask("DELETE", self._path)

    def _read(self, query: dict[str, str], secrets: bool, timeout: float | None = None) -> list[dict[str, Json]]:
        query["secrets"] = "show" if secrets else "hide"
        answer = self._admin.ask("GET", f"{self._path}?{urllib.parse.urlencode(query)}", timeout=timeout)
        letters: list[dict[str, Json]] = answer["letters"]
        return letters


class Fault:
    """A fault that is on, until its `with` block ends, `off` is called, or the sandbox is removed."""

    def __init__(self, sandbox: Sandbox, name: str, override: Mapping[str, Json]) -> None:
        self._sandbox = sandbox
        self._path = f"/faults/{quoted(name)}"
        sandbox.ask("PUT", self._path, override)

    def off(self) -> None:
        self._sandbox.ask("DELETE", self._path)

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.off()


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
        fired: int = self._sandbox.ask("POST", "/clock/advance", {"by": span, "wait": True})["fired"]
        return fired

    def advance_to(self, to: datetime) -> int:
        fired: int = self._sandbox.ask("POST", "/clock/advance", {"to": to.isoformat(), "wait": True})["fired"]
        return fired

    def freeze(self) -> None:
        self._sandbox.ask("PUT", "/clock", {"mode": "frozen"})


class Parcels:
    """The parcels of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __iter__(self) -> Iterator[Parcel]:
        return iter(self.all())

    def all(self, **filters: str) -> list[Parcel]:
        """All of them, or those that fit: `vendor`, `status` (several with commas), `timeline`, `q`."""
        found: list[Parcel] = []
        while True:
            page = self._sandbox.ask("GET", f"/parcels?{urllib.parse.urlencode(filters)}")
            found.extend(map(Parcel.read, page["parcels"]))
            if page["next"] is None:
                return found
            filters["after"] = page["next"]

    def get(self, tracking_number: str) -> Parcel:
        return self._ask("GET", tracking_number, "")

    def next(self, tracking_number: str) -> Parcel:
        """Has the next step of its timeline happen now."""
        return self._ask("POST", tracking_number, "/next", {})

    def event(self, tracking_number: str, status: str, **more: Json) -> Parcel:
        """Has something happen to it now: `code`, `message` and `location` may say more."""
        return self._ask("POST", tracking_number, "/events", {"status": status, **more})

    def timeline(self, tracking_number: str, name: str) -> Parcel:
        """Puts it on another timeline of the scenario, or a built-in one, from its beginning."""
        return self._ask("PUT", tracking_number, "/timeline", {"name": name})

    def _ask(self, method: str, tracking_number: str, what: str, body: Json = None) -> Parcel:
        path = f"/parcels/{quoted(tracking_number)}{what}?sandbox={quoted(self._sandbox.name)}"
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
        scenario: Scenario | None = None,
        seed: int | None = None,
        frozen_at: str | datetime | None = None,
        start_at: str | datetime | None = None,
        ttl: str | None = None,
    ) -> Sandbox:
        """`frozen_at` stops the clock at an instant, `start_at` starts it there and lets it run."""
        if frozen_at is not None and start_at is not None:
            raise ValueError("`frozen_at` stops the clock and `start_at` lets it run: only one of them can be given")
        clock = _clock("frozen_at", frozen_at, "frozen") or _clock("start_at", start_at, "realtime")
        wanted = {"name": name, "scenario": scenario and read_scenario(scenario), "seed": seed, "clock": clock, "ttl": ttl}
        return cls(admin, admin.ask("POST", "/sandboxes", {key: value for key, value in wanted.items() if value is not None}))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.delete()

    def ask(self, method: str, path: str, body: Json = None, timeout: float | None = None) -> Json:
        """Asks a route of the admin API below `/sandboxes/{name}`."""
        return self.admin.ask(method, f"/sandboxes/{quoted(self.name)}{path}", body, timeout)

    def url(self, vendor: str) -> str:
        """Where a vendor is in this sandbox; its own paths follow."""
        return _of_vendor(self.urls, vendor)

    def credential(self, vendor: str, member: str) -> str:
        """A member of the first credential that has it, such as `token`, `api_key` or `password`."""
        rows = _of_vendor(self.credentials, vendor)
        found: str | None = next((row[member] for row in rows if member in row), None)
        if found is None:
            known = ", ".join(dict.fromkeys(name for row in rows for name in row))
            raise KeyError(f"no credential of `{vendor}` has `{member}`, only {known}")
        return found

    def operation(self, name: str) -> dict[str, Json]:
        """What is known of an operation such as `shippo.CreateRefund`, with an example that works in this sandbox."""
        vendor, _, operation = name.partition(".")
        path = f"/vendors/{quoted(vendor)}/operations/{quoted(operation)}?sandbox={quoted(self.name)}"
        found: dict[str, Json] = self.admin.ask("GET", path)
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

    def events(self, *topics: str, seconds: float = 30.0) -> Generator[tuple[str, Json], None, None]:
        """What happens from now on, as it does: `call`, `scan`, `delivery` and `clock`, at most one burst in a second. `topics` are some of
        `calls`, `scans`, `deliveries` and `clock`; after so many seconds without any, `TimeoutError`."""
        query = f"?topics={','.join(topics)}" if topics else ""
        return self.admin.stream(f"/sandboxes/{quoted(self.name)}/stream{query}", seconds)

    def forget_calls(self, **filters: str) -> None:
        self.ask("DELETE", f"/requests?{urllib.parse.urlencode(filters)}")

    def fault(self, name: str, **override: Json) -> Fault:
        """Has something go wrong from now on, or within a `with` block: an entry of a scenario's `overrides`."""
        return Fault(self, name, override)

    def verify(self, expectations: Sequence[Mapping[str, Json] | Expectation] | None = None) -> Report:
        """Judges expectations, entries of a scenario's `expect`; without any, those of the scenario at work."""
        return Report.read(self.ask("POST", "/verify", None if expectations is None else {"expect": list(expectations)}))

    def expect(self, expectations: Sequence[Mapping[str, Json] | Expectation] | None = None) -> Report:
        """Raises `UnmetExpectations` unless they hold."""
        report = self.verify(expectations)
        if not report.passed:
            report.check(self.calls())
        return report

    def export_calls(self, format: str = "har", *, secrets: bool = False) -> Json:
        """The journal as `har`, `ndjson`, `curl` or `conversation`; with `secrets` so that the calls can be made again."""
        return self.ask("GET", f"/requests/export?format={quoted(format)}&secrets={'show' if secrets else 'hide'}")

    def play(self, vendor: str, conversation: str) -> dict[str, Json]:
        """Makes the calls of a conversation, with this sandbox's credentials, and tells where it goes otherwise."""
        path = f"/sandboxes/{quoted(self.name)}/conversations?vendor={quoted(vendor)}"
        played: dict[str, Json] = self.admin.ask("POST", path, yaml=conversation)
        return played

    def load(self, scenario: Scenario) -> None:
        """Begins anew under another scenario."""
        scenario = read_scenario(scenario)
        text = scenario if isinstance(scenario, str) else json.dumps(scenario)
        self.admin.ask("PUT", f"/sandboxes/{quoted(self.name)}/scenario", yaml=text)

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

    def export(self, *include: str) -> Json:
        """The sandbox as a file, for `Server.load_sandbox`; with `"journal"` and `"log"` also what was called and done, for `seatrial view`."""
        return self.ask("GET", f"/export?include={quoted(','.join(include))}" if include else "/export")

    def webhook(self, vendor: str, url: str, **more: Json) -> Webhook:
        """Subscribes as the vendor's portal does; `account`, `events`, `format` and `secret` may say more."""
        return Webhook.read(self.ask("POST", "/webhooks", {"vendor": vendor, "url": url, **more}))

    def resume(self, webhook_id: str) -> Webhook:
        """Ends the pause of a subscription; what waited is sent."""
        path = f"/webhooks/{quoted(webhook_id)}/resume?sandbox={quoted(self.name)}&secrets=show"
        return Webhook.read(self.admin.ask("POST", path))

    def deliveries(self, **filters: str) -> list[dict[str, Json]]:
        """What subscribers were told."""
        rows: list[dict[str, Json]] = self.ask("GET", f"/deliveries?{urllib.parse.urlencode(filters)}")["deliveries"]
        return rows

    def redeliver(self, delivery_id: str) -> dict[str, Json]:
        """Sends a delivery again."""
        path = f"/deliveries/{quoted(delivery_id)}/redeliver?sandbox={quoted(self.name)}"
        delivery: dict[str, Json] = self.admin.ask("POST", path)
        return delivery

    def redeliver_failed(self, **filters: str) -> int:
        """Sends the deliveries that have failed again, or those that fit the filters, at most a thousand; how many."""
        path = f"/deliveries/redeliver?{urllib.parse.urlencode({'limit': '1000', **filters})}"
        redelivered: int = self.ask("POST", path)["redelivered"]
        return redelivered

    def agenda(self, **filters: str) -> list[dict[str, Json]]:
        """What will happen, soonest first: steps of parcels, attempts of webhooks, and what vendors have planned."""
        tasks: list[dict[str, Json]] = self.ask("GET", f"/agenda?{urllib.parse.urlencode(filters)}")["tasks"]
        return tasks

    def log(self, **filters: str) -> list[dict[str, Json]]:
        """What was done to the sandbox besides calls: moves of its clock, resets, snapshots, scenarios, faults."""
        lines: list[dict[str, Json]] = self.ask("GET", f"/log?{urllib.parse.urlencode(filters)}")["log"]
        return lines

    def inbox(self, name: str = "inbox") -> Inbox:
        """A receiver of webhooks that only this sandbox has."""
        return Inbox(self.admin, f"{self.name}-{name}")

    def delete(self) -> Report | None:
        """Removes it, and tells what was not as it should be; nothing when it was gone already."""
        try:
            return Report.read(self.ask("DELETE", ""))
        except Problem as problem:
            if problem.status != 404:
                raise
            return None


def read_scenario(scenario: Scenario, folder: Path = Path()) -> str | Mapping[str, Json] | ScenarioObject:
    """What the server is told: a file is read, from `folder` unless its path is absolute."""
    is_file = isinstance(scenario, Path) or (isinstance(scenario, str) and scenario.endswith((".yaml", ".yml")) and "\n" not in scenario)
    return gathered(folder / scenario) if is_file else scenario  # type: ignore[operator, return-value]


def gathered(path: Path) -> str:
    """A file of a scenario with those that it includes in front of it, each behind a line with its name: where it is, seen from the folder
    of the first one. What is no file is built in, and added by the server where it belongs."""
    parts: dict[str, str] = {}
    begun: set[Path] = set()

    def add(path: Path, name: str) -> None:
        path = path.resolve()
        if path in begun:
            # By another name, such as that of a link.
            parts.setdefault(name, "{}")
            return
        begun.add(path)
        text = path.read_text(encoding="utf-8-sig")
        for other in included(text):
            if (path.parent / other).is_file():
                folder = "" if Path(other).is_absolute() else posixpath.dirname(name)
                add(path.parent / other, posixpath.normpath(posixpath.join(folder, other.replace("\\", "/"))))
        parts[name] = text

    add(path, path.name)
    if len(parts) == 1:
        return parts[path.name]
    return "".join(
        # One that is parts itself is there by its name as well.
        f"{text.rstrip()}\n{PART}{name}\n{{}}\n" if text.startswith(PART) else f"{PART}{name}\n{text.rstrip()}\n"
        for name, text in parts.items()
    )


#: In front of the name of each part.
PART = "--- # file: "
#: The member `include` with one path, or with a list of them, in one line or in several.
INCLUDE = re.compile(
    r"^(?:include|\"include\"|'include') *:[ \t]*(?:#.*)?"
    r"(\n?(?:[ \t]*- .*\n?|[ \t]*#.*\n|[ \t]*\n)+|\n?[ \t]*\[[^]]*\]|.*)",
    re.M,
)
#: A path, in quotes or without.
PATH = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|([^\s,\[\]\"'#][^,\[\]\n#]*)")


def included(text: str) -> list[str]:
    """The paths that a file includes."""
    if text.lstrip().startswith("{"):
        try:
            rows = json.loads(text).get("include", [])
        except ValueError:
            return []
        return [row for row in ([rows] if isinstance(rows, str) else rows or []) if isinstance(row, str)]
    found = None if text.startswith(PART) else INCLUDE.search(text)
    value = re.sub(r"^[ \t]*- ", "", found[1], flags=re.M) if found else ""
    value = re.sub(r"(^|\s)#.*", "", value)
    return ["".join(row).strip() for row in PATH.findall(value)]


def _clock(name: str, instant: str | datetime | None, mode: str) -> dict[str, str] | None:
    """What the server is told about the clock; `name` is the argument that says it."""
    if instant is None:
        return None
    try:
        if (_time(instant) if isinstance(instant, str) else instant).tzinfo is None:
            raise ValueError
    except (TypeError, ValueError, AttributeError):
        raise ValueError(f"`{name}` is an instant such as `2026-01-05T09:00:00Z`, found {str(instant)!r}") from None
    return {"start": instant if isinstance(instant, str) else instant.isoformat(), "mode": mode}


def _of_vendor(rows: Mapping[str, T], vendor: str) -> T:
    if vendor not in rows:
        raise KeyError(f"there is no vendor `{vendor}`, only {', '.join(rows)}")
    return rows[vendor]


def _time(text: str) -> datetime:
    text = text.replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:
        # Python before 3.11 reads three or six digits of a second only.
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits):]}"
    return datetime.fromisoformat(text)
