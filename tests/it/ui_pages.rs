//! The pages about what a sandbox has: each with real data, each action through its form, nothing of what it shows is markup.

use serde_json::{Value, json};

use crate::client::{Answer, JSON, admin, send};
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SANDBOX: &str = "/sandboxes/default";

/// What must never come out as it went in.
const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}\u{202e}\u{200b}</title></style>";

fn page(server: &Server, path: &str) -> Answer {
    let path = if path.starts_with("/_seatrial") { path.to_owned() } else { format!("{BASE}{path}") };
    send(server, "GET", &path, &[("accept", "text/html")], "")
}

/// A page that is there, is no markup of others, is small, and has what every page has.
fn shown(server: &Server, path: &str) -> String {
    let answer = page(server, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let html = answer.body;
    for mark in ["<script>", "<img src=x", "<style", " style=", " onclick=", "javascript:", "\u{202e}", "\u{200b}", "<iframe"] {
        assert!(!html.contains(mark), "{path}: {mark}: {html}");
    }
    assert!(html.matches("<script").count() == 1 && html.matches("</title>").count() == 1 && html.matches("<h1>").count() == 1, "{path}");
    assert!(html.len() <= 64 << 10, "{path} has {} bytes", html.len());
    for (before, _) in html.match_indices("<input ").chain(html.match_indices("<select ")).chain(html.match_indices("<textarea ")) {
        let tag = between(&html[before..], "<", ">");
        let has_label = html.contains(&format!("for=\"{}\"", between(tag, "id=\"", "\"")));
        assert!(tag.contains("type=\"hidden\"") || tag.contains("type=\"checkbox\"") || has_label, "{path}: {tag} has no label");
    }
    html
}

/// The text between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

/// Posts a form, as a browser does that is on the home page.
fn post(server: &Server, action: &str, fields: &[(&str, &str)]) -> Answer {
    let token = between(&page(server, "").body, "name=\"token\" value=\"", "\"").to_owned();
    let back = format!("{BASE}/parcels");
    let pairs = [("token", token.as_str()), ("back", &back)].into_iter().chain(fields.iter().copied());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    send(server, "POST", &format!("{BASE}/do/{action}"), &[FORM], &body)
}

/// The same with an action that is done.
fn act(server: &Server, action: &str, fields: &[(&str, &str)]) {
    let answer = post(server, action, fields);
    let did = answer.head.contains(&format!("did={action}"));
    assert!(answer.status == 303 && did, "{action}: {} {}", answer.head, answer.body);
}

/// Buys a label; the number of its parcel.
fn buy(server: &Server, city: &str) -> String {
    let live = ("authorization", "ShippoToken shippo_live_seatrial");
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let from = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let mut to = from.clone();
    to["city"] = city.into();
    let label = json!({"async": false, "carrier_account": "f82c50551bc7a9182d8e91293e0a7468", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": from, "address_to": to, "parcels": [parcel]}});
    let bought = send(server, "POST", "/shippo/transactions", &[live, JSON], &label.to_string()).json();
    bought["tracking_number"].as_str().unwrap_or_else(|| panic!("{bought}")).to_owned()
}

fn rows(html: &str) -> usize {
    html.matches("<tr role=\"row\"><td").count()
}

#[test]
fn a_parcel_has_a_past_a_plan_and_a_hand_on_it() {
    let server = Server::start(&[]);
    admin(&server, "PUT", &format!("{SANDBOX}/clock"), &json!({"mode": "frozen"}));
    assert!(shown(&server, "/parcels").contains("No parcels yet"));
    let number = buy(&server, "Dallas");
    let path = format!("/parcels/{number}");
    let parcel = || admin(&server, "GET", &path, &Value::Null);
    let before = parcel();
    let planned = before["upcoming"].as_array().expect("it is a list").len();
    assert!(planned >= 4 && before["upcoming"][planned - 1]["status"] == "delivered", "{before}");
    let html = shown(&server, &path);
    assert_eq!(html.matches(">Advance to here<").count(), planned, "{html}");
    assert!(html.contains("Dallas") && html.contains("<li class=\"now\">"), "{html}");

    act(&server, "parcel-next", &[("number", &number)]);
    assert_eq!(parcel()["status"], before["upcoming"][0]["status"]);
    let to = parcel()["upcoming"][0].clone();
    act(&server, "advance", &[("to", to["at"].as_str().expect("it is due at a time"))]);
    let moved = parcel();
    let latest = moved["events"].as_array().and_then(|events| events.last()).expect("it has events");
    assert_eq!((&moved["status"], &latest["at"]), (&to["status"], &to["at"]));
    act(
        &server,
        "parcel-event",
        &[("number", &number), ("status", "exception"), ("message", HOSTILE), ("city", HOSTILE), ("code", HOSTILE)],
    );
    assert_eq!(parcel()["status"], "exception");
    assert!(shown(&server, &path).contains("&lt;script&gt;"));
    act(&server, "parcel-story", &[("number", &number), ("story", "lost")]);
    assert_eq!(parcel()["timeline"], "lost");
    let refused = post(&server, "parcel-story", &[("number", &number), ("story", "lots")]);
    assert!(refused.status == 400 && refused.body.contains("did you mean `lost`?"), "{}", refused.body);
    for number in ["none", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let missing = page(&server, &format!("/parcels/{number}"));
        assert!(missing.status == 404 && !missing.body.contains("<script>"), "{}", missing.body);
    }
    act(&server, "advance", &[("by", "1000h")]);
    assert!(shown(&server, &path).contains("Nothing is planned for it."), "{}", parcel());
}

#[test]
fn what_a_parcel_waits_for_is_told() {
    let server = Server::start(&[]);
    let number = buy(&server, "Dallas");
    let steps = "name: waits\ntimelines:\n  slow:\n    steps:\n      - {after_reads: 2, status: in_transit}\n      - {at: +90d, status: delivered}\n";
    let put = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario?keep=data", &[("content-type", "application/yaml")], steps);
    assert_eq!(put.status, 200, "{}", put.body);
    act(&server, "parcel-story", &[("number", &number), ("story", "slow")]);
    let parcel = admin(&server, "GET", &format!("/parcels/{number}"), &Value::Null);
    assert_eq!(parcel["upcoming"].as_array().map(Vec::len), Some(1), "{parcel}");
    assert_eq!((&parcel["upcoming"][0]["at"], &parcel["upcoming"][0]["waits"]), (&Value::Null, &json!("2 reads of its tracking")));
    assert!(shown(&server, &format!("/parcels/{number}")).contains("after 2 reads of its tracking"));
    assert!(shown(&server, "/parcels").contains("after 2 reads of its tracking"));
}

#[test]
fn parcels_are_counted_filtered_and_turned_over() {
    let server = Server::start(&[]);
    admin(&server, "PUT", &format!("{SANDBOX}/clock"), &json!({"mode": "frozen"}));
    let hostile = buy(&server, HOSTILE);
    let numbers: Vec<String> = (0..1_500).map(|_| buy(&server, "Dallas")).collect();
    let late = buy(&server, "Waco");
    admin(&server, "POST", &format!("/parcels/{}/events", numbers[7]), &json!({"status": "exception", "message": HOSTILE}));
    admin(&server, "POST", &format!("/parcels/{}/events", numbers[8]), &json!({"status": "delivered"}));

    let list = |query: &str| admin(&server, "GET", &format!("{SANDBOX}/parcels?{query}"), &Value::Null);
    let numbers_of = |found: &Value| -> Vec<String> {
        let rows = found["parcels"].as_array().expect("it is a list").iter();
        rows.map(|row| row["tracking_number"].as_str().expect("it has one").to_owned()).collect()
    };
    let found = list("status=exception,lost&view=row");
    assert_eq!((numbers_of(&found), &found["counts"]["exception"], &found["next"]), (vec![numbers[7].clone()], &json!(1), &Value::Null));
    let total: u64 = found["counts"].as_object().expect("an object").values().filter_map(Value::as_u64).sum();
    assert_eq!(total, 1_502, "counts are of all statuses");
    assert_eq!(found["parcels"][0]["events"].as_array().map(Vec::len), Some(1), "rows have the latest event only");
    assert_eq!(numbers_of(&list("q=WACO")), [&*late]);
    assert_eq!(list("vendor=shipmate")["parcels"], json!([]));
    assert_eq!(list("timeline=usual&limit=3&sort=newest")["parcels"].as_array().map(Vec::len), Some(3));
    let soonest = list("sort=next&limit=2");
    let after = soonest["next"].as_str().expect("there are more");
    assert_eq!(after, numbers_of(&soonest)[1]);
    assert!(!numbers_of(&list(&format!("sort=next&limit=2&after={after}"))).contains(&after.to_owned()));
    for wrong in ["status=lots", "sort=up", "view=all", "limit=x", "stauts=lost", "after=none"] {
        let answer = send(&server, "GET", &format!("/_seatrial{SANDBOX}/parcels?{wrong}"), &[], "");
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
    }

    let first = shown(&server, "/parcels");
    assert_eq!(rows(&first), 40);
    for expected in ["All 1,502", "Moving 1,500", "Trouble 1", "Delivered 1"] {
        assert!(first.contains(expected), "{expected}: {first}");
    }
    let next = between(&first, "rel=\"next\" href=\"", "\"").replace("&amp;", "&");
    let second = shown(&server, &next);
    assert!(rows(&second) == 40 && second.contains("First page"), "{next}");
    assert_eq!(rows(&shown(&server, "/parcels?status=trouble")), 1);
    assert_eq!(rows(&shown(&server, "/parcels?status=exception")), 1);
    assert!(shown(&server, &format!("/parcels?q={hostile}")).contains("&lt;script&gt;"));
    shown(&server, "/parcels?sort=next");
    // What was delivered by hand has its task still, and nothing to come.
    for number in &numbers[..7] {
        admin(&server, "POST", &format!("/parcels/{number}/events"), &json!({"status": "delivered"}));
    }
    assert_eq!(numbers_of(&list("sort=next&status=delivered,exception"))[0], numbers[7]);
    // A field keeps what was typed as it is, marks that turn text around included.
    let typed = HOSTILE.replace(['\u{202e}', '\u{200b}'], "");
    let encoded: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    assert!(shown(&server, &format!("/parcels?q={encoded}")).contains("None that fit"));
    assert_eq!(page(&server, "/parcels?stauts=lost").status, 400);
}

#[test]
fn a_parcel_with_many_hostile_events_is_shown_in_pages() {
    let server = Server::start(&[]);
    let number = buy(&server, "Dallas");
    let long = HOSTILE.repeat(3);
    for _ in 0..70 {
        let location = json!({"city": long, "zip": long, "country": long});
        let event = json!({"status": "exception", "code": long, "message": long, "location": location});
        admin(&server, "POST", &format!("/parcels/{number}/events"), &event);
    }
    let latest = shown(&server, &format!("/parcels/{number}"));
    let earlier = between(&latest, "rel=\"prev\" href=\"", "\"");
    assert_eq!(rows(&shown(&server, earlier)), 30, "{earlier}");
    assert!(shown(&server, earlier).contains("Latest events"));
}

#[test]
fn subscriptions_are_made_tested_resumed_and_removed_and_deliveries_are_sent_again() {
    let server = Server::start(&[]);
    assert!(shown(&server, "/webhooks").contains("Nobody is told"));
    let url = format!("http://{}/_seatrial/inbox/shop", server.address());
    act(&server, "webhook-add", &[("vendor", "shippo"), ("url", &url), ("events", "track_updated, transaction_created")]);
    let wrong = post(&server, "webhook-add", &[("vendor", "shippo"), ("url", &url), ("events", "track_update")]);
    assert!(wrong.status == 400 && wrong.body.contains("track_update"), "{}", wrong.body);
    let subscription = admin(&server, "GET", &format!("{SANDBOX}/webhooks"), &Value::Null)["webhooks"][0].clone();
    let id = subscription["id"].as_str().expect("it has one");
    assert_eq!(subscription["events"], json!(["track_updated", "transaction_created"]));
    act(&server, "webhook-test", &[("id", id)]);
    let deliveries = |wait: &str| {
        let found = admin(&server, "GET", &format!("{SANDBOX}/deliveries?progress=delivered&{wait}"), &Value::Null);
        found["deliveries"].as_array().expect("it is a list").clone()
    };
    let delivery = deliveries("wait=10s")[0]["id"].as_str().expect("it has one").to_owned();
    let html = shown(&server, "/webhooks");
    assert!(html.contains(&format!("{BASE}/deliveries/{delivery}")) && html.contains(&format!("{BASE}/inbox/shop")), "{html}");
    assert!(shown(&server, "/webhooks?progress=failed").contains("None that fit"));
    let detail = shown(&server, &format!("/deliveries/{delivery}"));
    assert!(detail.contains("<b>a test</b>") && detail.contains("1 attempt,"), "{detail}");
    act(&server, "redeliver", &[("id", &delivery)]);
    let letters = admin(&server, "GET", "/inbox/shop?wait=10s&min=2", &Value::Null);
    assert_eq!(letters["received"], 2, "{letters}");
    assert_eq!(page(&server, "/inbox?name=shop").head.matches(&format!("location: {BASE}/inbox/shop")).count(), 1);
    assert!(shown(&server, "/inbox/shop").contains("Letter 2"));
    act(&server, "inbox-clear", &[("name", "shop")]);
    assert!(shown(&server, "/inbox/shop").contains("No letters"));
    act(&server, "webhook-resume", &[("id", id)]);
    assert!(shown(&server, &format!("/webhooks/{id}/remove")).contains("Remove it"));
    act(&server, "webhook-remove", &[("id", id)]);
    assert_eq!(admin(&server, "GET", &format!("{SANDBOX}/webhooks"), &Value::Null)["webhooks"], json!([]));
    assert_eq!(page(&server, &format!("/webhooks/{id}/remove")).status, 404);
    assert_eq!(post(&server, "webhook-remove", &[("id", id)]).status, 404);
    assert_eq!(page(&server, "/deliveries/none").status, 404);
}

#[test]
fn many_subscriptions_deliveries_and_letters_are_shown_in_pages_whatever_they_say() {
    let server = Server::start(&[]);
    let encoded: String = form_urlencoded::byte_serialize(HOSTILE.repeat(20).as_bytes()).collect();
    for number in 0..60 {
        let url = format!("http://{}/_seatrial/inbox/many?number={number}&status=503&{encoded}", server.address());
        let made = admin(&server, "POST", &format!("{SANDBOX}/webhooks"), &json!({"vendor": "shippo", "url": url}));
        let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
        admin(&server, "POST", &format!("/webhooks/{id}/test"), &Value::Null);
        let letter = HOSTILE.repeat(100);
        let hostile = ("x-hostile", "<script>alert(1)</script>");
        assert_eq!(send(&server, "POST", "/_seatrial/inbox/hostile", &[hostile], &letter).status, 200);
    }
    let first = shown(&server, "/webhooks");
    assert!(first.contains("1 to 25 of 60") && rows(&first) == 50, "{first}");
    assert!(shown(&server, "/webhooks?from=50").contains("51 to 60 of 60"));
    let older = between(&first, "rel=\"next\" href=\"", "\"").replace("&amp;", "&");
    assert!(shown(&server, &older).contains("Newest"), "{older}");
    let newest = shown(&server, "/inbox/hostile");
    assert!(newest.contains("Letter 60") && newest.contains("&lt;script&gt;"), "{newest}");
    let older = between(&newest, "rel=\"next\" href=\"", "\"");
    assert!(shown(&server, older).contains("Letter 48"), "{older}");
    for wrong in ["/webhooks?progress=lost", "/webhooks?form=1", "/inbox/hostile?after=1"] {
        assert_eq!(page(&server, wrong).status, 400, "{wrong}");
    }
}

/// Pages of no sandbox have names that a sandbox may have as well.
#[test]
fn sandboxes_that_are_named_like_pages_have_theirs() {
    let server = Server::start(&[]);
    for name in ["assets", "go", "login", "sandboxes"] {
        act(&server, "sandbox-create", &[("name", name)]);
        let home = format!("/_seatrial/ui/@{name}");
        assert!(shown(&server, &home).contains(&format!("href=\"{home}/requests\"")), "{name}");
        assert!(shown(&server, &format!("{home}/sandbox")).contains(name));
        let list = shown(&server, "/_seatrial/ui/sandboxes");
        assert!(list.contains(&format!("href=\"{home}\"")) && list.contains("href=\"/_seatrial/ui/default\""), "{list}");
        let call = send(&server, "GET", &format!("/@{name}/shippo/nowhere"), &[], "");
        let id = call.head.lines().find_map(|line| line.strip_prefix("seatrial-request: ")).expect("every answer has one");
        let led = page(&server, &format!("/_seatrial/ui/go/{id}"));
        assert!(led.head.contains(&format!("location: {home}/requests/{id}")), "{}", led.head);
    }
    assert!(shown(&server, "/_seatrial/ui/@default").contains("href=\"/_seatrial/ui/default/requests\""));
}

#[test]
fn sandboxes_are_made_forked_kept_restored_and_deleted() {
    let server = Server::start(&[]);
    act(&server, "sandbox-create", &[("name", "mine"), ("seed", "7"), ("ttl", "30m"), ("scenario", "")]);
    let wrong = post(&server, "sandbox-create", &[("name", "Not A Name")]);
    assert!(wrong.status == 400 || wrong.status == 422, "{}", wrong.body);
    assert_eq!(post(&server, "sandbox-create", &[("name", "x"), ("seed", "seven")]).status, 400);
    assert_eq!(admin(&server, "GET", "/sandboxes/mine", &Value::Null)["seed"], 7);
    act(&server, "fork", &[("name", "copy")]);
    let html = shown(&server, "/_seatrial/ui/sandboxes");
    assert!(html.contains(">mine<") && html.contains(">copy<") && html.contains("in 29 min"), "{html}");
    let found = admin(&server, "GET", "/sandboxes?view=row&q=copy", &Value::Null);
    assert_eq!(
        (&found["sandboxes"][0]["name"], &found["sandboxes"][0]["credentials"], &found["next"]),
        (&json!("copy"), &json!({}), &Value::Null)
    );

    let number = buy(&server, "Dallas");
    let parcel = format!("/parcels/{number}?sandbox=default");
    let bought = admin(&server, "GET", &parcel, &Value::Null);
    act(&server, "snapshot", &[("name", HOSTILE.get(..40).expect("it is long"))]);
    act(&server, "snapshot", &[("name", "early")]);
    act(&server, "parcel-event", &[("number", &number), ("status", "lost")]);
    let one = shown(&server, "/sandbox");
    assert!(one.contains("early") && one.contains("The default sandbox stays."), "{one}");
    assert!(shown(&server, "/sandbox/restore?name=early").contains("snapshot <b>early</b>"));
    act(&server, "restore", &[("name", "early")]);
    assert_eq!(admin(&server, "GET", &parcel, &Value::Null)["events"], bought["events"]);
    assert_eq!(post(&server, "restore", &[("name", "never")]).status, 404);
    act(&server, "snapshot-drop", &[("name", "early")]);
    assert_eq!(post(&server, "snapshot-drop", &[("name", "early")]).status, 404);

    let export = page(&server, "/sandbox/export");
    assert!(export.status == 200 && export.head.contains("content-disposition: attachment"), "{}", export.head);
    assert!(shown(&server, "/sandbox/reset").contains("go back to when the scenario was loaded"));
    act(&server, "sandbox-reset", &[]);
    assert!(shown(&server, "/parcels").contains("No parcels yet"));
    act(&server, "import", &[("file", &export.body)]);
    assert!(shown(&server, "/parcels").contains(&number));
    assert_eq!(post(&server, "import", &[("file", "{}")]).status, 400);

    let token = between(&page(&server, "").body, "name=\"token\" value=\"", "\"").to_owned();
    let delete = |name: &str| send(&server, "POST", &format!("/_seatrial/ui/{name}/do/sandbox-delete"), &[FORM], &format!("token={token}"));
    assert!(shown(&server, "/_seatrial/ui/copy/sandbox/delete").contains("credentials go"));
    assert_eq!((delete("copy").status, delete("copy").status, delete("default").status), (303, 404, 409));
    assert_eq!(page(&server, "/sandbox/nothing").status, 404);
}

#[test]
fn a_thousand_sandboxes_are_shown_in_pages() {
    let server = Server::start(&[]);
    for number in 0..1_000 {
        admin(&server, "POST", "/sandboxes", &json!({"name": format!("many-{number:04}-{}", "x".repeat(50))}));
    }
    let first = shown(&server, "/_seatrial/ui/sandboxes");
    assert!(rows(&first) == 40 && first.contains("1,001 in this process"), "{first}");
    let next = between(&first, "rel=\"next\" href=\"", "\"").replace("&amp;", "&");
    assert_eq!(rows(&shown(&server, &next)), 40, "{next}");
    assert_eq!(rows(&shown(&server, "/_seatrial/ui/sandboxes?q=many-0500")), 1);
    // A field keeps what was typed as it is, marks that turn text around included.
    let typed = HOSTILE.replace(['\u{202e}', '\u{200b}'], "");
    let encoded: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    assert!(shown(&server, &format!("/_seatrial/ui/sandboxes?q={encoded}")).contains("None that fit"));
}

#[test]
fn what_is_owed_and_what_is_proven_is_one_page() {
    let server = Server::start(&[]);
    assert!(shown(&server, "/contract").contains("Nothing was called so far."));
    let scenario = "name: strict\nexpect:\n  - call: shippo.CreateAddress\n    count: 1\n  - never: shippo.CreateRefund\n";
    let put = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[("content-type", "application/yaml")], scenario);
    assert_eq!(put.status, 200, "{}", put.body);
    let test = ("authorization", "ShippoToken shippo_test_seatrial");
    for number in 0..60 {
        let body = json!({"name": HOSTILE, "country": 7, format!("{number}{HOSTILE}"): HOSTILE, "zip": 12});
        send(&server, "POST", "/shippo/addresses", &[test, JSON], &body.to_string());
    }
    send(&server, "GET", "/shippo/addresses", &[test], "");
    // Whoever looks while calls are judged is told to look again.
    let mut looks = (0..1_000).map(|_| shown(&server, "/contract"));
    let html = looks.find(|html| !html.contains("Look again")).expect("all calls are judged in the end");
    assert!(!html.contains("[redacted]"), "{html}");
    for expected in
        ["never: shippo.CreateRefund", "passed", "failed", "/country", "shippo.ListAddresses", "60 times", "operation=shippo.CreateAddress"]
    {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    assert!(shown(&server, "/contract?vendor=shippo&from=1").contains("Before"));
    assert_eq!(page(&server, "/contract?form=1").status, 400);
}
