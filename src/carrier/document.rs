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

use crate::carrier::cut::{self, DOCUMENTS, Room};
use crate::carrier::label::{self, Label};
use crate::carrier::print::{self, Format, Language, Page, Paper};
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

impl Document {
    /// Leaves of a label the goods that it shows.
    fn shorten(&mut self) {
        if let Self::Label(label) | Self::QrCode(label) = self
            && let Some(customs) = &mut label.customs
        {
            customs.shorten();
        }
    }

    fn cut(&mut self, room: &mut Room) {
        match self {
            Self::Label(label) | Self::QrCode(label) => cut::of_label(label),
            Self::Sheet(sheet) => cut::of_sheet(sheet, room),
        }
    }
}

/// A file that is yet to be drawn: documents in their order, and how they are printed.
#[derive(Clone)]
pub struct Drawing {
    documents: Vec<Document>,
    format: Format,
    /// How many quarters of a turn its pages are turned, clockwise.
    turns: u16,
}

impl Drawing {
    /// As many of the documents as a file has: a thousand at most.
    #[must_use]
    pub fn new(documents: impl IntoIterator<Item = Document>, format: Format) -> Self {
        let most = if format.language == Language::Png { 1 } else { DOCUMENTS };
        let mut room = Room::new();
        let documents = documents.into_iter().take(most).map(|mut document| {
            document.cut(&mut room);
            document.shorten();
            document
        });
        Self { documents: documents.collect(), format, turns: 0 }
    }

