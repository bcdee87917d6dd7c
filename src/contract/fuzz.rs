//! Cases that are made of a vendor's document, held against a server at any address.
//!
//! ```text
//! document ──draw──▶ request ──▶ server ──▶ answer ──judge──▶ problems ──shrink──▶ FuzzReport
//!            ▲ ids of earlier answers (pool) ◀──┘
//! ```
//!
//! Requests are drawn by strategies of proptest from a seed, so that a run can be repeated, and shrunk when their answer is wrong. The
//! document says of each whether it is right (`Operation::departures`), however it was drawn. Nothing that answers calls is used here.

mod case;
mod draw;
mod exceptions;
mod format;
mod judge;
mod pool;
mod sent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;
use serde_json::Value;

use self::draw::Drawn;
pub use self::exceptions::{Exceptions, ExceptionsError};
pub use self::judge::Check;
use self::judge::Problem;
use self::pool::Pool;
use self::sent::{Exchange, body, is_form, is_taken, target};
use crate::base::entropy::{self, Rng};
use crate::base::text;
use crate::contract::presence::{Absence, Presence};
use crate::contract::run::Manners;
use crate::engine::{Machine, Vendor};
use crate::net::{Client, Trust};
use crate::spec::{Catalog, Operation, Reading, SentRequest};

/// How often a request is made smaller.
const MOST_SHRINKS: usize = 60;
/// How many problems are told.
const MOST_FINDINGS: usize = 500;
/// How often a request is drawn, or changed, until the document says of it what it should.
const CHANGES: u64 = 8;
/// How many calls of a case are told that led to it.
const LED: usize = 6;
/// How many calls are kept, for those that led to a case.
const KEPT: usize = 5000;

#[derive(Debug)]
pub struct FuzzOptions {
    /// The address of the vendor, or of what stands in for it.
    pub base_url: String,
    /// What a call has to have to be let in.
    pub credentials: HeaderMap,
    pub trust: Trust,
    /// How long an answer is waited for.
    pub timeout: Duration,
    pub seed: u64,
    /// How many requests are drawn of each kind for each operation.
    pub cases: u32,
    /// How long all of it may take.
    pub time: Duration,
    /// How many calls are made in a second.
    pub rate: Option<f64>,
    /// Globs of the operations that are called; all, unless there are any.
    pub only: Vec<String>,
    /// Globs of those that are not.
    pub without: Vec<String>,
    /// What is known to be so.
    pub exceptions: Exceptions,
}

#[derive(Debug, Serialize)]
pub struct FuzzReport {
    pub vendor: String,
    /// The base URL that was called.
    pub server: String,
    pub seed: u64,
    pub calls: u64,
    /// How many operations were called.
    pub operations: usize,
    /// Whether the time was over before all cases were made.
    pub is_cut: bool,
    pub findings: Vec<Finding>,
    /// How many problems the list of exceptions accepts.
    pub accepted: usize,
    /// Its rows that fit nothing.
    pub stale: Vec<String>,
}

/// One way in which a server does not do what its document says, with the smallest case that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub operation: String,
    pub check: Check,
    /// Where, without the values of the case.
    pub place: String,
    pub detail: String,
    /// How often it was met.
    pub count: u64,
    /// The request as a line of curl, whose credentials are left out.
    pub curl: String,
    /// The case with what led to it, as a file for `contract run`.
    pub conversation: String,
}

struct Run<'r> {
    vendor: &'r Arc<Vendor>,
    catalog: &'r Catalog,
    /// As the document is meant: without what the vendor overlooks.
    reading: Reading,
    options: &'r FuzzOptions,
    client: Client,
    manners: Manners,
    /// By the path of a collection, the parameter that follows it.
    collections: BTreeMap<&'r str, &'r str>,
    pool: Pool,
    past: Vec<Exchange>,
    calls: u64,
    called: BTreeSet<&'r str>,
    /// How many allowed requests were made and taken, by operation.
    allowed: BTreeMap<&'r str, (u64, u64, Option<Exchange>)>,
    found: BTreeMap<(String, Check, String), Finding>,
    presence: Presence,
    /// The status, 401 or 403, of the first request that was refused though the document allows it, of operations that need credentials.
    refused: Option<u16>,
    /// Whether one of those was taken.
    is_let_in: bool,
}

