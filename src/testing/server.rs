//! The one server of a test binary: a thread with a runtime of its own, because each test brings and ends its own.
//! [`SandboxApi`] is the admin API of one of its sandboxes, which all handles use.

use std::sync::{Arc, OnceLock, mpsc};

use http::Method;
use serde_json::Value;

use crate::engine::{Conform, Machine, Options, Start};
use crate::server::{self, Addresses, AllowedHosts, Bound, Config, Guard, Listen, Local, Refused};
use crate::vendors;

/// What tests share.
pub(super) struct Server {
    pub machine: Arc<Machine>,
    pub local: Local,
    runtime: tokio::runtime::Handle,
}

impl Server {
    /// The server of this process, started by the first caller.
    ///
    /// # Panics
    /// When no port of the loopback can be bound.
    pub fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| {
            let (sender, receiver) = mpsc::channel();
            let thread = std::thread::Builder::new().name("seatrial".to_owned());
            thread.spawn(move || run(&sender)).expect("a thread can be started");
            receiver.recv().expect("the server starts: a port of the loopback can be bound")
        })
    }

    /// Asks the admin API, whatever runtime the caller has.
    pub async fn ask(&'static self, method: Method, path: String, body: Option<Value>) -> Result<Value, Refused> {
        let asking = self.runtime.spawn(async move { self.local.ask(method, &path, body.as_ref()).await });
        match asking.await {
            Ok(answer) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Waits, for callers without a runtime.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

/// The admin API of one sandbox.
pub(super) struct SandboxApi {
    pub server: &'static Server,
    pub name: String,
}

impl SandboxApi {
    /// Calls a route of the sandbox, which has to succeed.
    ///
    /// # Panics
    /// With the server's own words when the route refuses.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.server.ask(method, format!("/sandboxes/{}{path}", self.name), body).await;
        answer.unwrap_or_else(|refused| panic!("{path}: {refused}"))
    }

    /// Calls a route about a parcel of the sandbox.
    pub async fn call_parcel(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Refused> {
        self.server.ask(method, format!("/parcels/{path}?sandbox={}", self.name), body).await
    }
}

fn run(started: &mpsc::Sender<Server>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("seatrial").enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let options = Options { conform: Conform::All, secrets: Some(server::secret), ttl: None, ..Options::default() };
        let machine = Arc::new(Machine::new(vendors::all(), options, Start::plain(server::wall())));
        let config = Config {
            listen: vec![Listen { mount: None, addresses: Addresses(vec![([127, 0, 0, 1], 0).into()]) }],
            connections: 10_000,
            body_limit: 64 << 20,
            in_flight: 256 << 20,
            ..Config::default()
        };
        let bound: Bound = server::bind(config, &[]).await.expect("a port of the loopback is free");
        let guard = Guard::new(&bound.addresses(), None, false, AllowedHosts::default(), String::new);
        let tell = |local: Local| {
            let _ = started.send(Server { machine: Arc::clone(&machine), local, runtime: handle });
        };
        let served = server::serve_embedded(Arc::clone(&machine), bound, guard, std::future::pending(), tell).await;
        served.expect("threads can be started");
    });
}
