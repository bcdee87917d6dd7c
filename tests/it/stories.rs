//! What the story runner says about a conversation that fails, and what it rewrites.

use crate::{play, update};

const STORY: &str = r#"about: A parcel is measured, wrongly.
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: POST /parcels
    json: {length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}
    expect: {status: 201}
    save: {id: object_id}
  - call: GET /parcels/{{id}}
    expect:
      status: 404
      headers: {content-type: text/plain, nothing: ~any}
      has:
        length: 6
        width: '6'
        mass_unit: kg  # it was heavy
        height: ~/six/
        object_id: "{{id}}0"
        volume: 30
      text: |
        nothing
  - call: GET /parcels
    expect: {status: 500}
"#;

#[test]
fn a_failing_step_is_explained_with_line_column_and_caret() {
    let story = play::read(STORY, "tests/vendors/shippo/wrong.yaml").unwrap_or_else(|problems| panic!("{}", play::told(&problems)));
    let step = play::play(&story, "shippo", &mut |_, _| {}).err().expect("the second step fails");
    let explained = play::explain(&step, &story);
    insta::assert_snapshot!(explained);
}

#[test]
fn values_are_rewritten_and_matchers_are_not() {
    let story = play::read(STORY, "wrong.yaml").unwrap_or_else(|problems| panic!("{}", play::told(&problems)));
    let step = play::play(&story, "shippo", &mut |_, _| {}).err().expect("the second step fails");
    let rewritten = update::rewritten(STORY, &step.failures).expect("there are values to rewrite");
    let changed: Vec<&str> = rewritten.lines().zip(STORY.lines()).filter(|(new, old)| new != old).map(|(new, _)| new).take(5).collect();
    insta::assert_snapshot!(changed.join("\n"));
    let story = play::read(&rewritten, "right.yaml").unwrap_or_else(|problems| panic!("{}", play::told(&problems)));
    let step = play::play(&story, "shippo", &mut |_, _| {}).err().expect("some expectations are left");
    let left: Vec<String> = step.failures.iter().map(|failure| failure.to_string()).collect();
    assert_eq!(left.len(), 5, "{left:#?}");
    assert_eq!(update::rewritten(&rewritten, &step.failures), None);
}
