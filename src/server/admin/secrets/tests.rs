//! What is hidden and what stays, as tables.

mod texts;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{HeaderMap, HeaderName};
use serde_json::json;

use super::values::REDACTED;
use super::*;
use crate::engine::{Open, SecretNames};

/// What the sandbox knows, and what everybody does.
const KNOWN: [&str; 3] = ["8d2f6c1a9b", "two words&more", "ab\"cd\\ef/gh"];
const PUBLISHED: &str = "seatrial-secret";

/// The names of a vendor that says something of its own.
fn of_acme() -> AllNames {
    let open = &[
        Open::Named(&["extended_token", "service_key"]),
        Open::Within(&["servicelevel"], "token"),
        Open::Beside("distance_unit", "token"),
        Open::Object("authentication"),
    ];
    AllNames(Arc::new(Names::new(iter::once(SecretNames { secret: &["x-acme-pin", "berth"], open }))))
}

/// A request as it is shown: its target, its headers, its body.
fn shown(target: &str, headers: &[(&str, &str)], body: &str) -> String {
    exchanged(target, headers, body, 200, "").0
}

/// The same, and the body of the answer.
fn exchanged(target: &str, headers: &[(&str, &str)], body: &str, status: u16, answer: &str) -> (String, String) {
    let all = of_acme();
    let published = Arc::new(HashSet::from([PUBLISHED.to_owned()]));
    let mut found = Found::new(&all.0, &published);
    KNOWN.iter().for_each(|value| found.add_known(value));
    let redactor = Redactor(Some(Known { values: Values::new(found), published, names: vec![("acme".into(), Arc::clone(&all.0))], all }));
    let headers = headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    });
    let entry = Entry {
        vendor: "acme".into(),
        target: target.to_owned(),
        request: Message::new(&HeaderMap::from_iter(headers), body.as_bytes()),
        status: Some(status),
        answer: Message::new(&HeaderMap::new(), answer.as_bytes()),
        ..Entry::made_up()
    };
    let exchange = redactor.exchange(&entry);
    let headers: String = exchange.request.headers.iter().map(|header| format!("{}: {}\n", header.name, header.value)).collect();
    let text = |body: &Value| body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    (format!("{}\n{headers}\n{}", exchange.target, text(&exchange.request.body)), text(&exchange.answer.body))
}

fn check_body(body: &str, expected: &str) {
    let all = shown("/x", &[], body);
    let (_, found) = all.split_once("\n\n").expect("a gap");
    assert_eq!(found, expected, "{body}");
}

