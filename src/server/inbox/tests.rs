//! Who makes room in inboxes, and whose letters stay.

use super::*;

fn post(inboxes: &Inboxes, name: &str, header: &str, body: &[u8], second: i64) {
    let headers = HeaderMap::from_iter([(http::header::COOKIE, header.parse().expect("a valid header"))]);
    let now = Timestamp::from_second(second).expect("a valid second");
    inboxes.keep(name, ReceivedRequest::new("status=200", &headers, body, now));
}

fn post_from(inboxes: &Inboxes, sandbox: Option<&str>, name: &str, body: &[u8], second: i64) {
    let headers = sandbox.map(|sandbox| (SANDBOX, sandbox.parse().expect("a valid header")));
    let now = Timestamp::from_second(second).expect("a valid second");
    inboxes.keep(name, ReceivedRequest::new("", &HeaderMap::from_iter(headers), body, now));
}

/// More inboxes than there may be.
fn too_many() -> i64 {
    i64::try_from(SHARES).expect("it is small") + 100
}

#[test]
fn an_inbox_holds_a_bounded_number_of_requests_and_bytes() {
    let inboxes = Inboxes::default();
    for number in 0..600 {
        post(&inboxes, "many", "", format!("{{\"number\": {number}}}").as_bytes(), number);
    }
    let (requests, received) = inboxes.read("many");
    assert_eq!((requests.len(), received), (REQUESTS, 600));
    assert_eq!(requests[0].view().json.map(RawValue::get), Some(r#"{"number": 100}"#), "the oldest make room");
    for (name, header, body) in
        [("long", "", vec![b'x'; 200_000]), ("headed", "y".repeat(60_000).as_str(), Vec::new()), ("binary", "", vec![0xff; 200_000])]
    {
        (0..40).for_each(|second| post(&inboxes, name, header, &body, second));
        let held: usize = inboxes.read(name).0.iter().map(|request| request.bytes()).sum();
        assert!(held <= BYTES && held > BYTES / 4, "{name} holds {held}");
    }
}

#[test]
fn all_inboxes_together_hold_a_bounded_number_of_bytes() {
    let inboxes = Inboxes::default();
    for number in 0..64 {
        (0..8).for_each(|_| post(&inboxes, &format!("box-{number}"), "", &vec![b'['; 200_000], number));
    }
    let boxes = inboxes.boxes.lock().expect("nobody panicked");
    let held: usize = boxes.values().flat_map(|inbox| inbox.shares.values()).map(|share| share.bytes).sum();
    assert!(held <= TOTAL_BYTES && held > TOTAL_BYTES / 2, "{held}");
    let kept = |name: &str| (boxes[name].letters(), boxes[name].received);
    assert_eq!((kept("box-0"), kept("box-63").1), ((0, 8), 8), "those that were quiet for longest make room, and count on");
    assert!(kept("box-63").0 > 0);
}

#[test]
fn who_has_the_most_makes_room() {
    let inboxes = Inboxes::default();
    let from = |sandbox, name: &str, body: &[u8], second| post_from(&inboxes, sandbox, name, body, second);
    let held = |name: &str| (inboxes.read(name).0.len(), inboxes.read(name).1);
    from(Some("team"), "team", b"{}", 1);
    let last = too_many() - 1;
    for number in 0..=last {
        from(None, &format!("stranger-{number}"), b"{}", 2 + number);
        from(Some("busy"), &format!("busy-{number}"), b"{}", 2 + number);
    }
    let kept = (held("team"), held(&format!("stranger-{last}")), held(&format!("busy-{last}")));
    assert_eq!(kept, ((1, 1), (1, 1), (1, 1)));
    from(None, "team", b"{}", 3_000);
    for number in 0..40 {
        (0..8).for_each(|_| from(Some("busy"), &format!("busy-{}", last - number), &vec![b'x'; 200_000], 4_000 + number));
    }
    assert_eq!(held("team"), (2, 2), "its letters are its own, whoever else has written to it");
}

#[test]
fn letters_of_one_sandbox_make_no_room_for_those_of_another() {
    let inboxes = Inboxes::default();
    let own = || {
        let (letters, received) = inboxes.read("me");
        (letters.iter().filter(|letter| letter.sandbox().as_deref() == Some("b")).count(), letters.len(), received)
    };
    post_from(&inboxes, Some("b"), "me", b"{}", 1);
    for second in 2..=1_000 {
        post_from(&inboxes, Some("a"), "me", b"{}", second);
    }
    assert_eq!(own(), (1, REQUESTS, 1_000), "who has the most letters makes room for letters");
    (0..40).for_each(|_| post_from(&inboxes, Some("a"), "me", &vec![b'x'; 200_000], 1_001));
    assert_eq!((own().0, own().2), (1, 1_040), "and who has the most bytes for bytes");
    let numbers: Vec<_> = inboxes.read("me").0.iter().map(|letter| letter.number).collect();
    assert!(numbers.is_sorted() && numbers.ends_with(&[1_039, 1_040]), "{numbers:?}");
    for number in 0..too_many() {
        post_from(&inboxes, Some("a"), &format!("of-a-{number}"), b"{}", 2_000 + number);
    }
    assert_eq!(own(), (1, 1, 1_040), "who wrote last to an inbox takes only his own letters out of it");
    inboxes.forget("a");
    assert_eq!((own(), inboxes.own().len()), ((1, 1, 1_040), 1));
    inboxes.forget("b");
    assert_eq!(inboxes.own().len(), 0);
}

#[test]
fn letters_are_counted_by_sender_and_query_whether_or_not_they_make_room() {
    let inboxes = Inboxes::default();
    let sender = |name: &str| Some(name.to_owned());
    let count = |name: &str, query: &str| inboxes.count("me", query, &sender(name));
    assert_eq!((count("a", "status=503,200"), count("b", "status=503,200")), (Some(0), Some(0)));
    (0..2).for_each(|second| post_from(&inboxes, Some("a"), "me", b"{}", second));
    assert_eq!(["a", "b"].map(|name| inboxes.found("me", "", &sender(name))), [Some(2), Some(0)]);
    (0..1_000).for_each(|second| post_from(&inboxes, Some("b"), "me", b"{}", second));
    let found = |inbox: &str, name: &str| inboxes.found(inbox, "", &sender(name));
    assert_eq!((found("me", "a"), found("me", "b"), found("other", "a")), (Some(2), None, Some(0)), "who made room is not counted");
    assert_eq!((count("a", "status=503,200"), count("b", "status=503,200")), (Some(1), Some(1)));
    let counts: Vec<_> = (1..=QUERIES).map(|number| count("a", &format!("status=503,{}", 200 + number))).collect();
    assert_eq!((counts.last(), count("a", "status=503,200")), (Some(&None), Some(2)), "there are too many");
    inboxes.empty("a");
    assert_eq!((count("a", "status=503,200"), count("b", "status=503,200")), (Some(0), Some(2)));
    inboxes.forget("b");
    assert_eq!((count("a", "status=503,200"), count("b", "status=503,200")), (Some(1), Some(0)));
}

#[test]
fn an_inbox_goes_with_its_sandbox_and_stays_its_own_over_a_reset() {
    let inboxes = Inboxes::default();
    let from = |sandbox, name: &str, second| post_from(&inboxes, sandbox, name, b"{}", second);
    let names = || inboxes.own().into_iter().map(|inbox| inbox.name).collect::<Vec<_>>();
    for (second, name) in (0..).zip(["gone", "goes-on"]) {
        from(Some(name), &format!("of-{name}"), second);
        from(None, &format!("of-{name}-and-others"), second);
        from(Some(name), &format!("of-{name}-and-others"), second);
    }
    inboxes.forget("gone");
    inboxes.empty("goes-on");
    assert_eq!(names(), ["of-goes-on", "of-goes-on-and-others", "of-gone-and-others"]);
    let held = |name: &str| (inboxes.read(name).0.len(), inboxes.read(name).1);
    assert_eq!((held("of-goes-on"), held("of-goes-on-and-others"), held("of-gone-and-others")), ((0, 1), (1, 2), (1, 2)));
    for number in 0..too_many() {
        from(None, &format!("stranger-{number}"), 10 + number);
    }
    assert_eq!(held("of-goes-on"), (0, 1), "strangers have more, and make room");
    assert!(!names().contains(&"of-gone-and-others".to_owned()));
}

#[test]
fn json_that_nests_too_deep_is_shown_as_text() {
    for (body, shown) in [
        (r#"{"a": "[[[\"[[[\\"}"#.to_owned(), true),
        ("[".repeat(100) + &"]".repeat(100), true),
        ("[".repeat(101) + &"]".repeat(101), false),
    ] {
        let inboxes = Inboxes::default();
        post(&inboxes, "deep", "", body.as_bytes(), 1);
        assert_eq!(inboxes.read("deep").0[0].view().json.is_some(), shown, "{body}");
    }
}

#[test]
fn the_inbox_that_was_quiet_for_longest_makes_room() {
    let inboxes = Inboxes::default();
    for number in 0..=SHARES {
        post(&inboxes, &format!("box-{number}"), "", b"{}", 1_000 + i64::try_from(number).expect("it is small"));
        post(&inboxes, "busy", "", b"{}", 9_000);
    }
    assert_eq!(inboxes.read("box-0").1 + inboxes.read("box-1").1, 0);
    assert_eq!((inboxes.read("box-2").1, inboxes.read(&format!("box-{SHARES}")).1), (1, 1));
    assert_eq!(inboxes.read("busy").1, 1 + SHARES as u64);
}
