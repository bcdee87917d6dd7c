"""What the formats of our documents look like, for Schemathesis, which knows those of JSON Schema alone."""

import schemathesis
from hypothesis import strategies as draw

PLACES = ["Front Door", "Back Door", "Reception", "Office"]
DAYS = ["2026-01-06", "2026-02-28", "2026-12-31"]
MOMENTS = ["2026-01-06T10:00:00Z", "2026-02-28T23:59:59.123Z"]
LOCAL = ["2026-01-06T10:00:00", "2026-12-31T23:59:59"]

FORMATS = {
    "carrier": draw.sampled_from(["usps", "ups", "fedex"]),
    "country": draw.sampled_from(["US", "CA", "GB"]),
    "country-code": draw.sampled_from(["US", "CA", "GB"]),
    "currency": draw.sampled_from(["USD", "CAD", "GBP"]),
    "currency-code": draw.sampled_from(["USD", "CAD", "GBP"]),
    "date-or-time": draw.sampled_from(DAYS + MOMENTS),
    "day-and-time": draw.sampled_from(["2026-01-06 10:00:00", "2026-12-31 23:59:59"]),
    "decimal": draw.from_regex(r"\A[1-9][0-9]{0,3}(\.[0-9]{1,2})?\Z"),
    "email-address": draw.sampled_from(["ada@example.com", "a@b.example"]),
    "image-url": draw.sampled_from(["https://example.com/a.png", "https://example.com/b.jpg"]),
    "java-date": draw.sampled_from(DAYS),
    "label-id": draw.from_regex(r"\Ase-[1-9][0-9]{3,8}\Z"),
    "local-date-time": draw.sampled_from(LOCAL),
    "moment": draw.sampled_from(MOMENTS),
    "net-date": draw.sampled_from(DAYS + LOCAL),
    "object-id": draw.from_regex(r"\A[0-9a-f]{32}\Z"),
    "packaging-type": draw.sampled_from(["parcel"]),
    "phone": draw.sampled_from(["555 010 0199", "416 555 0199"]),
    "pickup-place": draw.sampled_from(PLACES),
    "price": draw.from_regex(r"\A[1-9][0-9]{0,3}(\.[0-9]{1,2})?\Z"),
    "se-id": draw.from_regex(r"\Ase-[1-9][0-9]{3,8}\Z"),
    "service-key": draw.sampled_from(["DPDNEXT"]),
    "text": draw.text(alphabet=draw.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    "url": draw.sampled_from(["https://example.com/hook"]),
    "web-address": draw.sampled_from(["https://example.com/hook"]),
}

for name, values in FORMATS.items():
    schemathesis.openapi.format(name, values)
