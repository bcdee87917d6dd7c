"""The admin API of a server, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from typing import Any

Json = Any


class Problem(Exception):
    """The server says no; `status` and `detail` are its own words."""

    def __init__(self, status: int, detail: str, document: Json = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.document = document


class Unreachable(ConnectionError):
    """No server answers, or what answers is none."""


class Admin:
    """The admin API of a running server. `variable` is the environment variable that named its address."""

    def __init__(self, address: str, token: str | None = None, timeout: float = 30.0, variable: str | None = None) -> None:
        self.address = address.rstrip("/")
        self._place = f"`{address}`" + (f", the address in {variable}" if variable else "")
        parts = urllib.parse.urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"an address such as `http://127.0.0.1:7447` is expected, found {self._place}")
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
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"no Seatrial server answers at {self._place}: {reason or type(error).__name__}") from error

    def stream(self, path: str, timeout: float) -> Generator[tuple[str, Json], None, None]:
        """Server-sent events, each with its name; ends with the stream, or with `TimeoutError` after so many silent seconds."""
        request = urllib.request.Request(f"{self.address}/_seatrial{path}")
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        with self._opener.open(request, timeout=timeout) as answer:
            name = ""
            for line in answer:
                field, _, value = line.decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

    def check(self) -> None:
        """Raises `Unreachable` unless a Seatrial server answers."""
        try:
            version = self.ask("GET", "/version")
        except Problem as problem:
            if problem.status == 401:
                raise
            version = problem
        if not isinstance(version, dict):
            raise Unreachable(f"what answers at {self._place} is no Seatrial server: {version}")


def _read(body: bytes, kind: str) -> Json:
    if not body:
        return None
    return json.loads(body) if "json" in kind and "ndjson" not in kind else body.decode()


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