/// Makes cases and judges what comes back.
///
/// # Errors
/// When there is no server, or when nobody is there that the document is about.
pub async fn fuzz(machine: &Machine, vendor: &Arc<Vendor>, options: &FuzzOptions) -> Result<FuzzReport, Absence> {
    let client = Client::new(&options.base_url, options.trust.clone(), options.timeout)?;
    client.reach().await?;
    let loaded = machine.vendors().loaded().iter().find(|row| row.vendor.id == vendor.id).expect("the vendor is one of the machine's");
    let mut run = Run {
        vendor,
        catalog: loaded.catalog(),
        reading: vendor.reading.to_the_letter(),
        options,
        client,
        manners: Manners::new(options.rate, 2),
        collections: collections(loaded.catalog()),
        pool: Pool::default(),
        past: Vec::new(),
        calls: 0,
        called: BTreeSet::new(),
        allowed: BTreeMap::new(),
        found: BTreeMap::new(),
        presence: Presence::default(),
        refused: None,
        is_let_in: false,
    };
    let is_cut = tokio::time::timeout(options.time, run.all()).await.is_err();
    let url = options.base_url.clone();
    if let Some(first) = run.presence.nobody() {
        return Err(Absence::Nobody { vendor: vendor.id.to_string(), url, first: first.to_owned() });
    }
    if let Some(status) = run.refused.filter(|_| !run.is_let_in) {
        return Err(Absence::NotLetIn { url, status });
    }
    if !is_cut {
        run.refused();
    }
    Ok(run.report(is_cut))
}

fn collections(catalog: &Catalog) -> BTreeMap<&str, &str> {
    let singles = catalog.operations().iter().filter_map(|operation| operation.path.rsplit_once("/{"));
    singles.filter_map(|(collection, rest)| Some((collection, rest.strip_suffix('}')?))).collect()
}

/// The order in which operations are called: what creates comes first, and what removes last.
fn rank(operation: &Operation) -> u8 {
    let is_single = operation.path.contains('{');
    match operation.method {
        Method::POST if !is_single => 0,
        Method::POST | Method::PUT | Method::PATCH => 1,
        Method::DELETE => 3,
        _ => 2,
    }
}

impl<'r> Run<'r> {
    async fn all(&mut self) {
        let is_meant = |operation: &&Operation| {
            let fits =
                |globs: &[String]| globs.iter().any(|glob| text::fits_glob(&operation.id, glob) || text::fits_glob(&operation.name, glob));
            (self.options.only.is_empty() || fits(&self.options.only)) && !fits(&self.options.without)
        };
        let mut operations: Vec<&'r Operation> = self.catalog.operations().iter().filter(is_meant).collect();
        operations.sort_by_key(|operation| rank(operation));
        for operation in &operations {
            self.without_credentials(operation).await;
            self.wrong_method(operation).await;
        }
        for case in 0..self.options.cases {
            for operation in &operations {
                self.case(operation, case, false).await;
                self.case(operation, case, true).await;
            }
            if self.presence.nobody().is_some() {
                return;
            }
        }
    }

