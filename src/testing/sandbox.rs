//! A sandbox that belongs to one test.

use http::Method;
use serde_json::{Map, Value, json};

use crate::server;
use crate::testing::handles::{Call, Clock, Fault, Parcels, Report};
use crate::testing::server::{SandboxApi, Server};

/// A sandbox, removed when the handle is dropped.
pub struct Sandbox {
    api: SandboxApi,
    made: Value,
}

/// What a sandbox is to be like, before it is started.
#[derive(Clone, Debug, Default)]
#[must_use = "a sandbox begins with `start`"]
pub struct Setup {
    wanted: Map<String, Value>,
}

impl Setup {
    /// Begins under a scenario, given as YAML or JSON.
    pub fn scenario(self, text: &str) -> Self {
        self.with("scenario", text.into())
    }

    /// Derives every id and number from this seed.
    pub fn seed(self, seed: u64) -> Self {
        self.with("seed", seed.into())
    }

    /// Stops the clock at an instant such as `2026-01-05T09:00:00Z`; only [`Clock::advance`] moves it.
    pub fn frozen_at(self, instant: &str) -> Self {
        self.with("clock", json!({"start": instant, "mode": "frozen"}))
    }

    /// Gives it a name; otherwise it has one that nobody else has. Names make the credentials of a seed reproducible.
    pub fn name(self, name: &str) -> Self {
        self.with("name", name.into())
    }

    /// Makes the sandbox.
    ///
    /// # Panics
    /// When the scenario is wrong or the name is taken, with everything that is to be said about it.
    pub async fn start(self) -> Sandbox {
        Sandbox::open("/sandboxes".to_owned(), self.wanted.into()).await
    }

    /// Makes the sandbox, in a test without a runtime.
    ///
    /// # Panics
    /// As [`Setup::start`].
    #[must_use]
    pub fn start_blocking(self) -> Sandbox {
        Server::get().wait(self.start())
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.wanted.insert(name.to_owned(), value);
        self
    }
}

impl Sandbox {
    /// A sandbox as every new one is.
    ///
    /// # Panics
    /// When no port of the loopback can be bound.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// One that differs.
    ///
    /// ```
    /// use seatrial::testing::Sandbox;
    ///
    /// let sandbox = Sandbox::setup().seed(7).frozen_at("2026-01-05T09:00:00Z").start_blocking();
    /// assert_eq!(sandbox.block_on(sandbox.clock().now()).to_string(), "2026-01-05T09:00:00Z");
    /// ```
    pub fn setup() -> Setup {
        Setup::default()
    }

    async fn open(path: String, wanted: Value) -> Self {
        let server = Server::get();
        let made = server.ask(Method::POST, path, Some(wanted)).await.unwrap_or_else(|refused| panic!("no sandbox: {refused}"));
        let name = made["name"].as_str().unwrap_or_default().to_owned();
        Self { api: SandboxApi { server, name }, made }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.api.name
    }

    /// Where a vendor is in this sandbox; its own paths follow.
    ///
    /// # Panics
    /// When there is no such vendor.
    #[must_use]
    pub fn url(&self, vendor: &str) -> String {
        self.made["urls"][vendor].as_str().unwrap_or_else(|| panic!("there is no vendor `{vendor}`")).to_owned()
    }

    /// A member of the first credential of this sandbox with a vendor, such as `token`, `api_key` or `password`.
    ///
    /// # Panics
    /// When there is no such vendor or member.
    #[must_use]
    pub fn credential(&self, vendor: &str, member: &str) -> String {
        let rows = self.made["credentials"][vendor].as_array().unwrap_or_else(|| panic!("there is no vendor `{vendor}`"));
        let found = rows.iter().find_map(|row| row[member].as_str());
        found.unwrap_or_else(|| panic!("credentials of {vendor} have no `{member}`: {rows:?}")).to_owned()
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> Clock<'_> {
        Clock { api: &self.api }
    }

    /// Its parcels.
    #[must_use]
    pub fn parcels(&self) -> Parcels<'_> {
        Parcels { api: &self.api }
    }

    /// Has an operation happen as its first customer would, without HTTP; what the vendor answers.
    ///
    /// # Panics
    /// When there is no such operation, or the vendor refuses it.
    pub async fn perform(&self, operation: &str, body: Value) -> Value {
        let machine = &self.api.server.machine;
        let sandbox = machine.sandbox(self.name()).expect("a sandbox lives as long as its handle");
        let answer = machine.perform(&sandbox, operation, &body, server::wall());
        let answer = answer.unwrap_or_else(|| panic!("there is no operation `{operation}`"));
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.status.is_success(), "`{operation}` is refused with {}: {text}", answer.status);
        serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into())
    }

    /// Switches a fault on: an entry of a scenario's `overrides`.
    ///
    /// # Panics
    /// When it is wrong, with everything that is to be said about it.
    pub async fn fault(&self, name: &str, wanted: Value) -> Fault<'_> {
        self.api.call(Method::PUT, &format!("/faults/{name}"), Some(wanted)).await;
        Fault { api: &self.api, name: name.to_owned() }
    }

    /// The calls that were made, oldest first; `filters` as the admin API has them: `operation=shippo.CreateAddress&status=2xx`,
    /// and `wait=5s&min=2` to wait for two of them.
    ///
    /// # Panics
    /// When a filter is wrong.
    pub async fn calls(&self, filters: &str) -> Vec<Call> {
        let mut answer = self.api.call(Method::GET, &format!("/requests?limit=1000000&{filters}"), None).await;
        serde_json::from_value(answer["requests"].take()).expect("the admin API gives calls")
    }

    /// Judges expectations: entries of a scenario's `expect`.
    ///
    /// # Panics
    /// When they are wrong, with everything that is to be said about them.
    pub async fn verify(&self, expectations: Value) -> Report {
        self.judged(Some(json!({"expect": expectations}))).await
    }

    /// Ends the test unless the expectations hold.
    ///
    /// # Panics
    /// When they do not, or the evidence does not suffice to say so.
    pub async fn expect(&self, expectations: Value) {
        self.verify(expectations).await.assert();
    }

    /// Ends the test unless what the scenario expects holds; what was prepared and had no effect is in the report.
    ///
    /// # Panics
    /// As [`Sandbox::expect`].
    pub async fn finish(self) -> Report {
        let report = self.judged(None).await;
        report.assert();
        report
    }

    async fn judged(&self, body: Option<Value>) -> Report {
        serde_json::from_value(self.api.call(Method::POST, "/verify", body).await).expect("the admin API gives a verdict")
    }

    /// Back to its beginning.
    ///
    /// # Panics
    /// Never, as long as the handle lives.
    pub async fn reset(&self) {
        self.api.call(Method::POST, "/reset", None).await;
    }

    /// Keeps the state of this moment under a name.
    ///
    /// # Panics
    /// When there are too many.
    pub async fn snapshot(&self, name: &str) {
        self.api.call(Method::POST, "/snapshot", Some(json!({"name": name}))).await;
    }

    /// Back to a snapshot.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn restore(&self, name: &str) {
        self.api.call(Method::POST, "/restore", Some(json!({"name": name}))).await;
    }

    /// A copy that goes its own way, with credentials of its own.
    ///
    /// # Panics
    /// When the budget of bytes is used up.
    pub async fn fork(&self) -> Self {
        Self::open(format!("/sandboxes/{}/fork", self.name()), json!({})).await
    }

    /// Waits, in a test without a runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.api.server.wait(future)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.api.server.machine.remove(&self.api.name);
    }
}
