//! What makes a difference to calls that are exported as a conversation: the order of webhooks, what `given` makes, headers that a scenario
//! reads, credentials of rows that the default sandbox has not, and braces in paths.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::explain::under;
use crate::folder::Folder;
use crate::process::Server;
use crate::round_trips::{advance, differences, export, kinds, make};

/// The conversation of a sandbox holds with a server that has nothing of it.
fn check(name: &str, exported: &str) {
    let folder = Folder::new(&format!("again-{name}"));
    folder.put(&format!("{name}.yaml"), exported);
    if let Some(found) = differences(&folder) {
        panic!("{found:.10000}\n{exported:.10000}");
    }
}

fn credentials(server: &Server, name: &str, mount: &str) -> Value {
    admin(server, "GET", &format!("/sandboxes/{name}"), &Value::Null)["credentials"][mount].take()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn webhooks_that_overtake_each_other_come_in_the_same_order() {
    let server = Server::start(&[]);
    let hook = json!({"vendor": "shipmate", "url": "inbox://overtaken?status=503,500,200"});
    make(&server, "overtaken", &json!({"seed": 31, "webhooks": {"reorder": 2, "subscriptions": [hook]}}));
    let own = credentials(&server, "overtaken", "shipmate")[0].take();
    let login = json!({"username": own["username"], "password": own["password"]}).to_string();
    let key = ("x-shipmate-api-key", text(&own["api_key"]));
    let token = send(&server, "POST", "/@overtaken/shipmate/v1.1/tokens", &[key, JSON], &login).json();
    let token = ("x-shipmate-token", text(&token["data"]["token"]));
    let example = admin(&server, "GET", "/vendors/shipmate/operations/createConsignment?sandbox=overtaken", &Value::Null);
    let body = example["example"]["body"].to_string();
    let made = send(&server, "POST", "/@overtaken/shipmate/v1.1/consignments", &[key, token, JSON], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    advance(&server, "overtaken", "12h");
    check("overtaken", &export(&server, "overtaken"));
}

/// The scenario of a conversation makes again what is given: subscriptions, and data of the account of the vendor's first credential.
#[test]
fn what_is_given_is_made_once() {
    let server = Server::start(&[]);
    let url = format!("http://{}/_seatrial/inbox/given", server.address());
    let hook = json!({"name": "given", "event": "track", "url": url});
    let given = json!([{"shipstation_v2.create_webhook": hook}, {"shipstation_v2.create_tag_from_body": {"name": "given"}}]);
    let asked = json!({"vendor": "shipstation_v2", "url": "inbox://asked"});
    make(&server, "tagged", &json!({"given": given, "webhooks": {"subscriptions": [asked]}}));
    let keys = credentials(&server, "tagged", "shipstation");
    // The first row has no key of version 2: its account is that of the production key.
    let mut keys = keys.as_array().expect("rows").iter().filter_map(|row| row["api_key"].as_str());
    let key = keys.find(|key| !key.starts_with("TEST_")).expect("a key");
    let headers = [("api-key", key), JSON];
    let list = |path: &str| send(&server, "GET", &format!("/@tagged/shipstation/v2/{path}"), &headers, "").body;
    assert!(list("tags").contains("given") && list("environment/webhooks").contains(&url), "{}", list("environment/webhooks"));
    let example = admin(&server, "GET", "/vendors/shipstation_v2/operations/create_label?sandbox=tagged", &Value::Null);
    let body = example["example"]["body"].to_string();
    let bought = send(&server, "POST", "/@tagged/shipstation/v2/labels", &headers, &body);
    assert_eq!(bought.status, 200, "{}", bought.body);
    advance(&server, "tagged", "96h");
    assert!(list("labels").contains("label_id"));
    let sent = admin(&server, "GET", "/sandboxes/tagged/deliveries", &Value::Null)["deliveries"].to_string();
    assert!(sent.contains(&url) && sent.contains("inbox://asked"), "{sent}");
    let exported = export(&server, "tagged");
    // Those that the scenario asks for are in both worlds of the account.
    assert_eq!(kinds(&exported).iter().filter(|kind| *kind == "subscribe").count(), 2, "{exported}");
    check("tagged", &exported);

    let hook = json!({"shippo.createWebhook": {"event": "all", "url": "inbox://given?status=200", "active": true}});
    make(&server, "hooked", &json!({"given": [hook]}));
    let token = format!("ShippoToken {}", text(&credentials(&server, "hooked", "shippo")[0]["token"]));
    let listed = send(&server, "GET", "/@hooked/shippo/webhooks", &[("authorization", &token)], "");
    assert!(listed.body.contains("inbox://given"), "{}", listed.body);
    let exported = export(&server, "hooked");
    assert_eq!(kinds(&exported), ["call"], "{exported}");
    check("hooked", &exported);
}

/// An inbox answers in turn, whosever letters come. Each subscription has its own answers again.
#[test]
fn a_receiver_of_several_subscriptions_answers_each_as_it_did() {
    let server = Server::start(&[]);
    let tokens = ["shippo_test_conv", "shippo_live_conv"];
    let rows = json!([{"token": tokens[0], "mode": "test", "account": "shop"}, {"token": tokens[1], "mode": "live", "account": "shop"}]);
    let hook = json!({"vendor": "shippo", "url": "inbox://g?status=410,200", "account": "shop", "events": ["transaction_created"]});
    make(&server, "shared", &json!({"seed": 11, "accounts": {"shippo": rows}, "webhooks": {"subscriptions": [hook]}}));
    let end = json!({"name": "Ada", "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"});
    let parcel = json!({"length": 5, "width": 5, "height": 5, "distance_unit": "in", "weight": 2, "mass_unit": "lb"});
    let wanted = json!({"address_from": end, "address_to": end, "parcels": [parcel], "async": false});
    for token in tokens {
        let authorization = format!("ShippoToken {token}");
        let call = |path: &str, body: &Value| {
            let made =
                send(&server, "POST", &format!("/@shared/shippo/{path}"), &[("authorization", &*authorization), JSON], &body.to_string());
            assert_eq!(made.status, 201, "{}", made.body);
            made.json()
        };
        let rates = call("shipments", &wanted)["rates"].clone();
        let rate = rates.as_array().and_then(|rates| rates.iter().find(|rate| rate["provider"] == "USPS")).expect("one of USPS");
        for _ in 0..2 {
            call("transactions", &json!({"rate": rate["object_id"], "async": false}));
            advance(&server, "shared", "1s");
        }
    }
    let exported = export(&server, "shared");
    let steps: Vec<&str> = exported.lines().filter(|line| line.starts_with("  - subscribe:")).collect();
    let ended = steps.iter().filter(|line| line.contains(r#""answers":410"#)).count();
    assert_eq!((steps.len(), ended, exported.contains("[410")), (2, 1, false), "{exported}");
    let received = kinds(&exported).iter().filter(|kind| *kind == "receives").count();
    assert_eq!(received, 3, "one that was ended receives nothing more: {exported}");
    check("shared", &exported);
}

#[test]
fn headers_that_clients_set_themselves_are_kept_where_a_scenario_reads_them() {
    let server = Server::start(&[]);
    let when = json!({"request": {"headers": {"User-Agent": "shop/*"}}});
    make(&server, "agent", &json!({"overrides": [{"on": "shippo.ListAddresses", "when": when, "fault": 503}]}));
    make(&server, "nobody", &json!({}));
    for (name, status) in [("agent", 503), ("nobody", 200)] {
        let token = format!("ShippoToken {}", text(&credentials(&server, name, "shippo")[0]["token"]));
        let headers = [("authorization", &*token), ("user-agent", "shop/1.0"), ("accept-encoding", "identity")];
        assert_eq!(send(&server, "GET", &format!("/@{name}/shippo/addresses"), &headers, "").status, status);
    }
    let exported = export(&server, "agent");
    assert!(exported.contains("shop/1.0") && !exported.contains("identity"), "{exported}");
    check("agent", &exported);
    assert!(!export(&server, "nobody").contains("shop/1.0"));
}

#[test]
fn braces_of_a_path_come_again() {
    let server = Server::start(&[]);
    make(&server, "braces", &json!({}));
    let own = credentials(&server, "braces", "shiptheory")[0].take();
    let login = json!({"email": own["email"], "password": own["password"]}).to_string();
    let token = send(&server, "POST", "/@braces/shiptheory/v1/token", &[JSON], &login).json();
    let token = format!("Bearer {}", text(&token["data"]["token"]));
    let headers = [("authorization", &*token), ("accept", "application/json")];
    let answer = send(&server, "GET", "/@braces/shiptheory/v1/tags/{{tag}}", &headers, "");
    assert!(answer.body.contains("{{tag}}"), "{}", answer.body);
    check("braces", &export(&server, "braces"));
}

/// The default sandbox has fewer rows of credentials than another one, and shorter words.
#[test]
fn credentials_are_mapped_whatever_the_default_sandbox_has() {
    let server = under(
        "accounts:
  shippo: [{token: shippo_test_mine}]
  shipstation: [{key: kk1, secret: ss1}, {api_key: TEST_zz1}]
",
    );
    make(&server, "rows", &json!({}));
    let (tokens, keys) = (credentials(&server, "rows", "shippo"), credentials(&server, "rows", "shipstation"));
    for row in tokens.as_array().expect("rows") {
        let header = format!("ShippoToken {}", text(&row["token"]));
        assert_eq!(send(&server, "GET", "/@rows/shippo/addresses", &[("authorization", &header)], "").status, 200);
    }
    for key in keys.as_array().expect("rows").iter().filter_map(|row| row["api_key"].as_str()) {
        assert_eq!(send(&server, "GET", "/@rows/shipstation/v2/carriers", &[("api-key", key)], "").status, 200);
    }
    for vendor in ["shippo", "shipstation_v2"] {
        let path = format!("/_seatrial/sandboxes/rows/requests/export?format=conversation&secrets=show&vendor={vendor}");
        let exported = send(&server, "GET", &path, &[], "").body;
        assert!(exported.contains("shippo_live_seatrial") || exported.contains("seatrial-live"), "{exported}");
        check(vendor, &exported);
    }
    // Examples have what the sandbox has.
    let example = |operation: &str| admin(&server, "GET", &format!("/vendors/{operation}?sandbox=default"), &Value::Null).to_string();
    assert!(example("shippo/operations/CreateAddress").contains("shippo_test_mine"));
    for operation in ["list_carriers", "create_label"] {
        let example = example(&format!("shipstation_v2/operations/{operation}"));
        assert!(example.contains("TEST_zz1") && !example.contains("kk1-live") && !example.contains("seatrial-live"), "{example}");
    }
}

#[test]
fn rows_of_credentials_that_nobody_usually_has_are_exported_as_they_are() {
    let server = under("accounts: {shippo: [{token: shippo_test_one}, {token: shippo_test_two}, {token: shippo_test_three}]}\n");
    let sandbox = "/_seatrial/sandboxes/default";
    let yaml = ("content-type", "application/yaml");
    // The accounts stay, though the scenario of now does not say them.
    assert_eq!(send(&server, "PUT", &format!("{sandbox}/scenario?keep=data"), &[yaml], "name: other\n").status, 200);
    for token in ["one", "two", "three"] {
        let header = format!("ShippoToken shippo_test_{token}");
        assert_eq!(send(&server, "GET", "/shippo/addresses", &[("authorization", &header)], "").status, 200);
    }
    let exported = send(&server, "GET", &format!("{sandbox}/requests/export?format=conversation&secrets=show"), &[], "").body;
    check("rows", &exported);
}
