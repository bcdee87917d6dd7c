//! `seatrial contract import`: what other tools keep becomes a conversation that can be held.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::json;

use crate::client::{JSON, admin, send};
use crate::process::{Server, command, run, text};

struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("seatrial-import-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    /// Imports a text; what it became, and its path.
    fn import(&self, kept: &str) -> (String, String) {
        let (from, to) = (self.0.join("kept"), self.0.join("imported.yaml"));
        fs::write(&from, kept).expect("the folder takes files");
        let [from, to] = [from, to].map(|path| path.to_string_lossy().into_owned());
        let output = run(&["contract", "import", &from, "--output", &to]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        (fs::read_to_string(&to).expect("it was written"), to)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn hold(server: &Server, file: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let url = format!("http://{}", server.address());
    let mut command = command();
    command.args(["contract", "run", file, "--base-url", &url]).args(arguments).envs(environment.iter().copied());
    command.output().expect("the binary runs")
}

fn passes(output: &Output, imported: &str) {
    assert_eq!(output.status.code(), Some(0), "{}{}\n{imported}", text(&output.stderr), text(&output.stdout));
}

#[test]
fn a_har_is_held_again_without_its_secrets_and_persons() {
    let (server, files) = (Server::start(&[]), Files::new("har"));
    let mine = admin(&server, "POST", "/sandboxes", &json!({"name": "mine", "seed": 7}));
    let token = mine["credentials"]["shippo"][0]["token"].as_str().expect("a token");
    let authorization = format!("ShippoToken {token}");
    let headers = [("authorization", &*authorization), JSON];
    let person = json!({"name": "Grace Hopper", "street1": "99 Hidden Way", "city": "Arlington", "state": "VA", "zip": "22201", "country": "US", "email": "grace@navy.example", "phone": "+1 703 555 0142"});
    let made = send(&server, "POST", "/shippo/addresses", &headers, &person.to_string()).json();
    let id = made["object_id"].as_str().expect("an id");
    send(&server, "GET", &format!("/shippo/addresses/{id}"), &headers, "");
    let har = send(&server, "GET", "/_seatrial/sandboxes/mine/requests/export?format=har&secrets=show", &[], "").body;
    assert!(har.contains(token) && har.contains("Grace Hopper"), "{har}");
    let (imported, file) = files.import(&har);
    for hidden in [token, "Grace", "99 Hidden", "navy", "0142", id] {
        assert!(!imported.contains(hidden), "{hidden}: {imported}");
    }
    assert!(
        imported.contains("ShippoToken {{env.SHIPPO_AUTHORIZATION}}") && imported.contains("GET /addresses/{{object_id_1}}"),
        "{imported}"
    );
    passes(&hold(&server, &file, &["--isolated", "--seed", "9"], &[("SHIPPO_AUTHORIZATION", "shippo_test_seatrial")]), &imported);
    let refused = hold(&server, &file, &["--isolated"], &[("SHIPPO_AUTHORIZATION", "nothing")]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
}

#[test]
fn a_postman_collection_is_held_with_its_variables_and_folders() {
    let (server, files) = (Server::start(&[]), Files::new("postman"));
    let collection = json!({
        "info": {"name": "Acme", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "base", "value": "https://api.shiptheory.com"}, {"key": "mail", "value": "you@youremail.com"}],
        "item": [
            {"name": "Login", "request": {
                "method": "POST", "url": {"raw": "{{base}}/v1/token"},
                "header": [{"key": "Accept", "value": "application/json"}, {"key": "X-Off", "value": "1", "disabled": true}],
                "body": {"mode": "raw", "raw": "{\"email\": \"{{mail}}\", \"password\": \"password\"}"},
            }},
            {"name": "Folder", "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}, "item": [
                {"name": "Sizes", "request": {"method": "GET", "url": "{{base}}/v1/packages/sizes", "header": []}},
            ]},
        ],
    });
    let (imported, file) = files.import(&collection.to_string());
    assert!(imported.contains("vendor: \"shiptheory\"") && !imported.contains("X-Off"), "{imported}");
    assert!(imported.contains("\"Authorization\":\"Bearer {{env.token}}\"") && imported.contains("you@youremail.com"), "{imported}");
    passes(&hold(&server, &file, &["--isolated"], &[("token", "nothing")]), &imported);
}

const LINES: &str = r#"
# What documents print.
$ curl -s -XPOST https://restapi.shiptime.com/oauth2/token \
  -d grant_type=client_credentials -d client_id=seatrial \
  --data-urlencode 'client_secret=hidden & secret'
curl "https://restapi.shiptime.com/rest/boxes/?a=1" -u sandbox:sandbox -H 'Accept: */*' --compressed
curl -G https://restapi.shiptime.com/rest/shipments -u 'ada:hunter2hunter2' -d limit=5
curl --request POST --url https://restapi.shiptime.com/rest/rates/ --user sandbox:sandbox --json '{
  "from": {"city": "Toronto"}}'
"#;

#[test]
fn lines_of_curl_are_held() {
    let (server, files) = (Server::start(&[]), Files::new("curl"));
    let (imported, file) = files.import(LINES);
    for (found, is_there) in [
        ("call: \"POST /oauth2/token\"", true),
        ("\"{{env.SHIPTIME_CLIENT_SECRET}}\"", true),
        ("hidden", false),
        ("Basic c2FuZGJveDpzYW5kYm94", true),
        ("Basic {{env.SHIPTIME_BASIC}}", true),
        ("call: \"GET /rest/shipments?limit=5\"", true),
        ("json: {\"from\":{\"city\":\"Toronto\"}}", true),
        ("*/*", false),
    ] {
        assert_eq!(imported.contains(found), is_there, "{found}: {imported}");
    }
    let environment = [("SHIPTIME_CLIENT_SECRET", "seatrial-secret"), ("SHIPTIME_BASIC", "c2FuZGJveDpzYW5kYm94")];
    passes(&hold(&server, &file, &["--isolated"], &environment), &imported);
}

/// Names that sound like those of secrets, and are none.
const OPEN: &str = r#"
curl https://api.goshippo.com/transactions -H 'Authorization: ShippoToken shippo_test_seatrial' --json '{
  "carrier_account": "b741b99f95e841639b54272834bc478c", "servicelevel_token": "usps_priority", "label_file_type": "PDF", "access_token": "hidden-1",
  "shipment": {"extra": {"signature_confirmation": "STANDARD"}, "parcels": [{"template": "USPS_FlatRateEnvelope"}]}}'
