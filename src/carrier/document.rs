//! Printed matter: labels and other documents, and the files that they become.
//!
//! A vendor makes [`Document`]s from what it stores, when somebody downloads them, and [`render`]s them:
//!
//! ```text
//! Document ──▶ Page of elements (text, rule, symbol) ──▶ PDF, PNG or ZPL
//! ```
//!
//! What a label says is a [`Label`]; everything else is a [`Sheet`]: invoices, customs forms, packing slips, manifests. Documents are
//! small and can be stored; no drawing is ever kept. The same documents give the same bytes.

use serde::{Deserialize, Serialize};

use crate::carrier::label::{self, Label};
use crate::carrier::print::{self, Format, Page, Paper};
use crate::carrier::sheet::{self, Sheet};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// The label of one parcel, on a page of its own.
    Label(Box<Label>),
    /// In place of a label: a code that the carrier's counter scans and prints the label for.
    QrCode(Box<Label>),
    /// Anything else, on as many pages as it takes.
    Sheet(Box<Sheet>),
}

/// A file with the documents in their order. A PNG has the first page only.
#[must_use]
pub fn render(documents: &[Document], format: Format) -> Vec<u8> {
    print::draw(&pages(documents, format.paper), format)
}

/// A file with that one label.
#[must_use]
pub fn render_label(label: Label, format: Format) -> Vec<u8> {
    render(&[Document::Label(Box::new(label))], format)
}

