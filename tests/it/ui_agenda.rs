//! What will happen, as the admin API and the page tell it; what was not delivered, sent again together; and ways from an id to its page.

use serde_json::{Value, json};

use crate::admin::furnish;
use crate::client::{Answer, admin, send};
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SANDBOX: &str = "/sandboxes/default";

fn page(server: &Server, path: &str) -> Answer {
    send(server, "GET", &format!("{BASE}{path}"), &[("accept", "text/html")], "")
}

/// Posts a form of the home page.
fn post(server: &Server, action: &str, fields: &str) -> Answer {
    let home = page(server, "").body;
    let (_, rest) = home.split_once("name=\"token\" value=\"").expect("it has a form");
    let token = rest.split('"').next().expect("it has a token");
    send(server, "POST", &format!("{BASE}/do/{action}"), &[FORM], &format!("token={token}&back={BASE}/agenda&{fields}"))
}

fn tasks(server: &Server, query: &str) -> (Vec<Value>, Value) {
    let mut found = admin(server, "GET", &format!("{SANDBOX}/agenda{query}"), &Value::Null);
    let tasks = found["tasks"].as_array().unwrap_or_else(|| panic!("{found}")).clone();
    (tasks, found["next"].take())
}

#[test]
fn the_agenda_says_what_will_happen_and_leads_there() {
    let server = Server::start(&[]);
    admin(&server, "PUT", &format!("{SANDBOX}/clock"), &json!({"mode": "frozen"}));
    assert!(page(&server, "/agenda").body.contains("Nothing is planned"));
    let (_, number) = furnish(&server);
    for _ in 0..2 {
        furnish(&server);
    }
    let (parcels, _) = tasks(&server, "?kind=parcel");
    assert_eq!(parcels.len(), 3, "{parcels:?}");
    let planned = admin(&server, "GET", &format!("/parcels/{number}"), &Value::Null)["upcoming"][0].clone();
    let own = parcels.iter().find(|task| task["subject"] == *number).expect("its step is planned");
    assert_eq!((&own["at"], &own["what"], &own["outdated"]), (&planned["at"], &planned["status"], &json!(false)));
    let clock = admin(&server, "GET", &format!("{SANDBOX}/clock"), &Value::Null);
    let (all, _) = tasks(&server, "");
    assert_eq!((&clock["next"], &clock["next_kind"]), (&all[0]["at"], &all[0]["kind"]));
    // Pages follow each other without a gap, soonest first.
    let (mut turned, mut after) = (Vec::new(), String::new());
    loop {
        let (rows, next) = tasks(&server, &format!("?limit=1{after}"));
        turned.extend(rows);
        let Some(next) = next.as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(turned, all);
    for wrong in ["?kind=parcels", "?after=soon", "?limit=x", "?kinds=parcel"] {
        assert_eq!(send(&server, "GET", &format!("/_seatrial{SANDBOX}/agenda{wrong}"), &[], "").status, 400, "{wrong}");
    }

    let html = page(&server, &format!("/agenda?subject={number}")).body;
    assert!(html.contains(&format!("{BASE}/parcels/{number}")) && html.matches(">Advance to here<").count() == 1, "{html}");
    assert!(page(&server, "/agenda?kind=webhook").body.contains("None that fit"));
    assert_eq!(page(&server, "/agenda?kind=parcels").status, 400);
    let to = planned["at"].as_str().expect("it is a time");
    assert_eq!(post(&server, "advance", &format!("to={to}")).status, 303);
    assert_eq!(admin(&server, "GET", &format!("/parcels/{number}"), &Value::Null)["status"], planned["status"]);
    // A step that was done by hand is still there, and nothing will come of it.
    admin(&server, "POST", &format!("/parcels/{number}/next"), &Value::Null);
    let (own, _) = tasks(&server, &format!("?subject={number}"));
    assert!(own.iter().any(|task| task["outdated"] == true) && own.iter().any(|task| task["outdated"] == false), "{own:?}");
}

#[test]
fn what_has_failed_is_sent_again_together_and_inboxes_are_listed() {
    let server = Server::start(&[]);
    admin(&server, "PUT", &format!("{SANDBOX}/clock"), &json!({"mode": "frozen"}));
    let url = |status: u16| format!("http://{}/_seatrial/inbox/down?status={status}", server.address());
    let made = admin(&server, "POST", &format!("{SANDBOX}/webhooks"), &json!({"vendor": "shipmate_v1_1", "url": url(503)}));
    let made = if made["id"].is_string() {
        made
    } else {
        admin(&server, "POST", &format!("{SANDBOX}/webhooks"), &json!({"vendor": "shippo", "url": url(503)}))
    };
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    for _ in 0..3 {
        admin(&server, "POST", &format!("/webhooks/{id}/test"), &Value::Null);
    }
    admin(&server, "GET", "/inbox/down?wait=10s&min=3", &Value::Null);
    // The retries of the vendor come to an end.
    admin(&server, "POST", &format!("{SANDBOX}/clock/advance"), &json!({"by": "720h", "wait": true}));
    let failed = admin(&server, "GET", &format!("{SANDBOX}/deliveries?progress=failed"), &Value::Null)["found"].clone();
    assert_eq!(failed, 3);
    assert!(page(&server, "/webhooks?progress=failed").body.contains("Redeliver 3 failed"));
    assert!(page(&server, "/webhooks").body.contains(&format!("{BASE}/inbox/down")));
    let inboxes = admin(&server, "GET", "/inboxes", &Value::Null);
    assert_eq!(inboxes["inboxes"][0]["name"], "down");
    let again = |query: &str| admin(&server, "POST", &format!("{SANDBOX}/deliveries/redeliver{query}"), &Value::Null);
    assert_eq!(again("?event=ORDER_NOTIFY"), json!({"redelivered": 0, "on_their_way": 0, "left": 0}));
    let some = again("?limit=2");
    assert_eq!((&some["redelivered"], &some["left"]), (&json!(2), &json!(1)), "{some}");
    let before = admin(&server, "GET", "/inbox/down", &Value::Null)["received"].as_u64().expect("a number");
    assert_eq!(post(&server, "redeliver-all", "progress=failed").status, 303);
    let after = admin(&server, "GET", &format!("/inbox/down?wait=10s&min={}", before + 1), &Value::Null)["received"].as_u64();
    assert!(after > Some(before), "{before} {after:?}");
}

#[test]
fn an_id_leads_to_its_page_whatever_it_is_of() {
    let server = Server::start(&[]);
    let (request, number) = furnish(&server);
    let parcel = admin(&server, "GET", &format!("/parcels/{number}"), &Value::Null);
    let transaction = parcel["subject"].as_str().expect("it belongs to a document");
    let url = format!("http://{}/_seatrial/inbox/shop", server.address());
    let webhook = admin(&server, "POST", &format!("{SANDBOX}/webhooks"), &json!({"vendor": "shippo", "url": url}));
    let webhook = webhook["id"].as_str().expect("it has an id");
    let delivery = admin(&server, "POST", &format!("/webhooks/{webhook}/test"), &Value::Null);
    let delivery = delivery["id"].as_str().expect("it has an id");
    admin(&server, "POST", "/sandboxes", &json!({"name": "other"}));
    let leads = |id: &str, sandbox: &str| {
        let answer = send(&server, "GET", &format!("/_seatrial/ui/go?id={id}&sandbox={sandbox}"), &[], "");
        let place = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned();
        (answer.status, place)
    };
    for (id, place) in [
        (request.as_str(), format!("/requests/{request}")),
        (&number, format!("/parcels/{number}")),
        (delivery, format!("/deliveries/{delivery}")),
        (webhook, format!("/webhooks?webhook={webhook}")),
        ("%231", format!("/requests/{request}")),
    ] {
        assert_eq!(leads(id, "default"), (303, format!("{BASE}{place}").to_lowercase()), "{id}");
    }
    // What a vendor made is shown by its parcel, or by the calls about it; another sandbox than that of the page comes second.
    let (status, place) = leads(transaction, "default");
    assert!(status == 303 && (place.ends_with(&number.to_lowercase()) || place.contains("requests?q=")), "{place}");
    assert_eq!(leads(&number, "other"), (303, format!("{BASE}/parcels/{number}").to_lowercase()));
    for wrong in ["", "nothing", "%3Cscript%3E"] {
        let answer = send(&server, "GET", &format!("/_seatrial/ui/go?id={wrong}&sandbox=default"), &[], "");
        assert!([400, 404].contains(&answer.status) && !answer.body.contains("<script>"), "{wrong}: {}", answer.body);
    }
}