curl 'https://api.goshippo.com/transactions?page_token=abc&client_secret=hidden-2' -H 'Authorization: ShippoToken shippo_test_seatrial'
curl https://api.goshippo.com/service-groups -H 'Authorization: ShippoToken shippo_test_seatrial' --json '{
  "service_levels": [{"account_object_id": "b741b99f95e841639b54272834bc478c", "service_level_token": "usps_priority", "token": "ups_ground"}]}'
curl https://api.goshippo.com/user-parcel-templates -H 'Authorization: ShippoToken shippo_test_seatrial' --json '{
  "template": {"token": "FedEx_Box_10kg", "distance_unit": "in"}, "token": "hidden-3"}'
"#;

#[test]
fn what_only_sounds_like_a_secret_is_kept() {
    let (imported, _) = Files::new("open").import(OPEN);
    for kept in ["usps_priority", "STANDARD", "page_token=abc", "ups_ground", "FedEx_Box_10kg"] {
        assert!(imported.contains(kept), "{kept}: {imported}");
    }
    let variables: Vec<&str> = imported.split("{{env.").skip(1).filter_map(|rest| rest.split("}}").next()).collect();
    assert_eq!(variables, ["SHIPPO_ACCESS_TOKEN", "SHIPPO_CLIENT_SECRET", "SHIPPO_TOKEN"], "{imported}");
}

#[test]
fn who_is_made_up_in_calls_is_made_up_in_answers() {
    let (server, files) = (Server::start(&[]), Files::new("short"));
    let headers = [("authorization", "ShippoToken shippo_test_seatrial"), JSON];
    let person = json!({"name": "Ada", "street1": "99 Hidden Way", "city": "Arlington", "state": "VA", "zip": "22201", "country": "US"});
    send(&server, "POST", "/shippo/addresses", &headers, &person.to_string());
    send(&server, "GET", "/shippo/addresses?results=1", &headers, "");
    let har = send(&server, "GET", "/_seatrial/sandboxes/default/requests/export?format=har&secrets=show", &[], "").body;
    let (imported, file) = files.import(&har);
    assert!(!imported.replace("Ada Example", "").contains("Ada") && !imported.contains("Hidden"), "{imported}");
    assert!(imported.matches("name: \"Ada Example\"").count() == 3, "{imported}");
    passes(&hold(&server, &file, &["--isolated"], &[]), &imported);
}

