//! Subscriptions to addresses that nothing will ever reach: said in the journal, in the log, and in `warnings` of the admin API.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Machine, Reachability, Sandbox};
use crate::server::call_log;
use crate::server::egress::Egress;
use crate::server::own_addresses::OwnAddresses;
use crate::server::webhook_client::WebhookClient;

/// How many addresses of one sandbox are looked at.
const MOST: usize = 100;

/// Says at once what an address alone tells, and logs later what its name resolves to, which is looked up in that runtime unless many are.
pub(super) fn reachability(client: Arc<WebhookClient>, runtime: Handle) -> Reachability {
    Reachability::new(move |sandbox, url| {
        let obstacle = client.known_obstacle(url);
        if let Some(obstacle) = &obstacle {
            warn(sandbox, url, obstacle);
        } else if client.look_ups.has_room() {
            let (client, sandbox, url) = (Arc::clone(&client), sandbox.to_owned(), url.to_owned());
            runtime.spawn(async move {
                if let Some(obstacle) = client.obstacle(&url).await {
                    warn(&sandbox, &url, &obstacle);
                }
            });
        }
        obstacle
    })
}

/// What the addresses alone tell where nothing is served, without a word in the log.
#[must_use]
pub fn reachability_of_addresses() -> Reachability {
    let client = WebhookClient::new(Egress::default(), OwnAddresses::default(), Arc::default());
    Reachability::new(move |_, url| if url.starts_with("inbox://") { None } else { client.known_obstacle(url) })
}

fn warn(sandbox: &str, url: &str, obstacle: &str) {
    tracing::warn!(sandbox, url = call_log::address(url), obstacle, "nothing will ever reach a subscription");
}

/// Warns of the subscriptions that sandboxes have before anything is served.
pub(super) async fn warn_of_all(machine: Arc<Machine>, client: Arc<WebhookClient>) {
    for sandbox in machine.sandboxes() {
        for (url, obstacle) in obstacles(&client, &sandbox).await {
            warn(&sandbox.name, &url, &obstacle);
        }
    }
}

/// The addresses of a sandbox's subscriptions that nothing will ever reach, each with the reason.
pub(super) async fn obstacles(client: &Arc<WebhookClient>, sandbox: &Sandbox) -> Vec<(String, String)> {
    let urls: BTreeSet<String> = {
        let state = sandbox.lock();
        state.documents::<Subscription>(SUBSCRIPTION).map(|(_, row)| row.url).take(MOST).collect()
    };
    let mut looking = JoinSet::new();
    for url in urls {
        let client = Arc::clone(client);
        looking.spawn(async move { client.obstacle(&url).await.map(|obstacle| (url, obstacle)) });
    }
    let mut found: Vec<_> = looking.join_all().await.into_iter().flatten().collect();
    found.sort();
    found
}
