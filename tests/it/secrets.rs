//! Secrets of a session with all vendors, in everything that the admin API shows of it.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

/// The content type and the body of a login, in each form that vendors take.
fn forms(members: &[(&str, &str)]) -> [(&'static str, String); 3] {
    let object: Value = members.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    let pairs = members.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40").replace('+', "%2B")));
    let part = |(name, value): &(&str, &str)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    [
        ("application/json", object.to_string()),
        ("application/x-www-form-urlencoded", pairs.collect::<Vec<_>>().join("&")),
        ("multipart/form-data; boundary=b", format!("{}--b--\r\n", members.iter().map(part).collect::<String>())),
    ]
}

#[test]
fn no_view_shows_a_secret_of_a_session_with_all_vendors() {
    let server = Server::start(&[]);
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "own"}));
    let credential = |mount: &str, name: &str| {
        let rows = made["credentials"][mount].as_array().unwrap_or_else(|| panic!("{made}"));
        let found = rows.iter().find_map(|row| row[name].as_str());
        found.unwrap_or_else(|| panic!("{mount} has no {name}: {made}")).to_owned()
    };
    let mut secrets = Vec::new();
    let key = credential("shipmate", "api_key");
    let (user, password) = (credential("shipmate", "username"), credential("shipmate", "password"));
    for (kind, body) in forms(&[("username", &user), ("password", &password)]) {
        let headers = [("x-shipmate-api-key", key.as_str()), ("content-type", kind)];
        let answer = send(&server, "POST", "/@own/shipmate/v1.1/tokens", &headers, &body);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        let token = answer.json()["data"]["token"].as_str().expect("a token").to_owned();
        let headers = [("x-shipmate-api-key", key.as_str()), ("x-shipmate-token", &token)];
        // Tokens stand in paths, in notes and in other headers as well.
        send(&server, "GET", &format!("/@own/shipmate/v1.1/{token}?q={token}"), &[&headers[..], &[("x-note", &token)]].concat(), "");
        secrets.push(token);
    }
    for wrong in forms(&[("username", &user), ("password", "wrong+password@shipmate")]) {
        send(&server, "POST", "/@own/shipmate/v1.1/tokens", &[("x-shipmate-api-key", &key), ("content-type", wrong.0)], &wrong.1);
    }
    let (email, login) = (credential("shiptheory", "email"), credential("shiptheory", "password"));
    for (kind, body) in forms(&[("email", &email), ("password", &login)]) {
        let answer = send(&server, "POST", "/@own/shiptheory/v1/token", &[("accept", "application/json"), ("content-type", kind)], &body);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        let token = answer.json()["data"]["token"].as_str().expect("a token").to_owned();
        send(&server, "GET", "/@own/shiptheory/v1/services", &[("authorization", &format!("Bearer {token}"))], "");
        secrets.push(token);
    }
    let (client, secret) = (credential("shiptime", "client_id"), credential("shiptime", "client_secret"));
    for (kind, body) in forms(&[("grant_type", "client_credentials"), ("client_id", &client), ("client_secret", &secret)]) {
        let answer = send(&server, "POST", "/@own/shiptime/oauth2/token", &[("content-type", kind)], &body);
        let token = serde_json::from_str::<Value>(&answer.body).ok().and_then(|body| body["access_token"].as_str().map(str::to_owned));
        assert!(token.is_some() || !kind.contains("form-urlencoded"), "{kind}: {}", answer.body);
        secrets.extend(token);
    }
    let token = credential("shippo", "token");
    let shippo = format!("ShippoToken {token}");
    let address = json!({"name": token, "metadata": format!("by {shippo}"), "password": {"value": "hidden-by-name"}}).to_string();
    for (path, kind, body) in [
        ("addresses", "application/json", address.as_str()),
        ("addresses?apiKey=hidden-in-a-query", "application/xml", "<a password='hidden-in-xml'><pwd><![CDATA[hidden-in-cdata]]></pwd></a>"),
        ("addresses", "application/yaml", "name: ada\npassphrase: hidden-in-yaml\n"),
        ("addresses", "text/plain", "{'secret_key': 'hidden-in-quotes', jwt: hidden-in-words}"),
    ] {
        send(&server, "POST", &format!("/@own/shippo/{path}"), &[("authorization", &shippo), ("content-type", kind)], body);
    }
    let hook = json!({"vendor": "shipmate", "url": "http://ada:hidden-in-a-hook@127.0.0.1:9/x?token=hidden-in-its-query", "secret": "hidden-webhook-secret"});
    let hook = admin(&server, "POST", "/sandboxes/own/webhooks", &hook);
    assert_eq!(hook["secret"], "hidden-webhook-secret", "what is made is shown once: {hook}");
    let id = hook["id"].as_str().expect("an id");
    assert_eq!(send(&server, "POST", &format!("/_seatrial/webhooks/{id}/test?sandbox=own"), &[JSON], "").status, 201);
    secrets.extend([key, password, login, secret, token]);
    secrets.extend(["wrong+password@shipmate", "wrong%2Bpassword%40shipmate"].map(str::to_owned));
    let by_name = ["by-name", "in-a-query", "in-xml", "in-cdata", "in-yaml", "in-quotes", "in-words", "in-a-hook", "in-its-query"];
    secrets.extend(by_name.map(|place| format!("hidden-{place}")));
    secrets.push("hidden-webhook-secret".to_owned());
    let root = "/_seatrial/sandboxes/own";
    let vendors =
        ["shipmate", "shiptheory", "shiptime", "shippo"].map(|vendor| format!("requests/export?format=conversation&vendor={vendor}"));
    let views = [
        "requests?limit=100",
        "requests/export?format=har",
        "requests/export?format=ndjson",
        "requests/export?format=curl",
        "requests/stream?since=1970-01-01T00:00:00Z&limit=10",
        "webhooks?vendor=shipmate",
        "deliveries?limit=100",
    ];
    let mut whole = String::new();
    for view in views.map(str::to_owned).into_iter().chain(vendors) {
        let shown = send(&server, "GET", &format!("{root}/{view}"), &[], "");
        assert_eq!(shown.status, 200, "{view}: {}", shown.body);
        let leaks: Vec<&String> = secrets.iter().filter(|secret| shown.body.contains(secret.as_str())).collect();
        assert!(leaks.is_empty(), "{view} shows {leaks:?}: {}", shown.body);
        whole.push_str(&send(&server, "GET", &format!("{root}/{view}&secrets=show"), &[], "").body);
    }
    let missing: Vec<&String> = secrets.iter().filter(|secret| !whole.contains(secret.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are nowhere, so that this test shows nothing");
    let list = send(&server, "GET", &format!("{root}/requests?limit=100"), &[], "").body;
    for open in [&user, &email, &client] {
        assert!(list.contains(open.as_str()), "{open} is no secret");
    }
    // Expectations see what was sent.
    let expected =
        json!({"expect": [{"call": "shippo.CreateAddress", "when": "$request.body.password.value == 'hidden-by-name'", "count": 1}]});
    let verdict = admin(&server, "POST", "/sandboxes/own/verify", &expected);
    assert_eq!(verdict["verdict"], "passed", "{verdict}");
}

/// What leads nowhere is told by its path, and a receiver by its address: both may have a secret behind its name.
#[test]
fn paths_in_reports_and_addresses_are_redacted() {
    let server = Server::start(&[]);
    for path in ["/shippo/token/hidden-in-a-path", "/shippo/reset/password/hidden-in-a-path?x=1"] {
        assert_eq!(send(&server, "GET", path, &[], "").status, 404);
    }
    let hook = json!({"vendor": "shippo", "url": "http://127.0.0.1:9/hook/secret/hidden-in-an-address"});
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &hook);
    let id = hook["id"].as_str().expect("an id");
    assert_eq!(send(&server, "POST", &format!("/_seatrial/webhooks/{id}/test"), &[JSON], "").status, 201);
    let formats = ["json", "text", "markdown", "junit", "sarif"].map(|format| format!("sandboxes/default/contract?format={format}"));
    let pages = ["webhooks", "deliveries", "requests", "log"].map(|page| format!("sandboxes/default/{page}"));
    for path in ["ui/default/contract"].into_iter().map(str::to_owned).chain(pages).chain(formats) {
        let shown = send(&server, "GET", &format!("/_seatrial/{path}"), &[], "");
        assert!(shown.status == 200 && !shown.body.contains("hidden-in"), "{path}: {}", shown.body);
    }
    let whole = send(&server, "GET", "/_seatrial/sandboxes/default/contract?secrets=show", &[], "").body;
    assert!(whole.contains("/reset/password/hidden-in-a-path"), "{whole}");
}

