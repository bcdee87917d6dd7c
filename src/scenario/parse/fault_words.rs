//! The words that other tools have for faults, and what says the same here.

/// A word as other tools write it, in lower case and without what joins its parts, and what to write for it.
const WORDS: [(&[&str], &str); 20] = [
    (&["connectionrefused", "econnrefused", "refused", "refuseconnection"], "`reset`: whoever calls is connected already"),
    (&["connectionreset", "connectionresetbypeer", "econnreset", "resetpeer", "resetconnection", "rst", "tcpreset"], "`reset`"),
    (
        &["dropconnection", "dropresponse", "drop", "dropped", "closeconnection", "connectionclosed", "close", "hangup"],
        "`empty`, or `reset`",
    ),
    (&["emptyresponse", "noresponse", "emptyreply", "sockethangup", "disconnect", "eof"], "`empty`"),
    (&["hang", "hung", "blackhole", "neveranswer", "silence", "requesttimeout", "connectiontimeout", "readtimeout"], "`timeout`"),
    (&["malformedresponsechunk", "malformedchunk", "invalidchunk"], "`bad_chunk`"),
    (&["randomdatathenclose", "randomdata", "randombytes", "invalidhttp"], "`garbage`"),
    (&["partialresponse", "partial", "cut", "limitdata", "truncated", "incomplete"], "`truncate`"),
    (&["bandwidth", "slowclose", "slicer", "dribble", "chunkeddribbledelay", "throttle", "slowbody", "trickle"], "`drip`"),
    (&["invalidjson", "malformedjson", "brokenjson", "corruptjson"], "`bad_json`"),
    (&["wrongcontenttype", "invalidcontenttype"], "`wrong_type`"),
    (&["htmlerror", "gatewayerror", "badgateway"], "`html_gateway` for the page of a gateway, or `502`"),
    (&["gatewaytimeout"], "`{then: html_gateway, status: 504}` for the page of a gateway, or `504`"),
    (&["serviceunavailable", "unavailable", "outage", "maintenance"], "`503`"),
    (&["internalservererror", "servererror", "error", "abort", "exception", "httperror"], "`500`"),
    (&["toomanyrequests", "ratelimit", "ratelimited", "throttled"], "`429`; `rate_limit` beside `on` refuses calls beyond a limit"),
    (&["unauthorized", "unauthenticated"], "`401`"),
    (&["sslerror", "tlserror", "handshakefailure", "certificateerror"], "`tls_alert`"),
    (&["goaway", "rststream"], "`h2_goaway`, or `h2_reset`"),
    (&["delay", "latency", "slow", "lag"], "`latency: 2s` beside `on`"),
];

/// What says the same as a word of another tool.
pub(super) fn same_as(word: &str) -> Option<String> {
    let plain: String = word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WORDS.iter().find(|(words, _)| words.contains(&plain.as_str())).map(|(_, written)| format!("write {written}"))
}
