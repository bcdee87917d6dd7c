"""Types of scenarios: what an editor completes and a type checker knows. At run time they are plain dictionaries.

    from seatrial.scenario import Override, Scenario

    lost: Override = {"on": "shippo.CreateTransaction", "fault": {"commit": True, "then": "reset"}, "times": 1}
    mine: Scenario = {"overrides": [lost], "expect": [{"call": "shippo.CreateTransaction", "count": "1..2"}]}
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union

#: A text; `{{ expressions }}` in it are filled in where it is part of an answer.
Text = Union[str, int, float]

#: What a caller gets in place of an answer, or of it: a status, what goes wrong on the wire, or a business failure of the vendor.
Failure = Union[
    int,
    Literal["reset", "empty", "timeout", "truncate", "length_short", "length_long", "garbage", "bad_chunk", "drip", "stall"],
    Literal["html_gateway", "wrong_type", "bad_json", "duplicate_header", "tls_alert", "h2_reset", "h2_goaway"],
    Literal["carrier_refuses", "address_undeliverable", "insufficient_funds", "label_pending", "rate_unavailable", "void_window_over"],
]

#: The statuses of parcels, the same for all vendors.
ParcelStatus = Literal[
    "created", "pre_transit", "manifested", "collected", "in_transit", "out_for_delivery", "delivery_failed", "available_for_pickup",
    "exception", "delivered", "returned", "cancelled", "lost", "unknown",
]

Anchor = Literal["label", "batch", "manifest", "pickup"]

# schema: request
RequestShape = TypedDict(
    "RequestShape",
    {
        "method": Any,
        "path": Any,
        "parameters": "dict[str, Any]",
        "query": "dict[str, Any]",
        "headers": "dict[str, Any]",
        "body": Any,
    },
    total=False,
)

# schema: window
TimeWindow = TypedDict(
    "TimeWindow",
    {
        "from": str,
        "until": str,
        "daily": str,
        "days": "list[Literal['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']]",
        "zone": str,
    },
    total=False,
)

# schema: conditions
Conditions = TypedDict(
    "Conditions",
    {
        "all": "list[Condition]",
        "any": "list[Condition]",
        "not": "Condition",
        "request": RequestShape,
        "chance": float,
        "clock": TimeWindow,
    },
    total=False,
)

#: An expression such as `$request.body.country == 'US'`, or one condition in a form of its own.
Condition = Union[str, bool, Conditions]

#: How often: exactly so many, or a range such as `1..2` or `1..`.
Count = Union[int, str]


# schema: ordered
class Ordered(TypedDict, total=False):
    call: str
    when: Condition


# schema: webhook
class ExpectedWebhook(TypedDict, total=False):
    event: str
    min: int
    max: int
    answered: Union[int, str]
    within: str
    forged: bool


# schema: expectation
#: An entry of `expect`: one of `call`, `never`, `order`, `valid` and `webhook`, and what belongs to it.
Expectation = TypedDict(
    "Expectation",
    {
        "call": str,
        "never": str,
        "order": "list[Union[str, Ordered]]",
        "valid": str,
        "webhook": ExpectedWebhook,
        "count": Count,
        "when": Condition,
        "after": str,
        "within": str,
        "except": "list[str]",
    },
    total=False,
)


# schema: respond
class Respond(TypedDict, total=False):
    status: int
    headers: dict[str, Union[str, int, float, bool]]
    body: Any
    base64: str
    off_spec: bool


# schema: patch
class Patch(TypedDict, total=False):
    status: int
    headers: dict[str, Union[str, int, float, bool]]
    body: Any
    set: dict[str, Any]
    remove: list[str]


# schema: items
class Items(TypedDict):
    chance: float


# schema: failure
FaultForm = TypedDict(
    "FaultForm",
    {
        "commit": bool,
        "then": Failure,
        "for": str,
        "status": Literal[502, 503, 504],
        "text": Text,
        "items": Union[int, str, list[Union[int, str]], Items],
    },
    total=False,
)


# schema: latency
class Latency(TypedDict, total=False):
    time: str
    median: str
    p99: str
    per_byte: str


# schema: rate_limit
class RateLimit(TypedDict, total=False):
    per: Union[Literal["credential", "operation", "sandbox"], list[Literal["credential", "operation"]]]
    limit: int
    window: str


# schema: override
class Override(TypedDict, total=False):
    """What calls meet: `on`, and one of `respond`, `patch`, `fault`, `refuse`, `rate_limit`, or `latency` alone."""

    on: str
    when: Condition
    after: str
    respond: Respond
    patch: Patch
    latency: Union[str, Latency]
    fault: Union[Failure, FaultForm]
    refuse: Text
    rate_limit: RateLimit
    times: int
    skip: int
    per: Union[str, list[str]]


# schema: speed
class Speed(TypedDict):
    speed: float


# schema: clock
class ClockSetting(TypedDict, total=False):
    start: str
    mode: Union[Literal["frozen", "realtime"], Speed]


# schema: account
class AccountRow(TypedDict, total=False):
    """What rows of every mount have; each mount has more, which `seatrial schema` lists."""

    account: str
    expires: str
    revoked: bool
    rotates_to: Union[Text, dict[str, Text]]


# schema: for
class ParcelsFor(TypedDict, total=False):
    vendor: str
    when: Condition


# schema: location
class ParcelLocation(TypedDict, total=False):
    city: Text
    state: Text
    postcode: Text
    country: str


# schema: step
TimelineStep = TypedDict(
    "TimelineStep",
    {
        "at": str,
        "from": Anchor,
        "after_reads": int,
        "on": str,
        "status": ParcelStatus,
        "code": Text,
        "location": ParcelLocation,
        "message": Text,
    },
    total=False,
)

# schema: timeline
Timeline = TypedDict(
    "Timeline",
    {"for": ParcelsFor, "from": Anchor, "use": str, "steps": "list[TimelineStep]", "then": Literal["hold", "repeat"]},
    total=False,
)


# schema: subscription
class WebhookSubscription(TypedDict, total=False):
    vendor: str
    account: str
    url: str
    events: list[str]
    format: Literal["json", "form"]
    secret: Text


# schema: webhooks
class Webhooks(TypedDict, total=False):
    duplicate: float
    reorder: int
    delay: str
    drop: float
    forged_signature: float
    stale_timestamp: float
    wrong_secret: float
    subscriptions: list[WebhookSubscription]


# schema: scenario
class Scenario(TypedDict, total=False):
    apiVersion: Literal["seatrial/v1"]
    kind: Literal["Scenario"]
    name: Text
    description: Text
    include: Union[str, list[str]]
    seed: int
    clock: ClockSetting
    credentials: Literal["listed", "any"]
    accounts: dict[str, list[Any]]
    given: list[dict[str, Any]]
    timelines: dict[str, Timeline]
    overrides: list[Override]
    rate_limits: Literal["off", "vendor"]
    webhooks: Webhooks
    expect: list[Expectation]