    /// Draws a request, one that is wrong if that is asked for, makes it, and judges its answer.
    async fn case(&mut self, operation: &'r Operation, case: u32, is_wrong: bool) {
        let mut rng = entropy::stream(self.options.seed, &[&operation.id, if is_wrong { "wrong" } else { "right" }], case.into());
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let choice = rng.next_u64();
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let made = |drawn: Drawn, run: &Self| {
            if !is_wrong {
                return Some(drawn).filter(|drawn| run.departures(operation, drawn).is_empty());
            }
            let mut changes = (0..CHANGES).map(|change| draw::changed(drawn.clone(), choice.wrapping_add(change)));
            changes.find(|drawn| !run.departures(operation, drawn).is_empty())
        };
        let mut trees = (0..CHANGES).filter_map(|_| {
            let requests = draw::requests(operation, &self.pool, &self.reading, Rng::seed_from_u64(rng.next_u64()), case.is_multiple_of(2));
            requests.new_tree(&mut runner).ok()
        });
        let Some(mut tree) = trees.find(|tree| made(tree.current(), self).is_some()) else { return };
        let Some(drawn) = made(tree.current(), self) else { return };
        self.called.insert(&operation.id);
        let (exchange, problems) = self.judged(operation, &drawn).await;
        if !is_wrong {
            self.count(operation, &exchange);
            self.follow(operation, &drawn, &exchange).await;
        }
        let new: Vec<Problem> = problems.into_iter().filter(|problem| !self.is_known(operation, problem)).collect();
        for problem in &new {
            self.tell(operation, problem, &exchange, &[]);
        }
        let Some(problem) = new.first() else { return };
        // The smallest request with the same problem.
        let mut more = tree.simplify();
        for _ in 0..MOST_SHRINKS {
            if !more {
                break;
            }
            let smaller = made(tree.current(), self);
            let again = match smaller {
                Some(drawn) => Some(self.judged(operation, &drawn).await),
                None => None,
            };
            let same = again.and_then(|(exchange, problems)| {
                let found = problems.into_iter().find(|row| (row.check, &row.place) == (problem.check, &problem.place))?;
                Some((exchange, found))
            });
            if let Some((exchange, problem)) = same {
                self.replace(operation, &problem, &exchange);
                more = tree.simplify();
            } else {
                more = tree.complicate();
            }
        }
    }

    /// Makes a request, and what is wrong with its answer.
    async fn judged(&mut self, operation: &'r Operation, drawn: &Drawn) -> (Exchange, Vec<Problem>) {
        let departures = self.departures(operation, drawn);
        let exchange = self.send(operation.method.clone(), &target(operation, drawn), self.headers(drawn), body(operation, drawn)).await;
        let mut problems = self.problems(operation, &exchange);
        if let Some(reply) = &exchange.reply {
            self.presence.note(operation, &format!("{} {}", exchange.method, exchange.target), reply, !problems.is_empty());
        }
        if let (Some(first), true) = (departures.first(), is_taken(&exchange)) {
            let place = format!("{} {}", first.location.word(), judge::place(first));
            let status = exchange.reply.as_ref().map(|reply| reply.status).unwrap_or_default();
            let detail = format!("answered with {status}, though {place} departs: {}", first.detail());
            problems.push(Problem::new(Check::NegativeAccepted, format!("{place} {}", first.rule.keyword()), detail));
        }
        (exchange, problems)
    }

    fn problems(&self, operation: &Operation, exchange: &Exchange) -> Vec<Problem> {
        match &exchange.reply {
            Some(reply) => judge::answer(operation, reply),
            None => vec![Problem::new(Check::ServerError, "silence", "there is no answer")],
        }
    }

    fn departures(&self, operation: &Operation, drawn: &Drawn) -> Vec<crate::spec::Violation> {
        let headers = self.headers(drawn);
        let body = drawn.body.clone().unwrap_or_default();
        let is_form = operation.body.as_ref().is_some_and(is_form);
        let sent = SentRequest { parameters: &drawn.path, headers: &headers, body: Some(&body), is_form };
        let mut found = operation.check_query(&drawn.query, &self.reading);
        found.extend(operation.departures(&sent, &self.reading));
        found
    }

