//! The commands that end by themselves: `check`, `explain`, `scenarios`.

use std::fs;

use crate::client::send;
use crate::process::{Server, run, text};

#[test]
fn check_makes_the_data_that_a_scenario_gives() {
    let file = std::env::temp_dir().join(format!("seatrial-given-{}.yaml", std::process::id()));
    std::fs::write(&file, "given: [{shippo.CreateAddress: {name: Ada}}]").expect("the file can be written");
    let output = run(&["check", file.to_str().expect("a UTF-8 path")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error[S017]: `shippo.CreateAddress` refuses this row with 400"), "{}", text(&output.stderr));
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn check_says_where_a_vendor_has_no_words_for_a_fault() {
    let file = std::env::temp_dir().join(format!("seatrial-mute-{}.yaml", std::process::id()));
    let rows = "{on: shippo.*, fault: 429}, {on: shippo.*, fault: 418}, {on: '*', fault: {commit: true, then: 503}}";
    std::fs::write(&file, format!("overrides: [{}]", rows.replace("{on", "{times: 1, on"))).expect("the file can be written");
    let output = run(&["check", file.to_str().expect("a UTF-8 path")]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), said.matches("warning[S019]").count()), (Some(0), 2), "{said}");
    assert!(said.contains("no answer with the status 418 is known of shippo\n"), "{said}");
    // The others document it.
    assert!(said.contains("no answer with the status 503 is known of shipstation_v1, shipstation_v2\n"), "{said}");
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_scenario_that_is_not_there_is_told_with_what_is() {
    let said = |name: &str| text(&run(&["--listen", "127.0.0.1:0", "--scenario", name]).stderr);
    assert_eq!(said("lost-parcl"), "error: `lost-parcl` is neither a file nor a built-in scenario\nhelp: did you mean `lost-parcel`?\n");
    assert!(said("xyz").contains("help: built in are answer-drips, answer-never-comes, "), "{}", said("xyz"));
}

#[test]
fn a_conversation_that_is_not_there_is_not_looked_for_among_scenarios() {
    let output = run(&["contract", "run", "lost-parcel", "--base-url", "http://127.0.0.1:1"]);
    let said = text(&output.stderr);
    assert!(said.starts_with("error: lost-parcel: No such file or directory (os error 2)\nhelp: paths begin at `/"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_file_that_is_not_there_is_told_with_help() {
    for arguments in [
        &["coverage", "--vendor", "acme=examples/acme.openapi.yml"][..],
        &["contract", "drift", "examples/acme.openapi.yml", "--with", "shippo"],
        &["contract", "import", "examples/acme.openapi.yml"],
        &["contract", "report", "--journal", "examples/acme.openapi.yml"],
        &["--listen", "127.0.0.1:0", "--import", "examples/acme.openapi.yml"],
        &["check", "examples/acme.openapi.yml", "--vendor", "acme=examples/acme.openapi.yml"],
    ] {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert!(said.contains("examples/acme.openapi.yml: No such file"), "{arguments:?}: {said}");
        assert!(said.ends_with("\nhelp: did you mean `examples/acme.openapi.yaml`?\n"), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let said = text(&run(&["contract", "import", "no/such/calls.har"]).stderr);
    assert!(said.ends_with("help: there is no folder `no/such`\n"), "{said}");
}

#[test]
fn a_span_of_time_that_is_none_is_told_before_anybody_is_asked() {
    let output = run(&["clock", "advance", "3x", "--url", "http://127.0.0.1:1"]);
    let said = text(&output.stderr);
    assert!(said.starts_with("error: `3x` is neither a span of time nor an instant\nhelp: a span is like `72h`"), "{said}");
}

/// A scenario with a warning in line 2 and a mistake in line 3.
const MISTAKEN: &str = "overrides:\n  - {on: shipmate.createSku, fault: 418, times: 1}\n  - {on: shippo.GetTrak, fault: 500}\n";

#[test]
fn problems_are_printed_for_people_and_for_programs() {
    let path = std::env::temp_dir().join(format!("seatrial-formats-{}.yaml", std::process::id()));
    std::fs::write(&path, MISTAKEN).expect("the folder takes files");
    let file = path.to_string_lossy().into_owned();
    let said = |format: &str| {
        let output = run(&["check", "--format", format, &file]);
        assert_eq!(output.status.code(), Some(2), "{format}");
        (text(&output.stdout), text(&output.stderr))
    };
    let (out, err) = said("human");
    assert!(out.is_empty() && err.contains("error[S012]: unknown operation `shippo.GetTrak`"), "{err}");
    let (out, err) = said("json");
    let rows: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let row = rows.as_array().into_iter().flatten().find(|row| row["level"] == "error").expect("there is a mistake");
    assert_eq!((&row["level"], &row["code"], &row["line"], &row["column"]), (&"error".into(), &"S012".into(), &3.into(), &10.into()));
    assert!(err.is_empty(), "{err}");
    let sarif: serde_json::Value = serde_json::from_str(&said("sarif").0).expect("JSON");
    let (rules, result) = (&sarif["runs"][0]["tool"]["driver"]["rules"], &sarif["runs"][0]["results"][1]);
    assert!(rules.as_array().expect("a list").iter().any(|rule| rule["id"] == result["ruleId"]), "{sarif}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&file.clone().into(), &3.into()));
    let (out, _) = said("github");
    let expected =
        format!("::error file={file},line=3,col=10,title=S012::unknown operation `shippo.GetTrak`%0Adid you mean `shippo.GetTrack`?\n");
    assert!(out.starts_with("::warning ") && out.ends_with(&expected), "{out}");
    // A warning alone is no failure.
    std::fs::write(&path, MISTAKEN.lines().take(2).collect::<Vec<_>>().join("\n")).expect("the folder takes files");
    let output = run(&["check", "--format", "github", &file]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("::warning "), "{}", text(&output.stdout));
    std::fs::remove_file(&path).expect("it is there");
}

#[test]
fn codes_of_problems_are_explained() {
    let one = run(&["explain", "s011"]);
    assert!(text(&one.stdout).starts_with("S011: An expression that looks where nothing can be.\n"), "{}", text(&one.stdout));
    assert_eq!(text(&run(&["explain"]).stdout).lines().count(), seatrial::scenario::CODES.len());
    let wrong = run(&["explain", "S999"]);
    assert_eq!((wrong.status.code(), text(&wrong.stderr).contains("there is no code `S999`")), (Some(2), true));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let said = std::fs::read_to_string(&entry).unwrap_or_default();
        for code in said.split("[S").skip(1).filter_map(|rest| rest.get(..3)).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        {
            assert!(seatrial::scenario::explain(&format!("S{code}")).is_some(), "S{code} is not explained");
        }
    }
}

#[test]
fn built_in_scenarios_are_listed_and_printed() {
    let list = run(&["scenarios"]);
    let list = text(&list.stdout);
    let row = list.lines().find(|line| line.starts_with("lost-parcel ")).expect("it is listed");
    assert!(row.ends_with("  Parcels are collected, scanned once, and never seen again."), "{row}");
    assert!(list.lines().count() >= 60 && list.lines().all(|line| line.ends_with('.')), "{list}");
    let shown = run(&["scenarios", "--show", "shippo/new-test-account"]);
    assert_eq!(text(&shown.stdout), include_str!("../../scenarios/shippo/new-test-account.yaml"));
    let wrong = run(&["scenarios", "--show", "lost-parcl"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(text(&wrong.stderr), "error: there is no built-in scenario `lost-parcl`\nhelp: did you mean `lost-parcel`?\n");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = std::env::temp_dir().join(format!("seatrial-man-{}", std::process::id()));
    let page = text(&run(&["man"]).stdout);
    assert!(page.contains(".TH seatrial 1") && page.contains("Token of the admin API"), "{page}");
    assert_eq!(run(&["man", &folder.to_string_lossy()]).status.code(), Some(0));
    let help = text(&run(&["--help"]).stdout);
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("the help lists the commands");
    let named = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    let missing: Vec<&str> = named.filter(|name| *name != "help" && !folder.join(format!("seatrial-{name}.1")).is_file()).collect();
    assert!(missing.is_empty() && folder.join("seatrial.1").is_file(), "{missing:?}");
    std::fs::remove_dir_all(&folder).expect("it is ours");
    let output = run(&["man", "/dev/null/manuals"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: `/dev/null/manuals` cannot be written: "), "{}", text(&output.stderr));
}

#[test]
fn check_follows_what_files_include() {
    let folder = std::env::temp_dir().join(format!("seatrial-includes-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("shared")).expect("the folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("the file can be written");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    write("mine.yaml", "include: [shared/base.yaml, lost-parcel]\nseed: 7\n");
    write("shared/base.yaml", "include: more.yaml\noverrides: [{on: shippo.GetTrack, fault: 500}]\n");
    write("shared/more.yaml", "given:\n  - shippo.CreateAddress: {name: Ada, country: US}\n");
    let check = |arguments: &[&str]| {
        let output = run(&[&["check"], arguments].concat());
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(check(&[&path("mine.yaml")]), (Some(0), String::new()));
    write("shared/more.yaml", "given:\n  - shippo.CreateAddress: {name: Ada}\nseeed: 1\n");
    let (code, said) = check(&[&path("mine.yaml"), &path("shared/base.yaml")]);
    assert_eq!((code, said.matches("error[").count()), (Some(2), 1), "it is told once: {said}");
    assert!(said.contains(&format!("{}:3:1", path("shared/more.yaml"))), "{said}");
    write("shared/more.yaml", "include: ../mine.yaml\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert!(code == Some(2) && said.contains("error[S020]") && said.contains("includes itself"), "{said}");
    assert!(said.contains(&format!("{}:1:10", path("shared/more.yaml"))), "{said}");
    write("mine.yaml", "include: shippo/new-test-account\n");
    assert_eq!(check(&[&path("mine.yaml")]), (Some(0), String::new()), "names of one vendor's have a folder");
    write("mine.yaml", "include: shippo/new-tset-account\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert!(code == Some(2) && said.contains("did you mean the built-in `shippo/new-test-account`?"), "{said}");
    write("mine.yaml", "include: shared/lost-parcle\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert!(
        code == Some(2) && said.contains("neither such a file nor a built-in scenario; did you mean the built-in `lost-parcel`?"),
        "{said}"
    );
    write("mine.yaml", "include: shared/bse.yaml\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert!(
        code == Some(2) && said.contains("`shared/bse.yaml` cannot be included") && said.contains("did you mean `base.yaml`?"),
        "{said}"
    );
    write("mine.yaml", "include: gone.yaml\nexpects: []\ngiven: [{shippo.CreateAddress: {name: \"{{ $given.x.name }}\"}}]\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert_eq!((code, said.matches("error[").count()), (Some(2), 2), "what a file that is not there might mend is not told: {said}");
    assert!(said.contains("`gone.yaml` cannot be included") && said.contains("unknown member `expects`"), "{said}");
    write("mine.yaml", "include: gone.yaml\noverrides: [{on: shippo.CreateTransaction, patch: {set: {/traking_number: X1}}}]\n");
    let (code, said) = check(&[&path("mine.yaml")]);
    assert!(code == Some(2) && said.contains("did you mean `tracking_number`?"), "warnings are told as well: {said}");
    let (code, said) = check(&[&path("mien.yaml")]);
    let expected =
        format!("error: `{}` is neither a file nor a built-in scenario\nhelp: did you mean `{}`?\n", path("mien.yaml"), path("mine.yaml"));
    assert_eq!((code, said), (Some(2), expected));
    let (code, said) = check(&["missing.yaml"]);
    let here = std::env::current_dir().expect("there is one");
    let help = format!("help: paths begin at `{}`\n", here.display());
    assert_eq!((code, said), (Some(2), format!("error: `missing.yaml` is neither a file nor a built-in scenario\n{help}")));
    write("one.yaml", "seed: 1\noverrides: [{on: shippo.GetTrack, fault: 500}]\n");
    write("two.yaml", "seed: x\noverrides: [{on: shippo.GetTrack, fault: 503}]\n");
    let (code, said) = check(&["--together", &path("one.yaml"), &path("two.yaml")]);
    assert!(
        code == Some(2) && said.contains("error: 1 problem in 2 files\n") && said.contains(&format!("{}:1:7", path("two.yaml"))),
        "{said}"
    );
    write("two.yaml", "overrides: [{on: shippo.GetTrack, fault: 429}]\n");
    assert_eq!(check(&["--together", &path("one.yaml"), &path("two.yaml")]), (Some(0), String::new()));
    std::fs::remove_dir_all(&folder).expect("it is there");
}

#[test]
fn a_draft_is_checked_with_what_it_includes() {
    let server = Server::start(&[]);
    let yaml = [("content-type", "application/yaml")];
    for (text, code) in [
        ("include: lost-parcel\n", None),
        ("include: shippo/new-test-account\n", None),
        ("include: lost-parcels\n", Some("S020")),
        ("--- # file: base.yaml\nseed: 1\n--- # file: main.yaml\ninclude: base.yaml\n", None),
        ("--- # file: main.yaml\ninclude: bsae.yaml\n", Some("S020")),
        ("--- # file: other/base.yaml\nseed: 1\n--- # file: mine.yaml\ninclude: mine/base.yaml\n", Some("S020")),
        ("--- # file: a/base.yaml\nseed: 1\n--- # file: a/mine.yaml\ninclude: [base.yaml, lost-parcel]\n", None),
        ("--- # file: lost-parcel.yaml\nseed: 1\n--- # file: mine.yaml\ninclude: [lost-parcel.yaml, lost-parcel]\n", None),
        ("--- # file: main.yaml\ninclude: base.yaml\n--- # file: base.yaml\nseed: 1\n", Some("S020")),
    ] {
        let checked = send(&server, "POST", "/_seatrial/scenarios/check", &yaml, text).json();
        assert_eq!(checked["diagnostics"][0]["code"].as_str(), code, "{text}: {checked}");
        let put = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &yaml, text).status;
        assert_eq!(put, if code.is_none() { 200 } else { 422 }, "{text}");
    }
}

#[test]
fn check_tells_receivers_that_nothing_is_ever_sent_to() {
    let file = std::env::temp_dir().join(format!("seatrial-receivers-{}.yaml", std::process::id()));
    let urls = [
        "http://169.254.169.254/",
        "http://[fe80::1]/hooks",
        "https://8.8.8.8/hooks",
        "http://127.0.0.1:9000/",
        "inbox://me",
        "https://a.example/",
    ];
    let rows = urls.map(|url| format!("    - {{vendor: shippo, url: '{url}'}}\n")).concat();
    std::fs::write(&file, format!("webhooks:\n  subscriptions:\n{rows}")).expect("the file can be written");
    let output = run(&["check", file.to_str().expect("a UTF-8 path")]);
    let said = text(&output.stderr);
    let told: Vec<&str> = said.lines().filter(|line| line.starts_with("warning") || line.starts_with("error")).collect();
    let warning = |what: &str| format!("warning[S107]: nothing will ever reach this receiver: {what}");
    let expected = [
        warning("`169.254.169.254` is never connected to"),
        warning("`[fe80::1]` is never connected to"),
        warning("`8.8.8.8` is neither loopback nor private nor on the list of `--allow-egress`"),
    ];
    assert_eq!((output.status.code(), told), (Some(0), expected.each_ref().map(String::as_str).to_vec()), "{said}");
    assert!(said.contains(":3:29\n"), "{said}");
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_server_warns_of_what_check_warns_of() {
    let file = std::env::temp_dir().join(format!("seatrial-warned-{}.yaml", std::process::id()));
    let path = file.to_str().expect("a UTF-8 path");
    std::fs::write(&file, "expect: [{call: shippo.ListAddresses, count: '0..'}]\n").expect("the file can be written");
    let warning = |said: &str| said.lines().find(|line| line.starts_with("warning[")).expect("there is one").to_owned();
    let checked = warning(&text(&run(&["check", path]).stderr));
    let log = Server::start_logged(&["--scenario", path]).log();
    assert_eq!(warning(&log), checked);
    assert!(log.contains(&format!("{path}:1:")), "{log}");
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anybody_is_served() {
    for (path, why) in [("no/such/report.xml", "there is no folder `no/such`"), ("tests", "it is a folder")] {
        let output = run(&["--listen", "127.0.0.1:0", "--verify-report", path]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        assert_eq!(text(&output.stderr), format!("error: `--verify-report`: {path}: {why}\n"));
    }
}

#[test]
fn a_report_about_nothing_says_so() {
    let report = std::env::temp_dir().join(format!("seatrial-nothing-{}.txt", std::process::id()));
    let (code, _) = Server::start_logged(&["--verify", "--verify-report", &report.to_string_lossy()]).left();
    assert_eq!((code, fs::read_to_string(&report).expect("a report").as_str()), (Some(0), "no sandbox expected anything\n"));
    fs::remove_file(report).expect("it is ours");
}