fn pages(documents: &[Document], paper: Paper) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::with_capacity(documents.len());
    for document in documents {
        match document {
            Document::Label(label) => label::place(label, paper, &mut pages),
            Document::QrCode(label) => pages.push(label::qr_page(label, paper)),
            Document::Sheet(sheet) => pages.extend(sheet::pages(sheet, paper)),
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::carrier::label::{Address, CARRIERS, Fact};
    use crate::carrier::print::{Anchor, Element, Part, width};
    use crate::carrier::sheet::Column;

    const PAPERS: [Paper; 9] =
        [Paper::Inch4x6, Paper::Inch4x8, Paper::Inch2x7, Paper::A4, Paper::A5, Paper::A6, Paper::A4Four, Paper::A5Label, Paper::Letter];

    fn address() -> impl Strategy<Value = Address> {
        let text = || ".{0,90}";
        let country = prop_oneof![Just("US"), Just("GB"), Just("CA"), Just("JP"), Just("DE"), Just("")];
        (text(), text(), proptest::collection::vec(text(), 0..5), text(), "[A-Z]{0,3}", "[A-Z0-9 -]{0,10}", country, "[0-9 +]{0,20}")
            .prop_map(|(name, company, lines, city, state, zip, country, phone)| {
                let country = country.to_owned();
                Address { name, company, lines, city, state, zip, country, phone, ..Address::default() }
            })
    }

    fn label() -> impl Strategy<Value = Label> {
        let carriers: Vec<String> = CARRIERS.all().map(|carrier| carrier.id().to_owned()).chain(["nobody".to_owned()]).collect();
        let words = (proptest::sample::select(carriers), ".{0,60}", "[0-9A-Z]{0,34}", ".{0,120}", ".{0,40}");
        let facts = proptest::collection::vec((".{0,20}", ".{0,60}"), 0..10);
        (words, address(), address(), facts, any::<u32>(), 0..300_u32, any::<[bool; 2]>()).prop_map(
            |((carrier, service, tracking_number, instructions, foot), from, to, facts, grams, pieces, [is_return, is_latin])| Label {
                carrier,
                service,
                tracking_number,
                from,
                to,
                grams,
                pieces,
                piece: pieces,
                facts: facts.into_iter().map(|(caption, text)| Fact { caption, text }).collect(),
                date: "2026-01-05".parse().ok(),
                instructions,
                foot,
                is_return,
                is_latin,
                ..Label::default()
            },
        )
    }

    /// Left, top, right and bottom of an element.
    fn bounds(element: &Element) -> Option<[f32; 4]> {
        match element {
            Element::Text { x, y, size, face, anchor, text, .. } => {
                let wide = width(text, *face, *size);
                let left = match anchor {
                    Anchor::Start => *x,
                    Anchor::Middle => x - wide / 2.0,
                    Anchor::End => x - wide,
                };
                Some([left, y - size * 0.75, left + wide, y + size * 0.22])
            }
            Element::Rule { x, y, width, height } => Some([*x, *y, x + width, y + height]),
            Element::Symbol { area, .. } => Some([area.x, area.y, area.right(), area.bottom()]),
            Element::Remark(_) => None,
        }
    }

    fn check(documents: &[Document], paper: Paper) -> Result<(), TestCaseError> {
        const SLACK: f32 = 0.2;
        for page in pages(documents, paper) {
            for part in &page.parts {
                let (wide, high) = if part.turned { (part.height, part.width) } else { (part.width, part.height) };
                prop_assert!(
                    part.x + wide <= page.width + SLACK && part.y + high <= page.height + SLACK,
                    "{paper:?}: a part at {}",
                    part.x
                );
                for element in &part.elements {
                    let [left, top, right, bottom] = bounds(element).unwrap_or_default();
                    let fits = left >= -SLACK && top >= -SLACK && right <= part.width + SLACK && bottom <= part.height + SLACK;
                    prop_assert!(fits, "{paper:?}: {element:?} in {} by {}", part.width, part.height);
                }
            }
            let says =
                |part: &Part| part.elements.iter().any(|element| matches!(element, Element::Text { text, .. } if text == label::SAMPLE));
            prop_assert!(page.parts.iter().all(says), "{paper:?}: nothing says that it is a sample");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_label_stays_on_its_paper(label in label(), paper in proptest::sample::select(PAPERS.to_vec())) {
            check(&[Document::Label(Box::new(label.clone())), Document::QrCode(Box::new(label))], paper)?;
        }

        #[test]
        fn a_sheet_stays_on_its_paper(
            rows in proptest::collection::vec(proptest::collection::vec(".{0,60}", 0..5), 0..80),
            (title, note, number) in (".{0,80}", ".{0,300}", "[0-9]{0,30}"),
            party in address(),
            paper in proptest::sample::select(PAPERS.to_vec()),
        ) {
            let sheet = Sheet {
                title: title.clone(),
                subtitle: title,
                parties: vec![("From".to_owned(), party.clone()), ("To".to_owned(), party)],
                facts: vec![Fact::new("Date", &note); 5],
                columns: vec![
                Column::number("Qty", 10.0),
                Column::text("What", 50.0),
                Column::text("Where", 20.0),
                Column::number("Value", 10.0),
            ],
                rows,
                totals: vec![Fact::new(&note, "1.00")],
                notes: vec![note],
                signer: Some("Sam Quay".to_owned()),
                number,
            };
            check(&[Document::Sheet(Box::new(sheet))], paper)?;
        }

        #[test]
        fn anything_can_be_drawn(label in label(), paper in proptest::sample::select(PAPERS.to_vec())) {
            let document = [Document::Label(Box::new(label))];
            for format in [Format::pdf(paper), Format::png(paper, 72), Format::zpl(203)] {
                prop_assert!(!render(&document, format).is_empty());
            }
        }
    }

    #[test]
    fn four_labels_share_a_page_in_their_order() {
        let label = |number: usize| Document::Label(Box::new(Label { tracking_number: number.to_string(), ..Label::default() }));
        let labels: Vec<Document> = (1..=6).map(label).collect();
        let count = |paper| pages(&labels, paper).iter().map(|page| page.parts.len()).collect::<Vec<_>>();
        assert_eq!(count(Paper::A4Four), [4, 2]);
        assert_eq!(count(Paper::Inch4x6), [1; 6]);
    }
}