/// Whoever writes a key where the name of a sandbox belongs finds it neither in lists nor in verdicts.
#[test]
fn keys_in_the_place_of_a_sandbox_are_redacted() {
    let server = Server::start(&[]);
    let keys = ["q7q7q7q7q7q7q7q7q7q7q7q7", "TEST_q7q7q7q7q7q7q7q7q7", "shippo_test_q7q7q7q7q7q7q7q7q7"];
    for key in keys {
        assert_eq!(send(&server, "GET", &format!("/@{key}/shippo/addresses"), &[], "").status, 404);
        assert_eq!(send(&server, "GET", &format!("/%40{key}/shippo/addresses"), &[], "").status, 404);
        assert_eq!(send(&server, "GET", &format!("/@{key}/shipo"), &[], "").status, 404);
    }
    let expected = json!({"expect": [{"call": "shippo.CreateAddress", "count": 1}]});
    let verdict = admin(&server, "POST", "/sandboxes/default/verify", &expected).to_string();
    let list = send(&server, "GET", "/_seatrial/requests/unmatched", &[], "").body;
    assert!(list.contains("there is no sandbox `[redacted]`") && list.contains("did you mean `/@[redacted]/shippo`"), "{list}");
    assert!(verdict.contains("there is no sandbox `[redacted]`"), "{verdict}");
    assert!(!list.contains("q7q7") && !verdict.contains("q7q7"), "{list} {verdict}");
}