    /// The same with its pages turned clockwise by so many quarters of a turn.
    #[must_use]
    pub fn turned(self, turns: u16) -> Self {
        Self { turns, ..self }
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it has no document, and no page.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The file. A PNG has the first page only, and no text is longer than there is room for.
    #[must_use]
    pub fn file(self) -> Vec<u8> {
        let Self { documents, format, turns } = self;
        print::draw(&|draw| each_page(&documents, format.paper, draw), format, turns % 4)
    }
}

/// The file of a [`Drawing`], drawn at once.
#[must_use]
pub fn render(documents: impl Into<Vec<Document>>, format: Format) -> Vec<u8> {
    Drawing::new(documents.into(), format).file()
}

/// A file with that one label.
#[must_use]
pub fn render_label(label: Label, format: Format) -> Vec<u8> {
    render([Document::Label(Box::new(label))], format)
}

/// Hands out one page after the other, so that no more of them are there at once than those of a document.
fn each_page(documents: &[Document], paper: Paper, draw: &mut dyn FnMut(Page)) {
    let mut pages: Vec<Page> = Vec::new();
    for document in documents {
        match document {
            Document::Label(label) => label::place(label, paper, &mut pages),
            Document::QrCode(label) => pages.push(label::qr_page(label, paper)),
            Document::Sheet(sheet) => pages.extend(sheet::pages(sheet, paper)),
        }
        // The next label may stand on the last.
        let done = pages.len().saturating_sub(1);
        pages.drain(..done).for_each(&mut *draw);
    }
    pages.into_iter().for_each(draw);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::carrier::cut::{MOST, MOST_OF_NOTES, MOST_OF_ROWS};
    use crate::carrier::label::{Address, CARRIERS, Declaration, Fact, Item};
    use crate::carrier::print::{Anchor, Element, Part, width};
    use crate::carrier::sheet::Column;

    fn pages(documents: &[Document], paper: Paper) -> Vec<Page> {
        let mut pages = Vec::new();
        each_page(documents, paper, &mut |page| pages.push(page));
        pages
    }

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

    #[test]
    fn pages_are_turned_clockwise() {
        let file = |format, turns| Drawing::new([Document::Label(Box::default())], format).turned(turns).file();
        let picture = |turns| {
            let mut reader = png::Decoder::new(std::io::Cursor::new(file(Format::png(Paper::Inch4x6, 203), turns))).read_info().unwrap();
            let mut dots = vec![0; reader.output_buffer_size().unwrap()];
            let shape = reader.next_frame(&mut dots).unwrap();
            (shape.width as usize, shape.height as usize, dots)
        };
        let (width, height, dots) = picture(0);
        let (wide, high, turned) = picture(1);
        assert_eq!((wide, high), (height, width));
        assert!((0..width * height).all(|at| dots[at] == turned[at % width * wide + (height - 1 - at / width)]));
        let (_, _, over) = picture(2);
        assert!(over.iter().eq(dots.iter().rev()));
        let says = |format, turns, words: &str| file(format, turns).windows(words.len()).any(|found| found == words.as_bytes());
        assert!(says(Format::pdf(Paper::Inch4x6), 3, "/Rotate 270") && !says(Format::pdf(Paper::Inch4x6), 4, "/Rotate"));
        assert!(says(Format::zpl(203), 1, "^LL812") && says(Format::zpl(203), 0, "^LL1218"));
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

    /// Fills every text of a document by way of its JSON, so that no member is forgotten.
    fn fill(value: &mut Value, with: &str) {
        match value {
            Value::String(text) if text.parse::<jiff::civil::Date>().is_err() => with.clone_into(text),
            Value::Array(items) => items.iter_mut().for_each(|item| fill(item, with)),
            Value::Object(members) => members.values_mut().for_each(|member| fill(member, with)),
            _ => {}
        }
    }

    fn full(with: &str) -> [Document; 3] {
        let address = || Address {
            company: "c".to_owned(),
            lines: vec!["l".to_owned(); 3],
            state: "s".to_owned(),
            phone: "p".to_owned(),
            email: "e".to_owned(),
            tax_id: "t".to_owned(),
            ..Address::default()
        };
        let items = vec![Item::default(); 40];
        let label = Label {
            carrier_name: "n".to_owned(),
            dimensions: "d".to_owned(),
            date: "2026-01-05".parse().ok(),
            facts: vec![Fact::new("a", "b"); 8],
            instructions: "i".to_owned(),
            foot: "f".to_owned(),
            from: address(),
            to: address(),
            customs: Some(Box::new(Declaration { items, importer: Some(address()), ..Declaration::default() })),
            ..Label::default()
        };
        let sheet = Sheet {
            subtitle: "s".to_owned(),
            parties: vec![("p".to_owned(), address())],
            facts: vec![Fact::new("a", "b")],
            columns: vec![Column::text("c", 1.0); 4],
            rows: vec![vec![String::new(); 4]; 40],
            totals: vec![Fact::new("a", "b")],
            notes: vec!["n".to_owned()],
            signer: Some("s".to_owned()),
            number: "n".to_owned(),
            ..Sheet::default()
        };
        let filled = |value: Value| {
            let (name, mut value) = value.as_object().and_then(|value| value.iter().next()).map(|(n, v)| (n.clone(), v.clone()))?;
            fill(&mut value, with);
            serde_json::from_value(serde_json::json!({ name: value })).ok()
        };
        [Document::Label(Box::new(label.clone())), Document::QrCode(Box::new(label)), Document::Sheet(Box::new(sheet))]
            .map(|document| filled(serde_json::to_value(document).expect("it is JSON")).expect("it is the same with other texts"))
    }

    fn longest(value: &Value) -> usize {
        match value {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
            Value::Object(members) => members.values().map(longest).max().unwrap_or_default(),
            _ => 0,
        }
    }

    #[test]
    fn no_text_of_a_document_stays_long() {
        for mut document in full(&"🏳️".repeat(5_000)) {
            document.cut(&mut Room::new());
            if let Document::Sheet(sheet) = &mut document {
                assert_eq!(sheet.notes[0].chars().count(), MOST_OF_NOTES);
                sheet.notes.clear();
            }
            assert_eq!(longest(&serde_json::to_value(document).expect("it is JSON")), MOST);
        }
    }

    #[test]
    fn usual_texts_stay() {
        for document in full(&"x".repeat(MOST)) {
            let mut after = document.clone();
            after.cut(&mut Room::new());
            assert_eq!(after, document);
        }
    }

    #[test]
    fn long_texts_are_drawn_as_what_is_left_of_them() {
        let text = "a\u{301}\u{489}👨‍👩‍👧".repeat(10_000);
        for document in full(&text) {
            let mut short = document.clone();
            short.cut(&mut Room::new());
            for format in [Format::pdf(Paper::A4), Format::png(Paper::Inch4x6, 203), Format::zpl(203)] {
                let file = render([document.clone()], format);
                assert!(file == render([short.clone()], format), "{:?}", format.language);
                assert!(file.len() < 600_000, "{:?}: {}", format.language, file.len());
            }
        }
    }

    #[test]
    fn rows_end_where_there_is_no_room_for_more() {
        let rows = vec![vec!["x".repeat(MOST); 4]; 10_000];
        let mut document = Document::Sheet(Box::new(Sheet { columns: vec![Column::text("c", 1.0); 4], rows, ..Sheet::default() }));
        document.cut(&mut Room::new());
        let Document::Sheet(sheet) = document else { panic!("it is a sheet") };
        assert_eq!(sheet.rows.len(), MOST_OF_ROWS / (4 * MOST));
    }

    #[test]
    fn the_documents_of_a_file_share_the_room_for_rows() {
        let (columns, rows) = (vec![Column::text("c", 1.0)], vec![vec!["x".to_owned()]; 3_000]);
        let mut documents = vec![Document::Sheet(Box::new(Sheet { columns, rows, ..Sheet::default() })); 3];
        let mut room = Room::new();
        documents.iter_mut().for_each(|document| document.cut(&mut room));
        let rows = |document: &Document| if let Document::Sheet(sheet) = document { sheet.rows.len() } else { 0 };
        assert_eq!(documents.iter().map(rows).collect::<Vec<_>>(), [3_000, 1_000, 0]);
    }
}
