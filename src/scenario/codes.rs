//! The codes of problems in files, which never change their meaning: what each says, and what to do about it.

/// A code, what it means, and what its author can do.
pub const CODES: [(&str, &str, &str); 39] = [
    (
        "S001",
        "The text is not valid YAML, or not UTF-8.",
        "Look at the line before the mark as well: an open quote or bracket ends far from where it began.",
    ),
    (
        "S002",
        "A limit is exceeded: size, depth, expanded aliases, number of problems.",
        "Split the file, or write the values out that aliases repeat.",
    ),
    (
        "S003",
        "A key stands twice in one mapping, or two rows of `given` have one name.",
        "Readers of YAML differ about which one counts. Keep one.",
    ),
    (
        "S004",
        "A member that does not exist here.",
        "`docs/scenarios.md` lists the members of every mapping; the nearest name is suggested.",
    ),
    ("S005", "A value of the wrong type.", "Quote a value that has to be text; lists begin with `-` or stand in `[…]`."),
    ("S006", "A required member is missing.", "Add one of the members that the message names."),
    ("S007", "Members that exclude each other.", "Split the row into two, or take one of the members away."),
    (
        "S008",
        "A value out of range or not readable: durations, timestamps, counts, headers, pointers.",
        "Durations have a unit (`250ms`, `90s`, `6h`, `2d`), timestamps a zone (`2026-01-05T09:00:00Z`).",
    ),
    (
        "S009",
        "A word that is not on a closed list: parcel statuses, modes, kinds of fault.",
        "The list follows the message; `seatrial schema` has all of them.",
    ),
    (
        "S010",
        "An expression or a template that cannot be read.",
        "Texts stand in single quotes inside of expressions; templates are `{{ expression }}`.",
    ),
    (
        "S011",
        "An expression that looks where nothing can be.",
        "`$request`, `$call`, `$state` and `$parcel` have the members that `docs/scenarios.md` lists; `$parcel` is for timelines alone.",
    ),
    (
        "S012",
        "An unknown operation.",
        "Operations are `vendor.operationId`, by the ids of the vendor's document; `vendor.*` and `\"*\"` stand for many.",
    ),
    ("S013", "An unknown vendor.", "Vendors have ids, and versions of an API ids of their own (`acme_v2`); the list follows the message."),
    (
        "S014",
        "YAML that is ambiguous here: tags, several documents, merge keys of no mapping, keys that are no words, numbers that lose digits.",
        "Write the value out; quote numbers whose digits all count.",
    ),
    (
        "S015",
        "Steps of a timeline that go back in time.",
        "Each step is at or after the one before it; `from` moves what offsets count from.",
    ),
    (
        "S016",
        "An override, or a row of `accounts`, that an earlier one always shadows.",
        "The first row that matches wins: move it up, or give the earlier one `when` or `times`.",
    ),
    (
        "S017",
        "A row of `given` that its operation refuses.",
        "The vendor's answer is quoted: the body has to be one that the vendor takes.",
    ),
    (
        "S018",
        "An expectation of a conversation that was not met, or a step that could not be made.",
        "The answer that came is quoted; `seatrial contract run --record FILE` writes what comes back.",
    ),
    (
        "S019",
        "A warning: a fault of a status that the vendor has no known answer for.",
        "Callers get the usual shape of the vendor with the standard reason; write a real one with `respond`.",
    ),
    (
        "S020",
        "A file that is included and cannot be: it is not there, includes itself, or is one too many.",
        "Paths begin at the folder of the file that includes; a built-in scenario is included by its name.",
    ),
    (
        "S021",
        "A subscription to what never comes: of a vendor without webhooks, about an event that it does not have, for nobody's account.",
        "The message lists the events of the vendor; `*` is all of them.",
    ),
    (
        "S022",
        "A `receives` of a conversation before anybody is told of anything.",
        "Subscribe first: `subscribe`, or a call that registers `{{inbox}}` with the vendor.",
    ),
    (
        "S100",
        "An expression compares, or calculates with, values of unlike types, which can never be what its author means.",
        "Values of queries, headers and paths are text: quote what they are compared with. Numbers of bodies have no quotes.",
    ),
    (
        "S101",
        "A condition that can never be true.",
        "Read it aloud: a word that its path never has, bounds that exclude each other, or a value that is neither true nor false.",
    ),
    (
        "S102",
        "A `respond` that the vendor's document does not allow.",
        "Mend the answer, or say that it is meant so with `off_spec: true`.",
    ),
    (
        "S103",
        "A warning: a timeline that no parcel is put on by itself, because an earlier one takes all of them.",
        "Put parcels on it by its name, move it up, or give the earlier one a `when`: the first that is `for` a parcel is taken.",
    ),
    (
        "S104",
        "A timeline that waits for what never comes.",
        "Steps wait for calls about their parcel, which come to the vendor of the parcel.",
    ),
    (
        "S105",
        "A warning: webhooks are to be forged in a way that a vendor's webhooks do not have.",
        "Those of that vendor are sent as they should be: it signs nothing, signs no time, or knows no secret.",
    ),
    (
        "S106",
        "A warning: something that changes nothing, such as a condition that every call fulfills, or a word that a list has twice.",
        "Leave it out, or write what was meant by it.",
    ),
    (
        "S107",
        "A warning: a receiver of webhooks at an address that is never connected to.",
        "Loopback and private addresses are allowed, others by `--allow-egress` of the server, and metadata services never.",
    ),
    (
        "S108",
        "A warning: what is hardly meant so: a word that the vendor's document does not list, numbers compared as texts, JSON in a text.",
        "Write what was meant by it; the help has the form, or the words of the document.",
    ),
    (
        "S200",
        "A business failure that none of the operations has.",
        "Name an operation that can fail so, or refuse any call in words of your own with `refuse`.",
    ),
    (
        "S300",
        "A document of `--vendor` that is no OpenAPI 3.0 or 3.1, or contradicts itself.",
        "The message says what was expected; `docs/any-carrier.md` what is read.",
    ),
    ("S301", "A reference that leads nowhere, or to another file.", "Bundle the document into one file; the nearest name is suggested."),
    ("S302", "A keyword of JSON Schema that is not read, without which the schema means something else.", "Say it with `$ref`."),
    ("S303", "An `x-seatrial` or `x-seatrial-parcel` that cannot be read.", "`docs/any-carrier.md` lists the members of both."),
    (
        "S304",
        "A reference or a schema that leads to itself, or schemas that multiply.",
        "A schema may refer to itself below a member or an element, not as a part of itself.",
    ),
    (
        "S305",
        "A warning: a keyword of JSON Schema, or a pattern, that is not held against values.",
        "All values pass that the rest of the schema takes.",
    ),
    (
        "S306",
        "A pattern that is too large, or patterns that are too large together.",
        "Write it shorter; the help says how large it may be.",
    ),
];

/// What a code means, and what to do about it.
#[must_use]
pub fn explain(code: &str) -> Option<(&'static str, &'static str)> {
    CODES.iter().find(|(own, ..)| own.eq_ignore_ascii_case(code)).map(|(_, means, help)| (*means, *help))
}