/// The address of a call in an export has the host as the header beside it has it.
#[test]
fn hosts_of_exported_calls_show_no_password() {
    let server = Server::start(&[]);
    send(&server, "GET", "/shippo/addresses", &[("host", "ada:hidden-in-a-host@localhost")], "");
    send(&server, "POST", "/shippo/addresses", &[("content-type", "text/plain; token=hidden-in-a-type")], "a text");
    for format in ["har", "curl", "ndjson"] {
        let path = format!("/_seatrial/sandboxes/default/requests/export?format={format}");
        let shown = send(&server, "GET", &path, &[], "").body;
        assert!(shown.contains("/shippo/addresses") && shown.contains("a text") && !shown.contains("hidden-in"), "{format}: {shown}");
        let whole = send(&server, "GET", &format!("{path}&secrets=show"), &[], "").body;
        assert!(whole.contains("hidden-in-a-host"), "{format}: {whole}");
    }
}

#[test]
fn inboxes_and_verdicts_show_secrets_on_request_only() {
    let server = Server::start(&[]);
    let headers = [("shippo-auth-signature", "hidden-in-a-header"), JSON];
    let body = r#"{"event":  "a", "auth_token": "hidden-by-name", "note": "hidden-by-name"}"#;
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/mine?token=hidden-in-a-query", &headers, body).status, 200);
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/mine", &[JSON], r#"{"event":  "b"}"#).status, 200);
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/mine", &[], "auth_token=hidden-in-a-form&event=c").status, 200);
    let letters = send(&server, "GET", "/_seatrial/inbox/mine", &[], "");
    assert!(!letters.body.contains("hidden"), "{}", letters.body);
    let letters = letters.json();
    assert_eq!(letters["letters"][0]["json"], json!({"event": "a", "auth_token": "[redacted]", "note": "[redacted]"}));
    assert_eq!(letters["letters"][1]["text"], r#"{"event":  "b"}"#);
    assert_eq!(letters["letters"][2]["text"], "auth_token=[redacted]&event=c");
    let whole = admin(&server, "GET", "/inbox/mine?secrets=show", &Value::Null);
    assert_eq!((&whole["letters"][0]["text"], &whole["letters"][0]["query"]), (&json!(body), &json!("token=hidden-in-a-query")));
    let wanted =
        json!({"expect": [{"call": "shipmate.createToken", "when": "$request.body.password == 'hidden-in-a-condition'", "count": 1}]});
    for (query, is_shown) in [("", false), ("?secrets=hide", false), ("?secrets=show", true)] {
        let report = admin(&server, "POST", &format!("/sandboxes/default/verify{query}"), &wanted);
        assert_eq!(report["verdict"], "failed", "{report}");
        assert_eq!(report.to_string().contains("hidden-in-a-condition"), is_shown, "{query}: {report}");
    }
}

/// Whatever a vendor's document says to be a credential is one, so that a new vendor declares only names that mislead.
#[test]
fn credentials_of_every_document_are_hidden() {
    let server = Server::start(&[]);
    let mut tried = 0;
    for vendor in seatrial::vendors::all() {
        let document: Value = serde_json::from_str(&vendor.spec).expect("documents are JSON");
        let schemes = document["components"]["securitySchemes"].as_object().into_iter().flat_map(|schemes| schemes.values());
        let path = document["paths"].as_object().and_then(|paths| paths.keys().next()).expect("a path");
        for (index, scheme) in schemes.enumerate() {
            let value = format!("hidden-{}-{index}", vendor.id);
            let (name, value) = match (scheme["type"].as_str(), scheme["in"].as_str()) {
                (Some("apiKey"), Some("header")) => (scheme["name"].as_str().expect("a name"), value),
                (Some("http" | "oauth2"), _) => ("authorization", format!("Bearer {value}")),
                other => panic!("{}: {other:?} is not tried", vendor.id),
            };
            let target = format!("/{}{}{path}", vendor.mount, vendor.path_prefix);
            send(&server, "GET", &target, &[(name, &value)], "");
            tried += 1;
        }
    }
    let shown = send(&server, "GET", "/_seatrial/sandboxes/default/requests?limit=1000", &[], "").body;
    let whole = send(&server, "GET", "/_seatrial/sandboxes/default/requests?limit=1000&secrets=show", &[], "").body;
    assert!(!shown.contains("hidden-"), "{shown}");
    assert!(whole.matches("hidden-").count() >= tried && tried > 6, "{tried}: {whole}");
}
