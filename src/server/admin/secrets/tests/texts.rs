//! What is hidden in texts: tables, rows of parameters, base64, statements and commands.

use super::*;

#[test]
fn tables_lose_the_columns_of_secrets() {
    check_body("email,password,city\na@b.c,hunter2hunter2,Derby\n", "email,password,city\na@b.c,[redacted],Derby\n");
    check_body("id;api_key\r\n1;short\r\n2;\"a;b\"\r\n", "id;api_key\r\n1;[redacted]\r\n2;[redacted]\r\n");
    check_body("\u{feff}\"Access Token\"\tname\n\"a \"\"b\"\"\nc\"\tx\n\ty", "\u{feff}\"Access Token\"\tname\n[redacted]\tx\n\ty");
    check_body("id|secret\n1|never \"closed\"|\n2|x", "id|secret\n1|[redacted]|\n2|[redacted]");
    check_body("user,password\nada,\"cut off", "user,password\nada,[redacted]");
    check_body("user,password,city\nada,with, a comma,Derby", "user,password,city\nada,[redacted],[redacted],[redacted]");
    check_body("name,value\npassword,hunter2\ncity,Derby", "name,value\npassword,[redacted]\ncity,Derby");
    check_body("# exported\n\nid,token\n1,abc\n\nid,city\n1,Derby", "# exported\n\nid,token\n1,[redacted]\n\nid,[redacted]\n1,[redacted]");
    check_body(r#"{"file": "user,pwd\nada,hunter2\n"}"#, r#"{"file":"user,pwd\nada,[redacted]\n"}"#);
    let part = |cell: &str| format!("--x\r\nContent-Disposition: form-data; name=\"rows\"\r\n\r\nid,secret\r\n1,{cell}\r\n--x--\r\n");
    check_body(&part("hunter2"), &part("[redacted]"));
    for unchanged in ["id,city\n1,Derby\n", "Hello, your password\n", "password, token and key\nare words", "a,b\n", "user,password"] {
        check_body(unchanged, unchanged);
    }
    let all = shown("/x", &[("content-type", "text/csv; charset=utf-8")], "password\nhunter2\n");
    assert!(all.ends_with("password\n[redacted]\n"), "{all}");
}

#[test]
fn tables_that_are_drawn_lose_them_too() {
    check_body("| user | password |\n|---|---|\n| ada | q7 |\n", "| user | password |\n|---|---|\n| ada |[redacted]|\n");
    check_body(
        " user | password \n------+----------\n ada  | q7\n(1 row)\n",
        " user | password \n------+----------\n ada  |[redacted]\n(1 row)\n",
    );
    check_body("field,value\npassword,q7\ncity,Derby", "field,value\npassword,[redacted]\ncity,Derby");
    let unchanged = "| a | b |\n|---|---|\n| c | d |\n";
    check_body(unchanged, unchanged);
}

#[test]
fn rows_of_parameters_in_yaml_lose_their_values() {
    for (body, expected) in [
        (
            "env:\n- name: DB_PASSWORD\n  value: q7 q7\n- name: CITY\n  value: Bern\n",
            "env:\n- name: DB_PASSWORD\n  value: [redacted]\n- name: CITY\n  value: Bern\n",
        ),
        (
            "- name: CITY\n  value: Bern\n- name: DB_PASSWORD\n  value: \"q7\"\n",
            "- name: CITY\n  value: Bern\n- name: DB_PASSWORD\n  value: \"[redacted]\"\n",
        ),
        (
            "- value: q7\n  name: DB_PASSWORD\n- value: Bern\n  name: CITY\n",
            "- value: [redacted]\n  name: DB_PASSWORD\n- value: Bern\n  name: CITY\n",
        ),
        ("- key: X-Api-Key\n  value: 'q7'\n", "- key: X-Api-Key\n  value: '[redacted]'\n"),
        ("[{name: password, value: q7}, {name: city, value: Bern}]", "[{name: password, value: [redacted]}, {name: city, value: Bern}]"),
        ("<input type=password name=password value=q7>\n<p>Bern", "<input [redacted]>\n<p>Bern"),
        (r#"{"h": "Digest username=\"ada\", response=\"q7\""}"#, r#"{"h":"Digest username=\"ada\", response=\"[redacted]\""}"#),
    ] {
        check_body(body, expected);
    }
}

#[test]
fn base64_is_read_where_it_is_a_part_of_a_text() {
    let coded = STANDARD.encode(r#"{"user":"ada","password":"q7-q7-q7-q7"}"#);
    let check = |text: &str, expected: &str| check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    for (before, after) in [
        ("data:application/json;base64,", ""),
        ("cfg: ", ""),
        ("x,", ",y"),
        ("apiVersion: v1\ndata:\n  tls: ", "\n"),
        ("Subject: =?utf-8?B?", "?="),
        ("https://api.example/y/", "/z"),
    ] {
        check(&format!("{before}{coded}{after}"), &format!("{before}[redacted]{after}"));
    }
    let lines = STANDARD.encode(format!("{{\"note\": \"{}\", \"password\": \"q7-q7-q7-q7\"}}", "x".repeat(150)));
    let lines: Vec<_> = lines.as_bytes().chunks(76).map(|line| str::from_utf8(line).expect("base64 is ASCII")).collect();
    for gap in ["\r\n", "\n", "\n    "] {
        check(&format!("key: {} end", lines.join(gap)), "key: [redacted] end");
    }
    let other = STANDARD.encode("a text in which nothing is named");
    check(&format!("data:text/plain;base64,{other}"), &format!("data:text/plain;base64,{other}"));
}

#[test]
fn what_statements_and_files_of_logins_say_is_hidden() {
    let check = |text: &str, expected: &str| check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    check("CREATE USER a WITH PASSWORD 'q7-q7'; b", "CREATE USER a WITH PASSWORD '[redacted]'; b");
    check("create user a identified by 'q7-q7'", "create user a identified by '[redacted]'");
    check("machine a.example login ada password q7-q7\nmachine b", "machine a.example login ada password [redacted]\nmachine b");
    check("password = \"\"\"\nq7\"q7\n\"\"\"\nb = 1", "password = \"\"\"[redacted]\"\"\"\nb = 1");
    check("password = \"\"\nb = 1", "password = \"\"\nb = 1");
    check("the password is wrong, said the user", "the password is wrong, said the user");
    check("jdbc:oracle:thin:ada/q7-q7@//db:1521/x", "jdbc:oracle:thin:ada/[redacted]@//db:1521/x");
    check("mysql -h db -uada -pq7-q7 shop | wc", "mysql -h db -uada -p[redacted] shop | wc");
    check("mysqldump -p'q7 q7' shop", "mysqldump -p'[redacted]' shop");
    check("sshpass -p q7-q7 ssh a; redis-cli -h db -a q7-q7 ping", "sshpass -p [redacted] ssh a; redis-cli -h db -a [redacted] ping");
    check("docker login -u ada -p q7-q7 host", "docker login -u ada -p [redacted] host");
    check("docker run -p 80:80 x", "docker run -p 80:80 x");
    check("mysql -h db -p shop", "mysql -h db -p shop");
}

#[test]
fn rows_of_parameters_are_read_in_any_case_of_letters() {
    check_body(r#"{"Name":"api_key","Value":"QmFzZSBzZWNyZXQ"}"#, r#"{"Name":"api_key","Value":"[redacted]"}"#);
    check_body(r#"{"NAME":"city","VALUE":"Bern"}"#, r#"{"NAME":"city","VALUE":"Bern"}"#);
}

/// As a text, as a text of JSON, and as the value of a parameter.
fn check_text(text: &str, expected: &str) {
    check_body(text, expected);
    check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let [said, shown_so] = [text, expected].map(|text| format!("m={}&a=b", coded(text)));
    check_body(&said, &shown_so);
    assert_eq!(shown(&format!("/x?{said}"), &[("x-note", text)], ""), format!("/x?{shown_so}\nx-note: {expected}\n\nnull"));
}

#[test]
fn credentials_behind_their_scheme_are_hidden_whole() {
    for scheme in ["Bearer", "bearer", "Basic", "Token", "token", "ApiKey", "AcmeToken", "Negotiate", "Digest", "Key"] {
        for name in ["Authorization", "client_secret", "x-api-key"] {
            check_text(&format!("sent {name}={scheme} q7q7q7q7q7 to it"), &format!("sent {name}=[redacted] to it"));
            check_text(&format!("h={{{name}={scheme} q7q7q7q7q7, Host=a}}"), &format!("h={{{name}=[redacted], Host=a}}"));
            check_text(&format!("h={{Host=a, {name}={scheme} q7q7q7q7q7}}"), &format!("h={{Host=a, {name}=[redacted]}}"));
        }
        check_text(&format!("it said Authorization: {scheme} q7q7q7q7q7 there"), "it said Authorization: [redacted] there");
    }
    for (text, expected) in [
        ("Authorization=Basic dTpxN3E3cTdxN3E3==", "Authorization=[redacted]"),
        ("a Authorization=Digest u=\"a b\", response=\"q7\", qop=auth; b", "a Authorization=[redacted]; b"),
        ("a Authorization=Token token=\"q7\", nonce=\"x\" b", "a Authorization=[redacted] b"),
        ("{Authorization: Digest u=\"a\", response=\"q7\"}", "{Authorization: [redacted]}"),
        ("a Authorization=Token q7q7q7q7q7 and q7q7q7q7q7", "a Authorization=[redacted] and [redacted]"),
        ("the password=token and then more", "the password=[redacted] and then more"),
    ] {
        check_body(text, expected);
    }
}

#[test]
fn values_with_blanks_end_where_the_next_pair_begins() {
    for (text, expected) in [
        ("Cookie=a=b; sid=q7q7q7q7q7", "Cookie=[redacted]"),
        ("sent Cookie: a=b; sid=q7q7q7q7q7 to it", "sent Cookie: [redacted] to it"),
        ("{Host=a, Cookie=a=b; sid=q7q7q7q7q7, x=y}", "{Host=a, Cookie=[redacted], x=y}"),
        ("Password=a b q7q7q7q7q7;Server=x", "Password=[redacted];Server=x"),
        ("Server=x;Password=a b q7;User ID=sa;Pwd=c d", "Server=x;Password=[redacted];User ID=sa;Pwd=[redacted]"),
        ("pwd=a q7;", "pwd=[redacted];"),
        ("l={user=ada, password=a, b q7, city=Bern}", "l={user=ada, password=[redacted], city=Bern}"),
        ("Login(user=ada, password=a b q7) failed", "Login(user=ada, password=[redacted]) failed"),
        ("USER=ada\nPASSWORD=a b q7\nPIN=c d\n", "USER=ada\nPASSWORD=[redacted]\nPIN=[redacted]\n"),
        // Prose.
        ("password=x and then something else", "password=[redacted] and then something else"),
        ("password=x and then; it was so", "password=[redacted] and then; it was so"),
        ("with user=ada, password=x and then (or not) more", "with user=ada, password=[redacted] and then (or not) more"),
        ("user=ada level=info\npassword=x level=info\n", "user=ada level=info\npassword=[redacted] level=info\n"),
        ("sent password=x\nand b=c, so it was", "sent password=[redacted]\nand b=c, so it was"),
    ] {
        check_body(text, expected);
    }
}

#[test]
fn rows_of_parameters_in_yaml_lose_their_values_whatever_stands_between() {
    for (body, expected) in [
        (
            "- name: password\n  type: string\n  value: q7 q7\n- name: b\n",
            "- name: password\n  type: string\n  value: [redacted]\n- name: b\n",
        ),
        ("- name: password # c\n  value: q7\n", "- name: password # c\n  value: [redacted]\n"),
        ("- name: password\n  value: >-\n    q7\n    q8\n  a: b\n", "- name: password\n  value: [redacted]\n  a: b\n"),
        (
            "- value: q7\n  a:\n    value: c\n    b: d\n  name: 'password'\n",
            "- value: [redacted]\n  a:\n    value: c\n    b: d\n  name: 'password'\n",
        ),
        ("e:\n  k: pin\n  x: |\n    y\n\n  v: \"q7\"\nv: c\n", "e:\n  k: pin\n  x: |\n    y\n\n  v: \"[redacted]\"\nv: c\n"),
        ("password: # c\n  q7\na: b\n", "password: [redacted]\na: b\n"),
        ("password: !x &y >2- # c\n  q7\na: b\n", "password: [redacted]\na: b\n"),
    ] {
        check_body(body, expected);
    }
    for open in [
        "- name: password\n- name: city\n  value: Bern\n",
        "name: password\nin:\n  value: Bern\n",
        "- name: Pin\n  sku: a\n  value: 5\n",
        "- type: string\n  name: city\n  value: Bern\n- key: password\n",
    ] {
        check_body(open, open);
    }
}

#[test]
fn pairs_are_read_as_programs_print_them() {
    for (text, expected) in [
        ("[('x-api-key', 'q7'), ('host', 'a')]", "[('x-api-key', '[redacted]'), ('host', 'a')]"),
        (
            "headers=[(\"host\", \"a\"), (\"authorization\", \"Token q\")]",
            "headers=[(\"host\", \"a\"), (\"authorization\", \"[redacted]\")]",
        ),
        ("[(b'x-api-key', b'it\\'s q7')]", "[(b'x-api-key', b'[redacted]')]"),
        ("send(\"password\", \"q7\")", "send(\"password\", \"[redacted]\")"),
        ("(\"password\", \"q7 q\"", "(\"password\", \"[redacted]\""),
        ("h: {{\"X-Api-Key\", \"q\"}}", "h: {{\"X-Api-Key\", \"[redacted]\"}}"),
    ] {
        check_body(text, expected);
        check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    }
    for open in ["fields = (\"password\", \"email\")", "(\"password\", \"q7\", 1)", "[('city', 'Bern')]"] {
        check_body(open, open);
    }
}

#[test]
fn tables_of_json_may_have_their_names_in_the_first_row() {
    for (body, expected) in [
        (r#"{"rows":[["user","password"],["a","q7"],["b",7]]}"#, r#"{"rows":[["user","password"],["a","[redacted]"],["b","[redacted]"]]}"#),
        (r#"[["pin","user","city"],[7,"a","Bern"]]"#, r#"[["pin","user","city"],["[redacted]","a","Bern"]]"#),
        (r#"[["password","qq"],["city","Bern"]]"#, r#"[["password","[redacted]"],["city","Bern"]]"#),
        (
            r#"{"fields":[{"name":"user"},{"name":"password"}],"values":["a","q7"]}"#,
            r#"{"fields":[{"name":"user"},{"name":"password"}],"values":["a","[redacted]"]}"#,
        ),
    ] {
        check_body(body, expected);
    }
    for open in [r#"[["user","password"],["a"]]"#, r#"[["user","city"],["a","Bern"]]"#, r#"{"required":[["user","password"]]}"#] {
        check_body(open, open);
    }
}

#[test]
fn tables_and_records_of_consoles_lose_their_secrets() {
    let drawn = |cell: &str| format!("┌───┬───┐\n│ user │ password │\n├───┼───┤\n│ ada │{cell}│\n└───┴───┘\n");
    check_body(&drawn(" q7 "), &drawn(REDACTED));
    check_body(
        "-[ RECORD 1 ]---\nuser     | ada\npassword | q7 q8 +\n         | q9\ncity     | Bern\n",
        "-[ RECORD 1 ]---\nuser     | ada\npassword | [redacted]\ncity     | Bern\n",
    );
    check_body("password | <a>\ncity | Bern\n", "password | <a>\ncity | Bern\n");
}

#[test]
fn statements_that_add_rows_lose_the_columns_of_secrets() {
    for (text, expected) in [
        ("INSERT INTO u (name, password) VALUES ('a','q7')", "INSERT INTO u (name, password) VALUES ('a','[redacted]')"),
        (
            "insert into \"u\" (\"password\", n)\nvalues ('it''s, q7', 1), (md5('q8'), f(1, 2)), (NULL, 3); b",
            "insert into \"u\" (\"password\", n)\nvalues ('[redacted]', 1), ([redacted], f(1, 2)), (NULL, 3); b",
        ),
        ("insert into u (pin) values (?)", "insert into u (pin) values (?)"),
        ("insert into u (city, zip) values ('Bern', 'q7')", "insert into u (city, zip) values ('Bern', 'q7')"),
        ("INSERT INTO u (name, password) VALUES ('a', 'q7", "INSERT INTO u (name, password) VALUES ('a', '[redacted]"),
    ] {
        check_body(text, expected);
        check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    }
}

#[test]
fn rows_of_parameters_have_labels_and_names_of_many_kinds() {
    for (name, said, value) in [
        ("label", "Password", "value"),
        ("title", "API key", "value"),
        ("property", "password", "value"),
        ("kind", "api_key", "value"),
        ("param", "api_key", "data"),
        ("header", "x-api-key", "contents"),
        ("name", "password", "default"),
        ("question", "Password", "answer"),
        ("name", "Client secret", "value"),
    ] {
        let row = |hidden: &str| format!(r#"{{"{name}":"{said}","{value}":"{hidden}"}}"#);
        check_body(&row("q7"), &row(REDACTED));
        let cut = |hidden: &str| format!(r#"{{"{name}": "{said}", "{value}": "{hidden}", "b"#);
        check_body(&cut("q7"), &cut(REDACTED));
        let yaml = |hidden: &str| format!("- {name}: {said}\n  type: string\n  {value}: {hidden}\n- b: c\n");
        check_body(&yaml("q7 q7"), &yaml(REDACTED));
    }
    for open in [
        r#"{"title":"Password reset guide","value":"x"}"#,
        r#"{"label":"City","value":"Bern"}"#,
        r#"{"label":"Signature","value":"3.50"}"#,
        r#"{"label":"Adult Signature","value":"3.50"}"#,
        r#"{"title":"Reset password","content":"Click here"}"#,
        r#"{"name":"Trade Secret","value":10}"#,
        r#"{"field":"password","message":"is required"}"#,
        r#"{"code":"token","message":"is not valid"}"#,
        r#"{"grant_type":"password","username":"ada12345"}"#,
        r#"{"type":"session","data":{"orders":[1,2]}}"#,
        r#"{"type":"signature","amount":"3.50","currency":"USD"}"#,
        "- title: Password reset guide\n  value: x\n",
        "label: Signature, value: 3.50",
    ] {
        check_body(open, open);
    }
}

#[test]
fn tables_of_json_may_have_a_schema() {
    for (body, expected) in [
        (
            r#"{"schema":{"fields":[{"name":"index"},{"name":"password"}]},"data":[[1,"q7"]]}"#,
            r#"{"schema":{"fields":[{"name":"index"},{"name":"password"}]},"data":[[1,"[redacted]"]]}"#,
        ),
        (
            r#"{"schema":{"fields":[{"name":"password"}]},"data":[[1,"q7"],[2,"q8"]]}"#,
            r#"{"schema":{"fields":[{"name":"password"}]},"data":[[1,"[redacted]"],[2,"[redacted]"]]}"#,
        ),
    ] {
        check_body(body, expected);
    }
    let open = r#"{"schema":{"fields":[{"name":"city"}]},"data":[[1,"Bern"]]}"#;
    check_body(open, open);
}

#[test]
fn lines_that_are_pairs_lose_the_values_of_secrets() {
    check_body("user,bob\npassword,hunter\n", "user,bob\npassword,[redacted]\n");
    check_body("user;bob\r\nclient_secret;\"q7 q7\"\r\ncity;Bern", "user;bob\r\nclient_secret;\"[redacted]\"\r\ncity;Bern");
    check_body("password,q7-q7\nuser,bob\n", "password,[redacted]\nuser,bob\n");
    for open in ["Base,3.20\nSignature,5.00\n", "password,q7", "it was so,\npassword, he said\n"] {
        check_body(open, open);
    }
}

#[test]
fn settings_in_other_languages_lose_their_secrets() {
    for (text, expected) in [
        ("t = { [\"password\"] = \"q7 q7\", a = 1 }", "t = { [\"password\"] = \"[redacted]\", a = 1 }"),
        ("$a['password'] = 'q7';\nb", "$a['password'] = '[redacted]';\nb"),
        ("password = <<EOT\nq7\nq8\nEOT\na = 1\n", "password = [redacted]EOT\na = 1\n"),
        ("password = <<-\"EOT\"\n  q7\n  EOT\na = 1\n", "password = [redacted]  EOT\na = 1\n"),
        ("city = <<EOT\nBern\nEOT\n", "city = <<EOT\nBern\nEOT\n"),
        (
            "Public-Lines: 1\nQUJD\nPrivate-Lines: 2\nq7q7\nq8q8\nPrivate-MAC: 0a",
            "Public-Lines: 1\nQUJD\nPrivate-Lines:[redacted]Private-MAC: 0a",
        ),
    ] {
        check_body(text, expected);
        check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    }
}

#[test]
fn what_servers_of_authorization_are_asked_and_keys_are_hidden_by_what_stands_beside_them() {
    for (body, expected) in [
        (
            r#"{"device_code": "q7", "user_code": "q8", "interval": 5}"#,
            r#"{"device_code":"[redacted]","user_code":"[redacted]","interval":5}"#,
        ),
        (r#"{"user_code": "q8"}"#, r#"{"user_code":"q8"}"#),
        ("grant_type=device&device_code=q7&client_id=a", "grant_type=device&device_code=[redacted]&client_id=a"),
        (r#"{"grant_type": "authorization_code", "code": "q7"}"#, r#"{"grant_type":"authorization_code","code":"[redacted]"}"#),
        (r#"{"code": "q7"}"#, r#"{"code":"q7"}"#),
        (r#"{"state": "user%3Dada%26password%3Dq7"}"#, r#"{"state":"[redacted]"}"#),
        (r#"{"state": "user%253Dada%2526password%253Dq7"}"#, r#"{"state":"[redacted]"}"#),
        (r#"{"state": "city%3DBern"}"#, r#"{"state":"city%3DBern"}"#),
        (r#"{"kty": "RSA", "n": "a", "d": "q7", "p": "q8"}"#, r#"{"kty":"RSA","n":"a","d":"[redacted]","p":"[redacted]"}"#),
        (r#"{"keys": [{"kty": "oct", "k": "q7"}], "k": "a"}"#, r#"{"keys":[{"kty":"oct","k":"[redacted]"}],"k":"a"}"#),
        (r#"{"kind": "Secret", "data": {"db": "q7"}}"#, r#"{"kind":"Secret","data":"[redacted]"}"#),
        (r#"{"kind": "Secret", "stringData": {"db": "q7"}}"#, r#"{"kind":"Secret","stringData":"[redacted]"}"#),
        (r#"{"kind": "ConfigMap", "data": {"db": "q7"}}"#, r#"{"kind":"ConfigMap","data":{"db":"q7"}}"#),
        (
            "kind: Secret\nmetadata:\n  name: db\nstringData:\n  db: q7\ntype: Opaque\n",
            "kind: Secret\nmetadata:\n  name: db\nstringData:[redacted]\ntype: Opaque\n",
        ),
        ("kind: Sack\ndata:\n  secret_of: q7\n", "kind: Sack\ndata:\n  secret_of: [redacted]\n"),
    ] {
        check_body(body, expected);
    }
}

#[test]
fn addresses_of_webhooks_and_of_databases_lose_what_lets_callers_in() {
    let check = |text: &str, expected: &str| check_body(&json!({"said": text}).to_string(), &json!({"said": expected}).to_string());
    for (text, expected) in [
        (
            "https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/q7q7q7q7",
            "https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/[redacted]",
        ),
        ("https://discord.com/api/webhooks/1012345678/q7q7-q7", "https://discord.com/api/webhooks/1012345678/[redacted]"),
        ("https://api.telegram.org/bot110201543:AAq7q7/sendMessage", "https://api.telegram.org/bot110201543:[redacted]/sendMessage"),
        (
            "https://a.webhook.office.com/webhookb2/x@y/IncomingWebhook/q7q7q7",
            "https://a.webhook.office.com/webhookb2/x@y/IncomingWebhook/[redacted]",
        ),
        ("https://a.example/webhooks/1012345678/q7", "https://a.example/webhooks/1012345678/q7"),
        ("keytool -list -storepass q7 -v", "keytool -list -storepass [redacted] -v"),
        ("http -a ada:q7 GET https://h/x", "http -a ada:[redacted] GET https://h/x"),
        ("az login -u ada@example.com -p q7", "az login -u ada@example.com -p [redacted]"),
        ("helm registry login h -u ada -p 'q 7'", "helm registry login h -u ada -p '[redacted]'"),
        ("get(url, auth=('ada', 'q7'), timeout=5)", "get(url, auth=[redacted], timeout=5)"),
        ("ada:q7q7@db.internal:5432/shop", "ada:[redacted]@db.internal:5432/shop"),
        ("db=ada:q7q7@localhost:5432", "db=ada:[redacted]@localhost:5432"),
        ("system/q7q7@//db.internal:1521/xe", "system/[redacted]@//db.internal:1521/xe"),
        ("sqlplus ada/q7@h", "sqlplus ada/[redacted]@h"),
        ("the password&#61;q7q7q7q7", "the password=[redacted]"),
        ("the password&#x3d;q7q7q7q7", "the password=[redacted]"),
        ("Victoria&#39;s mail: ada@example.com", "Victoria&#39;s mail: ada@example.com"),
        ("mailto:ada@example.com, cc:bob@example.com", "mailto:ada@example.com, cc:bob@example.com"),
        ("a bypass=1, at 10:30@dock", "a bypass=1, at 10:30@dock"),
    ] {
        check(text, expected);
    }
    check_body(r#"{"senha": "q7"}"#, r#"{"senha":"[redacted]"}"#);
    assert!(shown("/v1/sessions/abcdefgh1/x", &[], "").starts_with("/v1/sessions/[redacted]/x\n"));
    assert_eq!(paths::path("/v1/sessions/abcdefgh1"), "/v1/sessions/[redacted]");
}
