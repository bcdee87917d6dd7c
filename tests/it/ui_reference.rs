//! The reference: every operation of every vendor has a page, and what is tried from there is a call like any other.

use serde_json::Value;

use crate::client::{Answer, admin, send};
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn page(server: &Server, path: &str) -> Answer {
    send(server, "GET", &format!("{BASE}{path}"), &[("accept", "text/html")], "")
}

/// The text between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

/// Makes the example of an operation by its form, with some fields changed; the status of the newest call.
fn attempt(server: &Server, path: &str, fields: &[(&str, &str)]) -> (Answer, Value) {
    let html = page(server, path).body;
    let token = between(&html, "name=\"token\" value=\"", "\"").to_owned();
    let pairs = [("token", token.as_str())].into_iter().chain(fields.iter().copied());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let answer = send(server, "POST", &format!("{BASE}{path}"), &[FORM], &body);
    let newest = admin(server, "GET", "/sandboxes/default/requests?view=row&limit=1", &Value::Null);
    (answer, newest["requests"][0].clone())
}

#[test]
fn every_operation_has_a_page_that_is_small_and_says_how_it_is_known() {
    let server = Server::start(&[]);
    let coverage = admin(&server, "GET", "/coverage", &Value::Null);
    assert!(coverage.is_object());
    let mut seen = 0;
    for vendor in ["shipmate", "shippo", "shipstation_v1", "shipstation_v2", "shiptheory", "shiptime"] {
        let list = page(&server, &format!("/reference/{vendor}"));
        assert!(list.status == 200 && list.body.len() <= 64 << 10, "{vendor}: {} {}", list.status, list.body.len());
        let links: Vec<&str> =
            list.body.split(&format!("href=\"{BASE}/reference/{vendor}/")).skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > 10, "{vendor}: {links:?}");
        for link in links.iter().step_by(7) {
            let answer = page(&server, &format!("/reference/{vendor}/{link}"));
            assert!(answer.status == 200 && answer.body.len() <= 64 << 10, "{vendor} {link}: {} {}", answer.status, answer.body.len());
            assert!(answer.body.contains("aria-current=\"page\"") && answer.body.contains("curl "), "{vendor} {link}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
    assert!(page(&server, "/reference/shippo?q=track").body.contains("GetTrack"));
    assert!(page(&server, "/reference/shippo?q=%3Cscript%3E").body.contains("None that fit."));
    for wrong in ["/reference/nobody", "/reference/shippo/GetNothing", "/reference/shippo/%3Cscript%3E"] {
        let answer = page(&server, wrong);
        assert!(answer.status == 404 && !answer.body.contains("<script>"), "{wrong}: {}", answer.status);
    }
}

#[test]
fn what_is_tried_is_a_call_and_leads_to_its_page() {
    let server = Server::start(&[]);
    let (answer, newest) = attempt(&server, "/reference/shippo/CreateAddress", &[]);
    assert!(answer.status == 303 && answer.head.contains("/requests/latest"), "{} {}", answer.head, answer.body);
    assert_eq!((&newest["operation"], &newest["status"]), (&"shippo.CreateAddress".into(), &201.into()), "{newest}");
    // Calls that it needs are made before it.
    let (answer, newest) = attempt(&server, "/reference/shippo/GetAddress", &[]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!((&newest["operation"], &newest["status"]), (&"shippo.GetAddress".into(), &200.into()), "{newest}");
    let (_, newest) = attempt(&server, "/reference/shippo/CreateAddress", &[("body", "{\"country\": 7, \"<script>\": 1}")]);
    assert!(newest["notes"].as_array().is_some_and(|notes| !notes.is_empty()), "{newest}");
    let (answer, newest) = attempt(&server, "/reference/shippo/GetAddress", &[("path", "/addresses/none")]);
    assert!(answer.status == 303 && newest["status"] == 404, "{newest}");
    let detail = page(&server, "/reference/shippo/CreateAddress").body;
    assert!(detail.contains(">4 calls<"), "{detail}");
    let foreign = send(&server, "POST", &format!("{BASE}/reference/shippo/CreateAddress"), &[FORM], "token=x");
    assert_eq!(foreign.status, 403);
}