    fn headers(&self, drawn: &Drawn) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &drawn.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        // Credentials are the caller's, whatever was drawn for their header.
        headers.extend(self.options.credentials.clone());
        headers
    }

    /// Makes a call, and keeps it.
    async fn send(&mut self, method: Method, target: &str, mut headers: HeaderMap, body: Option<(&'static str, Bytes)>) -> Exchange {
        let (kind, body) = body.map_or((None, Bytes::new()), |(kind, body)| (Some(kind), body));
        headers.extend(kind.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))));
        let mut reply = None;
        for attempt in 0.. {
            self.manners.wait().await;
            self.calls += 1;
            reply = self.client.send(method.clone(), target, headers.clone(), body.clone()).await.ok();
            let pause = reply.as_ref().filter(|reply| reply.status == 429).and_then(|reply| self.manners.pause_after(reply, attempt));
            let Some(pause) = pause else { break };
            tokio::time::sleep(pause).await;
        }
        let exchange = Exchange { method, target: target.to_owned(), headers, body, reply };
        if self.past.len() >= KEPT {
            self.past.drain(..KEPT / 2);
        }
        self.past.push(exchange.clone());
        exchange
    }

    /// Counts what the document allows and the server takes.
    fn count(&mut self, operation: &'r Operation, exchange: &Exchange) {
        let row = self.allowed.entry(&operation.id).or_default();
        row.0 += 1;
        if !operation.security.is_empty() {
            let status = exchange.reply.as_ref().map(|reply| reply.status).filter(|status| [401, 403].contains(status));
            self.refused = self.refused.or(status);
            self.is_let_in |= is_taken(exchange);
        }
        row.1 += u64::from(exchange.reply.as_ref().is_some_and(|reply| (200..400).contains(&reply.status)));
        // What is not there, or belongs to somebody else, is no fault of the request.
        let is_refused = exchange.reply.as_ref().is_some_and(|reply| matches!(reply.status, 400 | 405 | 406 | 415 | 422));
        if is_refused {
            row.2 = Some(exchange.clone());
        }
    }

    /// Notes the ids of an answer, reads what was created, and looks for what was deleted.
    async fn follow(&mut self, operation: &'r Operation, drawn: &Drawn, exchange: &Exchange) {
        let Some(reply) = exchange.reply.as_ref().filter(|_| is_taken(exchange)) else { return };
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let template = operation.path.trim_end_matches('/');
        let follows = self.collections.get(template).copied();
        self.pool.note(template, follows, &body);
        if operation.method == Method::DELETE {
            let Some((name, id)) = drawn.path.last().filter(|(name, _)| template.ends_with(&format!("{{{name}}}"))) else { return };
            self.pool.forget(id);
            let Some(read) = self.operation(&Method::GET, template, name) else { return };
            let path = target(read, &Drawn { path: drawn.path.clone(), ..Drawn::default() });
            let headers = self.options.credentials.clone();
            let again = self.send(Method::GET, &path, headers, None).await;
            if is_taken(&again) {
                let problem = Problem::new(Check::UseAfterDelete, "", format!("{} finds what was deleted", read.id));
                self.tell(operation, &problem, &again, std::slice::from_ref(exchange));
            }
        }
        let Some(parameter) = follows.filter(|_| operation.method == Method::POST) else { return };
        let Some(id) = pool::created(template, parameter, &body) else { return };
        let Some(read) = self.operation(&Method::GET, &format!("{template}/{{{parameter}}}"), parameter) else { return };
        let mut path = drawn.path.clone();
        path.push((parameter.to_owned(), id));
        let path = target(read, &Drawn { path, ..Drawn::default() });
        let found = self.send(Method::GET, &path, self.options.credentials.clone(), None).await;
        let problems = self.problems(read, &found);
        problems.iter().for_each(|problem| self.tell(read, problem, &found, std::slice::from_ref(exchange)));
        if !is_taken(&found) && problems.is_empty() {
            let status = found.reply.as_ref().map(|reply| reply.status).unwrap_or_default();
            let problem = Problem::new(Check::CreatedIsReadable, "", format!("{} answers {status} for what was created", read.id));
            self.tell(operation, &problem, &found, std::slice::from_ref(exchange));
        }
    }

    fn operation(&self, method: &Method, template: &str, parameter: &str) -> Option<&'r Operation> {
        let catalog: &'r Catalog = self.catalog;
        let is_it = |operation: &&Operation| operation.method == *method && operation.path.trim_end_matches('/') == template;
        catalog.operations().iter().find(is_it).filter(|operation| operation.path.contains(parameter))
    }

    /// Calls an operation as somebody whom the server does not know.
    async fn without_credentials(&mut self, operation: &'r Operation) {
        if operation.security.is_empty() || self.options.credentials.is_empty() {
            return;
        }
        let Some(drawn) = self.right(operation) else { return };
        let mut headers = self.headers(&drawn);
        self.options.credentials.keys().for_each(|name| drop(headers.remove(name)));
        let exchange = self.send(operation.method.clone(), &target(operation, &drawn), headers, body(operation, &drawn)).await;
        self.problems(operation, &exchange).iter().for_each(|problem| self.tell(operation, problem, &exchange, &[]));
        if is_taken(&exchange) {
            self.tell(operation, &Problem::new(Check::AuthIgnored, "", "answered with success without credentials"), &exchange, &[]);
        }
    }

    /// Calls the path of an operation with a method that it does not have.
    async fn wrong_method(&mut self, operation: &'r Operation) {
        let has = |method: &Method| self.catalog.operations().iter().any(|row| row.path == operation.path && row.method == *method);
        let methods = [Method::DELETE, Method::PUT, Method::PATCH, Method::POST];
        let Some(method) = methods.into_iter().find(|method| !has(method)) else { return };
        let Some(drawn) = self.right(operation) else { return };
        let exchange = self.send(method, &target(operation, &drawn), self.options.credentials.clone(), None).await;
        let status = exchange.reply.as_ref().map(|reply| reply.status).unwrap_or_default();
        if !(300..500).contains(&status) {
            let problem = Problem::new(Check::WrongMethod, exchange.method.as_str(), format!("{} answers {status}", exchange.method));
            self.tell(operation, &problem, &exchange, &[]);
        }
    }

    /// A request that the document allows.
    fn right(&self, operation: &Operation) -> Option<Drawn> {
        let mut seed = [0; 32];
        entropy::stream(self.options.seed, &[&operation.id], 0).fill_bytes(&mut seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let mut drawn = (0..CHANGES).filter_map(|turn| {
            let rng = entropy::stream(self.options.seed, &[&operation.id, "right"], turn);
            Some(draw::requests(operation, &self.pool, &self.reading, rng, true).new_tree(&mut runner).ok()?.current())
        });
        drawn.find(|drawn| self.departures(operation, drawn).is_empty())
    }

    /// Tells of operations that took none of the requests that the document allows.
    fn refused(&mut self) {
        let rows: Vec<_> = self.allowed.iter().filter(|(_, (_, taken, _))| *taken == 0).map(|(id, row)| (*id, row.clone())).collect();
        for (id, (made, _, exchange)) in rows {
            let Some((exchange, operation)) = exchange.zip(self.catalog.operation(id)) else { continue };
            let detail = format!("none of {made} requests is taken that the document allows");
            self.tell(operation, &Problem::new(Check::PositiveRefused, "", detail), &exchange, &[]);
        }
    }

    fn is_known(&mut self, operation: &Operation, problem: &Problem) -> bool {
        let key = (operation.name.to_string(), problem.check, problem.place.clone());
        self.found.get_mut(&key).map(|row| row.count += 1).is_some() || self.found.len() >= MOST_FINDINGS
    }

    fn tell(&mut self, operation: &Operation, problem: &Problem, exchange: &Exchange, led: &[Exchange]) {
        if !self.is_known(operation, problem) {
            let finding = self.finding(operation, problem, exchange, led);
            self.found.insert((finding.operation.clone(), finding.check, finding.place.clone()), finding);
        }
    }

    fn replace(&mut self, operation: &Operation, problem: &Problem, exchange: &Exchange) {
        let finding = self.finding(operation, problem, exchange, &[]);
        if let Some(row) = self.found.get_mut(&(finding.operation.clone(), finding.check, finding.place.clone())) {
            *row = Finding { count: row.count, ..finding };
        }
    }

    fn finding(&self, operation: &Operation, problem: &Problem, exchange: &Exchange, led: &[Exchange]) -> Finding {
        let mut calls = case::that_led(&self.past, exchange, LED);
        calls.extend(led.iter().cloned());
        Finding {
            operation: operation.name.to_string(),
            check: problem.check,
            place: problem.place.clone(),
            detail: problem.detail.clone(),
            count: 1,
            curl: case::curl(&self.vendor.mount, &self.options.base_url, exchange, &self.options.credentials),
            conversation: case::conversation(&self.vendor.mount, &calls, exchange, problem, operation, &self.options.credentials),
        }
    }

    fn report(self, is_cut: bool) -> FuzzReport {
        let mut findings: Vec<Finding> = self.found.into_values().collect();
        let all = findings.len();
        let stale = self.options.exceptions.stale(&findings);
        findings.retain(|finding| !self.options.exceptions.accepts(finding));
        FuzzReport {
            vendor: self.vendor.id.to_string(),
            server: self.options.base_url.clone(),
            seed: self.options.seed,
            calls: self.calls,
            operations: self.called.len(),
            is_cut,
            accepted: all - findings.len(),
            findings,
            stale,
        }
    }
}