#[test]
fn bodies_are_hidden_by_name() {
    for (body, expected) in [
        (r#"{"password": {"a": "q7"}, "b": 1}"#, r#"{"password":"[redacted]","b":1}"#),
        (r#"{"password": ["q7"], "pin_secret": 12}"#, r#"{"password":"[redacted]","pin_secret":"[redacted]"}"#),
        (r#"{"password": null, "secret": true, "token": ""}"#, r#"{"password":null,"secret":true,"token":""}"#),
        (r#"{"note": "{\"password\": \"q7\"}"}"#, r#"{"note":"{\"password\":\"[redacted]\"}"}"#),
        (r#"{"a": "{\"b\": \"{\\\"pwd\\\": \\\"q7\\\"}\"}"}"#, r#"{"a":"{\"b\":\"{\\\"pwd\\\":\\\"[redacted]\\\"}\"}"}"#),
        (r#"[{"name": "password", "value": "q7"}]"#, r#"[{"name":"password","value":"[redacted]"}]"#),
        (r#"{"url": "http://ada:q7@host/x?key=q7&b=2"}"#, r#"{"url":"http://ada:[redacted]@host/x?key=[redacted]&b=2"}"#),
        (r#"{"note": "sent Bearer q7-q7 to it"}"#, r#"{"note":"sent Bearer [redacted] to it"}"#),
        (r#"{"note": "sent Basic YTpx and more"}"#, r#"{"note":"sent Basic [redacted] and more"}"#),
        (r#"{"pin": 1234, "b": 1}"#, r#"{"pin":"[redacted]","b":1}"#),
        (r#"[["password", "q7"], ["city", "Bern"]]"#, r#"[["password","[redacted]"],["city","Bern"]]"#),
        (r#"{"header": "X-Pin", "value": ["q7"]}"#, r#"{"header":"X-Pin","value":"[redacted]"}"#),
        (r#"[{"parameter": "password", "stringValue": "q7"}]"#, r#"[{"parameter":"password","stringValue":"[redacted]"}]"#),
        (r#"{"ParameterKey": "DbPassword", "ParameterValue": "q7"}"#, r#"{"ParameterKey":"[redacted]","ParameterValue":"[redacted]"}"#),
        (r#"{"parameterName": "password", "parameterValue": "q7"}"#, r#"{"parameterName":"password","parameterValue":"[redacted]"}"#),
        (r#"{"keys": ["user", "password"], "values": ["ada", "q7"]}"#, r#"{"keys":["user","password"],"values":["ada","[redacted]"]}"#),
        (r#"{"values": [12], "keys": ["pin"]}"#, r#"{"values":["[redacted]"],"keys":["pin"]}"#),
        (r#"{"required": ["password"], "values": ["a", "b"]}"#, r#"{"required":["password"],"values":["a","b"]}"#),
        (r#"{"k": "apiKey", "v": "q7"}"#, r#"{"k":"apiKey","v":"[redacted]"}"#),
        (r#"["Host", "h", "X-Api-Key", "q7"]"#, r#"["Host","h","X-Api-Key","[redacted]"]"#),
        (r#"{"required": ["password", "email"]}"#, r#"{"required":["password","email"]}"#),
        (r#"{"columns": ["user", "pwd"], "rows": [["u", "q7"]]}"#, r#"{"columns":["user","pwd"],"rows":[["u","[redacted]"]]}"#),
        (r#"{"url": "https://abcdefg7@host/x"}"#, r#"{"url":"https://[redacted]@host/x"}"#),
        (r#"{"\uff50assword": "q7"}"#, "{\"\u{ff50}assword\":\"[redacted]\"}"),
        // Encoded.
        (r#"{"to": "https%3A%2F%2Fada%3Aq7%40h%2Fx"}"#, r#"{"to":"[redacted]"}"#),
        (r#"{"payload": "eyJwYXNzd29yZCI6ICJxNyJ9"}"#, r#"{"payload":"[redacted]"}"#),
        (r#"{"payload": "eyJhIjoiPz8_IiwicGluIjoxfQ"}"#, r#"{"payload":"[redacted]"}"#),
        (r#"{"payload": "eyJjaXR5IjogIkJlcm4ifQ=="}"#, r#"{"payload":"eyJjaXR5IjogIkJlcm4ifQ=="}"#),
        // `[{"password":"q7"}]`, `a=b&password=q7`, `<password>q7</password>`, `city=Bern&country=CH`.
        (r#"{"payload": "W3sicGFzc3dvcmQiOiJxNyJ9XQ=="}"#, r#"{"payload":"[redacted]"}"#),
        (r#"{"payload": "YT1iJnBhc3N3b3JkPXE3"}"#, r#"{"payload":"[redacted]"}"#),
        (r#"{"payload": "PHBhc3N3b3JkPnE3PC9wYXNzd29yZD4="}"#, r#"{"payload":"[redacted]"}"#),
        (r#"{"payload": "Y2l0eT1CZXJuJmNvdW50cnk9Q0g="}"#, r#"{"payload":"Y2l0eT1CZXJuJmNvdW50cnk9Q0g="}"#),
        (
            r#"{"op": "replace", "path": "/user/password", "value": "q7"}"#,
            r#"{"op":"replace","path":"/user/password","value":"[redacted]"}"#,
        ),
        (r#"{"op": "replace", "path": "/user/city", "value": "q7"}"#, r#"{"op":"replace","path":"/user/city","value":"q7"}"#),
        (r#"{"p\u0061ssword": "q7", "b""#, r#"{"p\u0061ssword": "[redacted]", "b""#),
        ("p%252561ssword=q7&b=c", "p%252561ssword=[redacted]&b=c"),
        // Forms.
        ("next=%252Fx%253Fpassword%253Dq7&b=%252F", "next=%252Fx%253Fpassword%253D%255Bredacted%255D&b=%252F"),
        ("mfa=q7&code_verifier=q7&pincode=5", "mfa=[redacted]&code_verifier=[redacted]&pincode=5"),
        ("a=b&password=q,7;8&c=d", "a=b&password=[redacted]&c=d"),
        ("p[0][name]=password&p[0][value]=q7&b=c", "p[0][name]=password&p[0][value]=[redacted]&b=c"),
        ("p%5B0%5D%5Bname%5D=pwd&p%5B0%5D%5Bvalue%5D=q7", "p%5B0%5D%5Bname%5D=pwd&p%5B0%5D%5Bvalue%5D=[redacted]"),
        ("name=password&value=q7", "name=password&value=[redacted]"),
        ("name=city&value=q7", "name=city&value=q7"),
        ("password[0]=q7&password[value]=q7&c=d", "password[0]=[redacted]&password[value]=[redacted]&c=d"),
        ("client%5Fsecret=q7&password%5B0%5D=q7", "client%5Fsecret=[redacted]&password%5B0%5D=[redacted]"),
        ("grant_type=authorization_code&code=q7", "grant_type=authorization_code&code=[redacted]"),
        ("data=%7B%22password%22%3A%22q7%22%7D", "data=%7B%22password%22%3A%22%5Bredacted%5D%22%7D"),
        // The beginnings of JSON.
        (r#"{"a": {"Password" : "x\"y", "b": 1, "apiKey":"k"#, r#"{"a": {"Password" : "[redacted]", "b": 1, "apiKey":"[redacted]"#),
        (r#"{"pin_token": 12345, "count": 12345}{"#, r#"{"pin_token": [redacted], "count": 12345}{"#),
        (r#"{"password": {"a": "q7", "b": "c"}, "d": "e"#, r#"{"password": [redacted], "d": "e"#),
        (r#"{"password": {"a": "q7", "b": "c"#, r#"{"password": [redacted]"#),
        (r#"{"a": "{\"password\": \"q\\\"7\", \"b\": 1}", "c": "d"#, r#"{"a": "{\"password\": \"[redacted]\", \"b\": 1}", "c": "d"#),
        // Other JSON.
        ("{'password': 'q7', 'user': 'ada'}", "{'password': '[redacted]', 'user': 'ada'}"),
        ("{password: q7, user: ada}", "{password: [redacted], user: ada}"),
        ("{user: ada, password: 'q7'}", "{user: ada, password: '[redacted]'}"),
        ("{\"password\"/*x*/:\"q7\", b: 1}", "{\"password\"/*x*/:\"[redacted]\", b: 1}"),
        ("{a: 1, \"password\" // it\n :/* y */\n\"q7\"}", "{a: 1, \"password\" // it\n :/* y */\n\"[redacted]\"}"),
        ("{\"a\": 1, \"password\"\n\n:\r\n\n[\"q7\"], b}", "{\"a\": 1, \"password\"\n\n:\r\n\n[redacted], b}"),
        ("{\"a\": b, \"pin_token\" :\n\n12345\n}", "{\"a\": b, \"pin_token\" :\n\n[redacted]\n}"),
        // YAML.
        ("? password\n: q 7\n? user\n: ada\n", "? password\n: [redacted]\n? user\n: ada\n"),
        ("a:\n  ? \"password\"\n  : 'q7'\n  ? b\n  : c\n", "a:\n  ? \"password\"\n  : '[redacted]'\n  ? b\n  : c\n"),
        ("user: ada\npassword: q 7, x\nz: 1\n", "user: ada\npassword: [redacted]\nz: 1\n"),
        ("user: ada\npassword: |\n  q7\n  q8\nz: 1\n", "user: ada\npassword: [redacted]\nz: 1\n"),
        ("login:\n  password:\n    - q7\n  user: ada\n", "login:\n  password:[redacted]\n  user: ada\n"),
        ("- password: 'it''s q7'\n  user: ada\n", "- password: '[redacted]'\n  user: ada\n"),
        ("password = q7 q8\nuser = ada\n", "password = [redacted]\nuser = ada\n"),
        // XML.
        ("<l><user>a</user><password>q7</password></l>", "<l><user>a</user><password>[redacted]</password></l>"),
        ("<l user=\"a\" password=\"q7\"/>", "<l user=\"a\" password=\"[redacted]\"/>"),
        ("<l><pwd><![CDATA[q<7]]></pwd><b>c</b></l>", "<l><pwd>[redacted]</pwd><b>c</b></l>"),
        ("<w:Password Type=\"x\">q7</w:Password><b>c</b>", "<w:Password [redacted]</w:Password><b>c</b>"),
        ("<secret value='q7'/><b>c</b>", "<secret [redacted]/><b>c</b>"),
        ("<field name=\"password\">q7</field><b>c</b>", "<field [redacted]</field><b>c</b>"),
        ("<field value=\"q7\" name=\"password\"/><b>c</b>", "<field [redacted]/><b>c</b>"),
        ("<k name='city'>c</k><input type='password' value='q7'>", "<k name='city'>c</k><input [redacted]>"),
        ("<d><key>password</key>\n<string>q7</string><b>c</b></d>", "<d><key>password</key>\n<string>[redacted]</string><b>c</b></d>"),
        ("<p><value>q7</value>\n<name>password</name></p>", "<p><value>[redacted]</value>\n<name>password</name></p>"),
        ("<p><value>c</value><name>city</name></p>", "<p><value>c</value><name>city</name></p>"),
        ("<n>apiKey</n><v type=\"s\">q7</v><b>c</b>", "<n>apiKey</n><v [redacted]</v><b>c</b>"),
        ("<!DOCTYPE a [<!ENTITY x 'q>7'>]><a>b</a>", "<!DOCTYPE a [<!ENTITY[redacted]>]><a>b</a>"),
        ("<a>&lt;password&gt;q7&lt;/password&gt; b</a>", "<a>&lt;password&gt;[redacted]&lt;/password&gt; b</a>"),
        ("<!-- password: q7 -->\n<a>b</a>", "<!-- password: [redacted]\n<a>b</a>"),
        // Private keys, commands, columns.
        (
            r#"{"cert": "-----BEGIN RSA PRIVATE KEY-----\nq7/q7==\n-----END RSA PRIVATE KEY-----\nrest", "b": 1}"#,
            r#"{"cert":"[redacted]\nrest","b":1}"#,
        ),
        ("-----BEGIN CERTIFICATE-----\nq7\n-----BEGIN PRIVATE KEY-----\nq8", "-----BEGIN CERTIFICATE-----\nq7\n[redacted]"),
        ("run --user ada --password q7 --verbose", "run --user ada --password [redacted] --verbose"),
        ("run -apiKey 'q 7' -x y", "run -apiKey '[redacted]' -x y"),
        ("curl -u ada:q7 --proxy-user \"a:q 7\" http://h", "curl -u ada:[redacted] --proxy-user \"a:[redacted]\" http://h"),
        ("curl --user=ada:q7 http://h", "curl --user=ada:[redacted] http://h"),
        ("user\tada\npassword\tq7 q8\n", "user\tada\npassword\t[redacted]\n"),
        ("the password: hunter2hunter is wrong", "the password: [redacted] is wrong"),
        // Other text.
        ("POST /x\nX-Api-Key: q7\nHost: h\n", "POST /x\nX-Api-Key: [redacted]\nHost: h\n"),
        ("curl -H 'X-Auth: q 7' -d a=b", "curl -H 'X-Auth: [redacted]' -d a=b"),
        ("see https://h/x?a=b&X-Amz-Signature=q7 there", "see https://h/x?a=b&X-Amz-Signature=[redacted] there"),
        ("it was eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.abc there", "it was [redacted] there"),
        ("it was shippo_live_0123456789abcdef0123456789abcdef01234567, no", "it was [redacted], no"),
        ("xoxb-1234567890-abc, AKIA0123456789ABCDEF, npm_0123456789abcdefghij0123456789abcdef", "[redacted], [redacted], [redacted]"),
        // The published one, and what only begins so.
        ("it was shippo_test_seatrial, sk_live_, SG. 12", "it was shippo_test_seatrial, sk_live_, SG. 12"),
    ] {
        check_body(body, expected);
    }
}

#[test]
fn parts_are_hidden_by_name() {
    let part = |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n");
    let body = [part("\"user\"", "ada"), part("\"password\"", "q7\r\nq8"), part("code", "q9"), "--b--\r\n".to_owned()].concat();
    let expected = [part("\"user\"", "ada"), part("\"password\"", REDACTED), part("code", REDACTED), "--b--\r\n".to_owned()].concat();
    check_body(&body, &expected);
}

#[test]
fn headers_and_targets_are_hidden_by_name() {
    for name in [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "api-key",
        "x-acme-api-key",
        "x-acme-token",
        "x-auth",
        "x-jwt",
        "x-session-id",
        "x-secret-key",
        "x-access-key",
        "x-hub-signature",
        "x-pin",
        "x-sid",
        "dpop",
        "sec-websocket-protocol",
    ] {
        assert_eq!(shown("/x", &[(name, "q7")], ""), format!("/x\n{name}: [redacted]\n\nnull"));
    }
    for name in ["user-agent", "idempotency-key", "x-request-id", "www-authenticate", "etag"] {
        assert_eq!(shown("/x", &[(name, "q7")], ""), format!("/x\n{name}: q7\n\nnull"));
    }
    let link = shown("/x", &[("location", "http://ada:q7@h/x?code=q7&a=b")], "");
    assert_eq!(link, "/x\nlocation: http://ada:[redacted]@h/x?code=[redacted]&a=b\n\nnull");
    for (target, expected) in [
        ("/v1/x?a=b&token=abc", "/v1/x?a=b&token=[redacted]"),
        ("/v1/x?key=a'b&c=d", "/v1/x?key=[redacted]&c=d"),
        ("/v1/x?code=a&X-Amz-Signature=b", "/v1/x?code=[redacted]&X-Amz-Signature=[redacted]"),
        ("/v1/tokens/abcdefgh1/x", "/v1/tokens/[redacted]/x"),
        ("/v1/x;token=abc", "/v1/x;token=[redacted]"),
        ("/v1/Bearer%20q7-q7/x", "/v1/[redacted]/x"),
        ("/v1/ada:q7@host/x", "/v1/[redacted]/x"),
        ("/v1/2026-01-05T09:00/@a/a%2Fpassword%3Dq7%20", "/v1/2026-01-05T09:00/@a/[redacted]"),
        ("/v1/x?pin=1&next=%252Fx%253Ftoken%253Dq7", "/v1/x?pin=[redacted]&next=%252Fx%253Ftoken%253D%255Bredacted%255D"),
    ] {
        assert_eq!(shown(target, &[], ""), format!("{expected}\n\nnull"));
    }
}

/// The secret is known or was presented, and stands somewhere else as well.
#[test]
fn known_values_are_hidden_wherever_they_stand() {
    for (body, expected) in [
        (r#"{"note": "it is 8d2f6c1a9b.", "8d2f6c1a9b": 1}"#, r#"{"note":"it is [redacted].","[redacted]":1}"#),
        ("note=8d2f6c1a9b&b=%38d2f6c1a9%62", "note=[redacted]&b=[redacted]"),
        ("a=two+words%26more&b=two%20words%2526more", "a=[redacted]&b=[redacted]"),
        (r#"{"a": "ab\"cd\\ef\/gh", "b": "x"}"#, r#"{"a":"[redacted]","b":"x"}"#),
        (r#"{"a": "ab\"cd\\ef\u002fgh", "b": "x"#, r#"{"a": "[redacted]", "b": "x"#),
        ("<a>two words&amp;more</a>", "<a>[redacted]</a>"),
        // `ada:8d2f6c1a9b`, and the same for addresses, without padding.
        (r#"{"note": "YWRhOjhkMmY2YzFhOWI="}"#, r#"{"note":"[redacted]"}"#),
        ("see /x/YWRhOjhkMmY2YzFhOWI/y", "see /x/[redacted]/y"),
        // The same once more: in base64, with each letter of the escapes escaped, as entities in a query.
        ("see WVdSaE9qaGtNbVkyWXpGaE9XST0= there", "see [redacted] there"),
        ("see %25%33%38d2f6c1a9%2562 there", "see [redacted] there"),
        ("a=%26%2356%3Bd2f6c1a9b&b=%5Cu0038d2f6c1a9b", "a=[redacted]&b=[redacted]"),
    ] {
        check_body(body, expected);
    }
    // In base64, broken into lines.
    let lines = STANDARD.encode(format!("{} 8d2f6c1a9b {}", "x".repeat(70), "y".repeat(70)));
    check_body(&format!("see\n{}\n{}\n{}", &lines[..76], &lines[76..152], &lines[152..]), "see\n[redacted]");
    let presented =
        shown("/x/hunter2-hunter2?q=hunter2-hunter2", &[("authorization", "Basic YWRhOmh1bnRlcjItaHVudGVyMg==")], "hunter2%2Dhunter2");
    assert_eq!(presented, "/x/[redacted]?q=[redacted]\nauthorization: [redacted]\n\n[redacted]");
    let presented = shown("/x", &[("x-note", "hunter2-hunter2")], r#"{"password": "hunter2-hunter2", "email": "ada@example.com"}"#);
    assert_eq!(presented, "/x\nx-note: [redacted]\n\n{\"password\":\"[redacted]\",\"email\":\"ada@example.com\"}");
}

#[test]
fn tokens_of_service_levels_are_names() {
    check_body(r#"{"servicelevel": {"token": "usps_first"}}"#, r#"{"servicelevel":{"token":"usps_first"}}"#);
    check_body(r#"{"request": {"token": "8d2f6c1a9b"}}"#, r#"{"request":{"token":"[redacted]"}}"#);
}

#[test]
fn complaints_about_secrets_are_none() {
    let check = |status, answer: &str, expected: &str| {
        let (_, found) = exchanged("/x", &[], r#"{"password": "open sesame now"}"#, status, answer);
        assert_eq!(found, expected, "{status} {answer}");
    };
    for complaint in [
        r#"{"message":"Bad","data":{"password":["The password field is required."],"a":1}}"#,
        r#"{"password":"This field may not be blank."}"#,
        r#"{"error":{"password":{"_empty":"This field cannot be left empty"}}}"#,
    ] {
        check(400, complaint, complaint);
    }
    check(200, r#"{"password":["The password field is required."]}"#, r#"{"password":"[redacted]"}"#);
    check(422, r#"{"password":"q7-q7","token":["a b","c"]}"#, r#"{"password":"[redacted]","token":"[redacted]"}"#);
    check(422, r#"{"password":"open sesame now"}"#, r#"{"password":"[redacted]"}"#);
    check(422, r#"{"password":"8d2f 6c1a 9b00 4711"}"#, r#"{"password":"[redacted]"}"#);
}

#[test]
fn lines_of_ours_are_hidden_by_name_and_by_value() {
    let all = of_acme();
    let published = Arc::default();
    let mut found = Found::new(&all.0, &published);
    KNOWN.iter().for_each(|value| found.add_known(value));
    let redactor = Redactor(Some(Known { values: Values::new(found), published, names: vec![("acme".into(), Arc::clone(&all.0))], all }));
    for (line, expected) in [
        ("expectation `$request.body.password == 'q7'` is not met", "expectation `$request.body.password == '[redacted]'` is not met"),
        ("when: $request.body.token != \"q7\"", "when: $request.body.token != \"[redacted]\""),
        ("when: $credential.password == 'q7'", "when: $credential.password == '[redacted]'"),
        ("`$credential.account == 'shop' and $credential.plan != 'a'`", "`$credential.account == 'shop' and $credential.plan != 'a'`"),
        ("call count 0, expected 1; 8d2f6c1a9b", "call count 0, expected 1; [redacted]"),
        ("`shippo.CreateAddress` count 1 == 2", "`shippo.CreateAddress` count 1 == 2"),
    ] {
        assert_eq!(redactor.text(line), expected);
    }
}

#[test]
fn everything_else_stays() {
    for body in [
        r#"{"servicelevel":{"name":"Priority Mail","terms":"","token":"usps_priority","extended_token":"usps_priority"}}"#,
        r#"{"results":[{"name":"Flat Rate Box","token":"USPS_FlatRateBox","carrier":"USPS","distance_unit":"in"}]}"#,
        r#"{"object_info":{"authentication":{"type":"default","status":"authorized"}}}"#,
        r#"{"code":404,"key":"DPD","service_key":"DPD.NEXT","message":"Token does not exist"}"#,
        r#"{"message":"Authentication credentials were not provided.","url":"/v1/x?page=2&page_token=abc"}"#,
        r#"{"note":"a = b, c: d","time":"2026-01-05T09:00:00Z","note2":"invalid token: the token is expired"}"#,
        r#"{"items":[{"name":"Victoria's Secret","value":10}],"token_type":"Bearer","expires_in":3600}"#,
        r#"{"signature_confirmation":"STANDARD","signature_required":true,"postcode":"SW1A 1AA"}"#,
        r#"{"note":"the id is x8d2f6c1a9b and 8d2f6c1a9bx"}"#,
        "grant_type=client_credentials&client_id=seatrial&scope=a",
        "Ada's token is lost. Bearer authentication: none, Basic plan.",
        "my seatrial-secret is a word",
        "<a code=\"5\">b</a> 100% & more \\ things",
        "ä%zz é",
        r#"{"tracking_url":"https://example.com/track?code=8123456789&x=1","tracking_number":"8123456789"}"#,
        "username: ada\nkey: value\n",
        r#"{"name":"Ada","city":"Bengaluru","pin":"560 001","to":{"pin":560001,"Postal-Code":"","state":"KA"}}"#,
        r#"{"customsItems":[{"description":"Pins","quantity":2,"value":10,"name":"Pin"}],"advancedOptions":{"customField1":"pin"}}"#,
        r#"{"name":"carrier_box_price","value":"9.00","required":[["city","zip"],["name","street1"]]}"#,
        "<list><field>password</field><field>city</field></list><p class=\"x\">y</p>",
        "use -u for the user, or -- and - to go on; the token: it is lost",
        "-----BEGIN CERTIFICATE-----\nq7\n-----END CERTIFICATE-----",
        "city\tzip\nBern\t3000\n",
        "? what is a password\n: a word\nthe password\n\n: it is lost\nsee \"http://a/password\"\n",
    ] {
        check_body(body, body);
    }
}

#[test]
fn hostile_texts_cost_no_more_than_others() {
    for unit in [
        "<field name=\"password\" ",
        "<key>password</key>",
        "<!entity ",
        "--password ",
        "-u a:",
        "password\t",
        "-----BEGIN PRIVATE KEY",
        "%2525",
        "[[\"pin\",",
        "pin ",
        "password:",
        "\"password\"/**/:/*",
        "{\"password\":\n\n",
        "? password\n:",
        "<password ",
        "\"password\": {",
        "\\",
        "a=",
        "://",
        "%25",
        "-8d2f6c1a",
        "YWRh/",
        "é\"",
        "password=\"\\\"",
        "Authorization=Digest a=b, ",
        "token=bearer a\" ",
        "token: digest \\\"",
        "password=a b, ",
        "password=a\n",
        "{password=a (",
        "Cookie=a; ",
        "- name: password\n",
        "  value: >-\n\n",
        "name: password\nvalue: \"\n",
        " - name: pin\n   value: a\n",
        "(\"password\", '",
        "(\"password\", \"\\\"",
        "into u (pin) values ('",
        "into u (pin) values ((\\",
        "[ RECORD 1\npin | +\n",
        "│pin│a\n──\n",
        "[[\"a\",\"pin\"],",
        "[",
        "}",
    ] {
        let text = unit.repeat(64 * 1024 / unit.len());
        let _ = shown(&text, &[], &text);
    }
}

#[test]
fn a_text_that_is_made_to_take_long_is_hidden_whole() {
    let secrets = |count: usize| (1..=count).map(|number| format!(r#""password{number}":"{}""#, "!".repeat(3_000 * number)));
    let nearly = format!("{}?", "!".repeat(2_999));
    let body = format!(r#"{{{},"a":"{}","b":"plain"}}"#, secrets(3).collect::<Vec<_>>().join(","), nearly.repeat(6));
    let hidden: Vec<String> = (1..=3).map(|number| format!(r#""password{number}":"[redacted]""#)).collect();
    check_body(&body, &format!(r#"{{{},"a":"[redacted]","b":"plain"}}"#, hidden.join(",")));
    // One that many secrets stand in is not.
    let secret = |number: usize| format!("secretsecret{number}");
    let members: Vec<String> = (0..900).map(|number| format!(r#""password{number}":"{}""#, secret(number))).collect();
    let text: Vec<String> = (0..900).map(secret).collect();
    let all = shown("/x", &[], &format!(r#"{{{},"a":"{} end"}}"#, members.join(","), text.join(" ")));
    assert!(all.ends_with(&format!(r#""a":"{} end"}}"#, vec![REDACTED; 900].join(" "))), "{all:.300}");
}

#[test]
fn segments_behind_the_name_of_a_secret_are_hidden_in_any_text() {
    let check = |text: &str, expected: &str| check_body(&format!("{{\"said\":\"{text}\"}}"), &format!("{{\"said\":\"{expected}\"}}"));
    check("found `GET /token/QmFzZSBzZWNyZXQ`, expected", "found `GET /token/[redacted]`, expected");
    check("http://a.example/password/QmFzZSBzZWNyZXQ/x?y=1", "http://a.example/password/[redacted]/x?y=1");
    check("found `GET /Bearer%20q7-q7/x`, or /ada:q7@host", "found `GET /[redacted]/x`, or /[redacted]");
    check("/secret/secret/QmFzZSBzZWNyZXQ", "/secret/secret/[redacted]");
    for open in ["/token/{account_token}", "/token/short", "/oauth/token and a/b", "/v1/token", "//token//QmFzZSBzZWNyZXQ", "a/b/c/d"] {
        check(open, open);
    }
    let file = format!("{}/7myPw/QmFzZSBzZWNyZXQ/{}==", "QUJD".repeat(50), "REVG".repeat(50));
    check(&file, &file);
    check(&format!("data:application/pdf;base64,{file}"), &format!("data:application/pdf;base64,{file}"));
}

#[test]
fn parts_of_forms_are_hidden_wherever_their_heads_have_the_name() {
    let kind = ("content-type", "multipart/form-data; boundary=BB");
    for head in [
        "Content-Disposition: form-data; name=\"password\"",
        "Content-Disposition: form-data;\r\n name=\"password\"",
        "Content-Disposition : form-data ; name = \"password\"",
        "Content-Disposition: form-data; name*=UTF-8''password",
        "X-A: form-data; name=\"password\"",
        "name=\"password\"",
        "Content-Type: text/plain; name=password; x=y",
        " Content-Disposition: form-data; NAME=password",
    ] {
        let far = format!("X-Far: {}\r\n{head}", "x".repeat(5_000));
        for head in [head, &far] {
            let body = format!("--BB\r\n{head}\r\n\r\nQmFz\r\n\r\n--ZSBz\r\n--BB\r\nname=\"city\"\r\n\r\nBern\r\n--BB--\r\n");
            let all = shown("/x", &[kind], &body);
            assert!(all.contains("\r\n\r\n[redacted]\r\n--BB\r\n") && all.contains("Bern"), "{head}: {all}");
            assert!(!all.contains("ZSBz"), "{head}: {all}");
            let all = shown("/x", &[kind], &format!("--AA\r\n\r\n{body}"));
            assert!(!all.contains("ZSBz") && !all.contains("QmFz"), "{head}: {all}");
        }
    }
    let file = "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"password\"\r\n\r\nopen to all\r\n--BB--\r\n";
    assert!(shown("/x", &[kind], file).contains("open to all"));
}
