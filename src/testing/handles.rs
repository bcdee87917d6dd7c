//! Typed handles on what a sandbox has: its clock, its parcels, its faults, its calls, and the verdict on them.

use std::fmt::{self, Write as _};

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::carrier::{Scan, Status};
use crate::testing::server::SandboxApi;

/// The virtual clock of a sandbox.
#[derive(Clone, Copy)]
pub struct Clock<'s> {
    pub(super) api: &'s SandboxApi,
}

impl Clock<'_> {
    /// The virtual time.
    ///
    /// # Panics
    /// Never, as long as the sandbox lives.
    pub async fn now(self) -> Timestamp {
        time(&self.api.call(Method::GET, "/clock", None).await)
    }

    /// Moves the time by a span such as `72h`; everything due happens, in order. The time that it is then.
    ///
    /// # Panics
    /// When it is no span.
    pub async fn advance(self, by: &str) -> Timestamp {
        time(&self.api.call(Method::POST, "/clock/advance", Some(json!({"by": by, "wait": true}))).await)
    }

    /// Stops the time.
    ///
    /// # Panics
    /// Never, as long as the sandbox lives.
    pub async fn freeze(self) {
        self.api.call(Method::PUT, "/clock", Some(json!({"mode": "frozen"}))).await;
    }
}

fn time(answer: &Value) -> Timestamp {
    answer["now"].as_str().and_then(|now| now.parse().ok()).expect("the admin API gives the time")
}

/// A parcel of any vendor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Parcel {
    /// The vendor that it was booked with.
    pub vendor: String,
    /// Its number.
    pub tracking_number: String,
    /// Who carries it.
    pub carrier: String,
    /// With which service.
    pub service: String,
    /// The vendor's id of what it belongs to.
    pub subject: String,
    /// Where it is in its life.
    pub status: Status,
    /// What happened to it so far.
    pub events: Vec<Scan>,
}

/// The parcels of a sandbox.
#[derive(Clone, Copy)]
pub struct Parcels<'s> {
    pub(super) api: &'s SandboxApi,
}

impl Parcels<'_> {
    /// All of them.
    ///
    /// # Panics
    /// Never, as long as the sandbox lives.
    pub async fn all(self) -> Vec<Parcel> {
        let (mut parcels, mut query) = (Vec::new(), String::new());
        loop {
            let mut page = self.api.call(Method::GET, &format!("/parcels{query}"), None).await;
            let rows: Vec<Parcel> = serde_json::from_value(page["parcels"].take()).expect("the admin API gives parcels");
            parcels.extend(rows);
            let Some(last) = page["next"].as_str() else { return parcels };
            query = format!("?after={}", percent_encoding::utf8_percent_encode(last, percent_encoding::NON_ALPHANUMERIC));
        }
    }

    /// The one with that number, if there is one.
    ///
    /// # Panics
    /// When the server fails.
    pub async fn get(self, tracking_number: &str) -> Option<Parcel> {
        match self.api.call_parcel(Method::GET, tracking_number, None).await {
            Ok(parcel) => Some(serde_json::from_value(parcel).expect("the admin API gives a parcel")),
            Err(refused) if refused.status == StatusCode::NOT_FOUND => None,
            Err(refused) => panic!("{tracking_number}: {refused}"),
        }
    }

    /// Has the next step of its timeline happen now.
    ///
    /// # Panics
    /// When there is no such parcel.
    pub async fn next(self, tracking_number: &str) -> Parcel {
        self.hand(tracking_number, "next", json!({})).await
    }

    /// Has something happen to it now.
    ///
    /// # Panics
    /// When there is no such parcel.
    pub async fn event(self, tracking_number: &str, status: Status) -> Parcel {
        self.hand(tracking_number, "events", json!({"status": status})).await
    }

    async fn hand(self, tracking_number: &str, what: &str, body: Value) -> Parcel {
        let path = format!("{tracking_number}/{what}");
        let parcel = self.api.call_parcel(Method::POST, &path, Some(body)).await.unwrap_or_else(|refused| panic!("{path}: {refused}"));
        serde_json::from_value(parcel).expect("the admin API gives a parcel")
    }
}

/// A fault that is switched on.
pub struct Fault<'s> {
    pub(super) api: &'s SandboxApi,
    pub(super) name: String,
}

impl Fault<'_> {
    /// How many calls it matched.
    ///
    /// # Panics
    /// When somebody else switched it off.
    pub async fn met(&self) -> u64 {
        let answer = self.api.call(Method::GET, &format!("/faults/{}", self.name), None).await;
        answer["met"].as_u64().unwrap_or_default()
    }

    /// Switches it off.
    ///
    /// # Panics
    /// When somebody else did.
    pub async fn off(self) {
        self.api.call(Method::DELETE, &format!("/faults/{}", self.name), None).await;
    }
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Call {
    /// The value of `seatrial-request`.
    pub id: String,
    /// When, on the virtual clock.
    pub at: Timestamp,
    /// The operation, such as `shippo.CreateAddress`.
    pub operation: Option<String>,
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The status that the caller received; `None` if no answer went out.
    pub status: Option<u16>,
    /// What went over the wire: `end`, `status` and `bytes`.
    pub wire: Value,
    /// What is remarked about it: `code`, `where`, `detail` and `blame`.
    pub notes: Vec<Value>,
    /// What the scenario did to it, if anything: `kind`, `name`, `line`, `nth` and `committed`.
    pub effect: Option<Value>,
    /// What was asked: `headers` and `body`.
    pub request: Value,
    /// The answer that was made, whether it went out or not: `status`, `headers` and `body`; `null` if none was made.
    pub answer: Value,
}

/// The verdict on expectations.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Report {
    /// `passed`, `failed`, or `unknown` when the evidence does not suffice.
    pub verdict: String,
    /// One for each expectation: `expectation`, `verdict`, `detail`, `evidence`, `calls` and `more`.
    pub findings: Vec<Value>,
    /// How many calls are no longer in the journal.
    pub dropped: u64,
    /// What was prepared and had no effect, which changes no verdict.
    pub unused: Vec<UnusedRule>,
}

/// Something that was prepared and had no effect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct UnusedRule {
    /// `override`, `timeline` or `fault`.
    pub what: String,
    /// The operations that an override is for, or a name.
    pub name: String,
    /// Where it stands in the scenario.
    pub line: Option<usize>,
    /// How that came about.
    pub detail: String,
}

impl fmt::Display for UnusedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(" in line {line} of the scenario")).unwrap_or_default();
        write!(f, "{} `{}`{line} had no effect: {}", self.what, self.name, self.detail)
    }
}

impl Report {
    /// Whether everything holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict == "passed"
    }

    /// Ends the test unless everything holds.
    ///
    /// # Panics
    /// When it does not, with every expectation that is not met.
    pub fn assert(&self) {
        let mut said = String::new();
        for finding in self.findings.iter().filter(|finding| finding["verdict"] != "passed") {
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            let _ = writeln!(said, "  {}: {}\n    {}", text("verdict"), text("expectation"), text("detail"));
            for call in finding["calls"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let _ = writeln!(said, "      {call}");
            }
            if let Some(more) = finding["more"].as_u64().filter(|more| *more > 0) {
                let _ = writeln!(said, "      and {more} more");
            }
        }
        for unused in &self.unused {
            let _ = writeln!(said, "  note: {unused}");
        }
        assert!(self.passed(), "expectations are not met\n{said}");
    }
}