#[test]
fn what_cannot_be_imported_is_told() {
    let files = Files::new("told");
    let said = |kept: &str, arguments: &[&str]| {
        let path = files.0.join("kept");
        fs::write(&path, kept).expect("the folder takes files");
        let output = run(&[&["contract", "import", path.to_str().expect("a UTF-8 path")], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    for (kept, problem) in [
        ("{}", "it is neither HAR (an object with `log`), nor a Postman collection"),
        ("wget http://a.example/", "it is neither HAR"),
        ("\n\ncurl 'http://a.example/", "line 3: a quote is not closed"),
        ("curl https://api.goshippo.com/x -d @file", "line 1: `@file` is in a file"),
        ("curl -s", "line 1: there is no URL"),
        ("curl https://nobody.example/x", "the host `nobody.example` is that of no vendor"),
        ("# nothing", "there is no call in it"),
        (&"[{\"log\":".repeat(200)[1..], "it is no JSON: recursion limit exceeded at line 1"),
        ("curl https://api.goshippo.com/x -F file=@label.pdf", "line 1: `@label.pdf` is in a file"),
        (&"curl https://api.goshippo.com/x\n".repeat(1_001), "it has more than 1000 calls"),
        // A quote that is never closed, in a file of many lines.
        (&format!("curl 'https://api.goshippo.com/x{}", "\n".repeat(1 << 20)), "line 1: a quote is not closed"),
        ("curl https://api.goshippo.com/x\ncurl https://api.shiptheory.com/x", "it has calls to shippo, shiptheory"),
    ] {
        let found = said(kept, &[]);
        assert!(found.contains(problem), "{kept}: {found}");
    }
}

/// What browsers copy for bash, and what they keep of a page beside the calls to a vendor.
#[test]
fn what_browsers_keep_is_read() {
    let files = Files::new("browsers");
    let copied = r#"curl 'https://api.goshippo.com/addresses' -H 'content-type: application/json' --data-raw $'{"city":"L\'Isle \u00e9","country":"FR"}' "#;
    let (imported, _) = files.import(copied);
    assert!(imported.contains(r#"json: {"city":"L'Isle é","country":"FR"}"#), "{imported}");
    let entry = |url: &str| json!({"request": {"method": "GET", "url": url, "headers": []}, "response": {"status": 0}});
    let entries = [entry("https://cdn.example.com/logo.png"), entry("https://api.goshippo.com/parcels"), entry("not a url")];
    for arguments in [&[][..], &["--with", "shippo"]] {
        let from = files.0.join("page.har");
        fs::write(&from, json!({"log": {"entries": entries}}).to_string()).expect("the folder takes files");
        let output = run(&[&["contract", "import", from.to_str().expect("a UTF-8 path")], arguments].concat());
        let (imported, said) = (text(&output.stdout), text(&output.stderr));
        assert!(imported.contains("GET /parcels") && !imported.contains("logo"), "{imported}");
        assert!(output.status.code() == Some(0) && said.contains("left out: calls to `cdn.example.com`"), "{said}");
    }
}

/// What browsers copy for the shell of Windows: now, and before 2023.
#[test]
fn lines_for_the_shell_of_windows_are_read() {
    let files = Files::new("windows");
    let now = "curl ^\"https://api.goshippo.com/addresses?a=1^&b=2^\" ^\r\n  -X ^\"POST^\" ^\r\n  -H ^\"content-type: application/json^\" ^\r\n  \
               --data-raw ^\"^{^\\^\"city^\\^\":^\\^\"L'Isle ^%^\\^\",^\r\n\r\n^\\^\"country^\\^\":^\\^\"FR^\\^\"^}^\"\r\n";
    let before = "curl \"https://api.goshippo.com/addresses?a=1&b=2\" ^\r\n  -H \"content-type: application/json\" ^\r\n  \
                  --data-raw \"{\\\"city\\\":\\\"L'Isle %\\\",\"^\r\n\r\n\"\\\"country\\\":\\\"FR\\\"}\" ^\r\n  --compressed\r\n";
    for copied in [now, before] {
        let (imported, _) = files.import(&format!("{copied}{copied}"));
        assert_eq!(imported.matches("call: \"POST /addresses?a=1&b=2\"").count(), 2, "{imported}");
        assert_eq!(imported.matches(r#"json: {"city":"L'Isle %","country":"FR"}"#).count(), 2, "{imported}");
    }
}

#[test]
fn parts_of_forms_and_names_in_paths_are_those_of_the_collection() {
    let (server, files) = (Server::start(&[]), Files::new("parts"));
    let url = |raw: &str, id: &str| json!({"raw": raw, "variable": [{"key": "id", "value": id}]});
    let item = |url, mode: &str, body| json!({"request": {"method": "POST", "url": url, "body": {"mode": mode, mode: body}}});
    let base = "https://api.shipmate.co.uk/v1.2";
    let collection = json!({"variable": [{"key": "number", "value": 7}], "item": [
        {"request": {"method": "GET", "url": url(&format!("{base}/a/:id/:other?b=:id"), "12 {{number}}")}},
        item(json!(format!("{base}/forms")), "formdata", json!([
            {"key": "consignment_reference", "value": "A\nseatrial-part-1", "type": "text"},
            {"key": "notes", "value": "{\"a\": 1}", "type": "text", "contentType": "application/json"},
            {"key": "off", "value": "x", "type": "text", "disabled": true},
        ])),
        item(json!(format!("{base}/uploads")), "formdata", json!([{"key": "file", "type": "file", "src": ["/home/ada/label.pdf"]}])),
        item(json!(format!("{base}/files")), "file", json!({"src": "/home/ada/data.bin"})),
    ]});
    let from = files.0.join("collection.json");
    fs::write(&from, collection.to_string()).expect("the folder takes files");
    let output = run(&["contract", "import", from.to_str().expect("a UTF-8 path"), "--with", "shipmate"]);
    let (imported, said) = (text(&output.stdout), text(&output.stderr));
    for line in
        ["GET /v1.2/a/12 7/{{env.other}}?b=:id", "multipart/form-data; boundary=seatrial-part-2", "name=\\\"notes\\\"\\r\\ncontent-type: "]
    {
        assert!(imported.contains(line), "{line}: {imported}");
    }
    assert!(!imported.contains("uploads") && !imported.contains("name=\\\"off"), "{imported}");
    for file in ["/uploads`, which sends the file `/home/ada/label.pdf`", "/files`, which sends the file `/home/ada/data.bin`"] {
        assert!(said.contains(file), "{file}: {said}");
    }
    // The form arrives as one.
    let form = json!({"item": [item(json!("https://api.goshippo.com/addresses"), "formdata", json!([{"key": "country", "value": "US"}]))]});
    let (imported, file) = files.import(&form.to_string());
    let output = hold(&server, &file, &["--isolated"], &[]);
    assert!(!text(&output.stdout).contains("400"), "{}{imported}", text(&output.stdout));
    let har = json!({"log": {"entries": [
        {"request": {"method": "POST", "url": "https://api.goshippo.com/a", "postData": {"mimeType": "multipart/form-data; boundary=x", "params": [
            {"name": "country", "value": "US"}, {"name": "label", "fileName": "l.txt", "contentType": "text/plain", "value": "label"},
        ]}}},
        {"request": {"method": "POST", "url": "https://api.goshippo.com/b", "postData": {"mimeType": "multipart/form-data", "params": [
            {"name": "label", "fileName": "l.pdf"},
        ]}}},
    ]}});
    let (imported, _) = files.import(&har.to_string());
    assert!(imported.contains("filename=\\\"l.txt\\\"\\r\\ncontent-type: text/plain") && !imported.contains("/b"), "{imported}");
    let (imported, _) = files.import("curl https://api.goshippo.com/a -F country=US -F 'city=Paris;type=text/plain'");
    assert!(imported.contains("name=\\\"city\\\"") && imported.contains("Paris\\r\\n"), "{imported}");
}
