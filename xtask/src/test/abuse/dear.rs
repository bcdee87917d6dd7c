//! Requests of the admin API that take long, and others that ask for what is not there.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{SHIPPO, admin, ask, connect, post, with_eight_hands};

/// How many sandboxes there are beside those that are asked for.
const SANDBOXES: usize = 1_000;

/// Large scenarios, and verdicts on and exports of long journals, each of another sandbox.
pub(super) fn requests(address: SocketAddr) {
    let json = ("content-type", "application/json");
    let rule =
        |nth: usize| json!({"on": "shippo.CreateAddress", "when": format!("$request.body.name == 'n{nth}'"), "respond": {"status": 418}});
    let large = json!({"overrides": (0..6_000).map(rule).collect::<Vec<_>>()}).to_string();
    let row = json!({"call": "shippo.CreateAddress", "count": 99_999, "when": "$request.body.name == 'zz'"});
    let expected = json!({"expect": vec![row; 500]}).to_string();
    let body = json!({"name": "A".repeat(2_000), "country": "US"}).to_string();
    let names = [0, 1, 2, 3].map(|number| format!("dear-{number}"));
    for name in &names {
        let made = admin(address, "/sandboxes", &json!({"name": name}));
        let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().unwrap_or_default());
        for _ in 0..300 {
            let _ = post(address, &format!("/@{name}/shippo/addresses"), &[json, ("authorization", &token)], &body);
        }
    }
    with_eight_hands(|hand| {
        let sandbox = format!("/_seatrial/sandboxes/{}", names[hand % names.len()]);
        match hand / 2 {
            0 => drop(post(address, "/_seatrial/scenarios/check", &[json], &large)),
            1 => drop(post(address, &format!("{sandbox}/verify"), &[json], &expected)),
            2 => drop(ask(address, &format!("{sandbox}/requests/export?format=conversation&vendor=shippo"))),
            _ => drop(ask(address, &format!("{sandbox}/contract?limit=300"))),
        }
    });
}

/// Sandboxes and parameters that there are none of, beside many sandboxes, and resets of them all.
pub(super) fn unknown_names(address: SocketAddr) {
    let made = AtomicUsize::new(0);
    with_eight_hands(|hand| {
        let number = made.fetch_add(1, Ordering::Relaxed);
        match hand {
            0..=3 if number < SANDBOXES => drop(admin(address, "/sandboxes", &json!({"name": format!("other-{number}")}))),
            0 | 1 => drop(ask(address, &format!("/_seatrial/sandboxes/othre-{number}"))),
            2 | 3 => drop(ask(address, &format!("/@othre-{number}/shippo/addresses"))),
            4 | 5 => drop(ask(address, &format!("/_seatrial/sandboxes/default/requests?limti={}", "9".repeat(4_000)))),
            6 => drop(admin(address, "/sandboxes/default/reset", &json!({}))),
            _ => drop(admin(address, "/reset", &json!({}))),
        }
    });
}

/// Very many who wait for what never comes, while calls come.
pub(super) fn many_who_wait(address: SocketAddr) {
    let json = ("content-type", "application/json");
    let row = json!({"call": "shippo.CreateAddress", "count": 99_999, "when": "$request.body.name == 'zz'"});
    let expected = json!({"expect": vec![row; 20]}).to_string();
    let head = format!("host: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", expected.len());
    let waiting: Vec<_> = (0..500).filter_map(|_| connect(address)).collect();
    for mut stream in &waiting {
        let request = format!("POST /_seatrial/sandboxes/default/verify?wait=20s HTTP/1.1\r\n{head}{expected}");
        let _ = stream.write_all(request.as_bytes());
    }
    with_eight_hands(|_| {
        let _ = post(address, "/shippo/addresses", &[json, SHIPPO], "{}");
    });
}
