//! Documents other than labels: a title, two addresses, facts, a table that goes on over pages, and what it adds up to. Invoices, customs
//! forms, packing slips, picking lists and manifests are all such sheets; [`customs`] makes those that borders need.

pub mod customs;

use serde::{Deserialize, Serialize};

use crate::carrier::label::{Address, Canvas, Fact, Label, SAMPLE};
use crate::carrier::print::{Anchor, Area, Code, Face, LEADING, Page, Paper, width, wrapped};

/// A document. What is empty is not printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    pub title: String,
    /// A line below the title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    /// Addresses beside each other, each under its caption.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<(String, Address)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<String>>,
    /// Captions and what stands beside them, below the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<Fact>,
    /// Sentences below everything else, each of which begins a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Who signs, if somebody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// A number that is also printed as a bar code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number: String,
}

/// A column of the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub title: String,
    /// Its part of the width.
    pub share: f32,
    /// Whether it has numbers, which stand on the right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_number: bool,
}

impl Column {
    pub fn text(title: &str, share: f32) -> Self {
        Self { title: title.to_owned(), share, is_number: false }
    }

    pub fn number(title: &str, share: f32) -> Self {
        Self { title: title.to_owned(), share, is_number: true }
    }
}

impl Sheet {
    /// The sheet that a carrier scans for all parcels of a day: a row for each tracking number with what its label shows. Its title and
    /// its parties are the vendor's.
    pub fn manifest(number: &str, day: String, labels: impl IntoIterator<Item = (String, Label)>) -> Self {
        let row = |(index, (tracking, Label { service, to, .. })): (usize, (String, Label))| {
            let town = [&*to.city, &to.state, &to.zip, &to.country].into_iter().filter(|text| !text.is_empty());
            vec![(index + 1).to_string(), tracking, service, town.collect::<Vec<_>>().join(" ")]
        };
        let rows: Vec<_> = labels.into_iter().enumerate().map(row).collect();
        let count = rows.len().to_string();
        Self {
            facts: vec![Fact::new("Shipment date", day), Fact::new("Labels", &*count), Fact::new("Manifest number", number)],
            columns: vec![
                Column::number("#", 6.0),
                Column::text("Tracking number", 36.0),
                Column::text("Service", 26.0),
                Column::text("To", 32.0),
            ],
            rows,
            totals: vec![Fact::new("Total parcels", count)],
            signer: Some(String::new()),
            number: number.to_owned(),
            ..Self::default()
        }
    }
}

/// The pages of a document.
pub(super) fn pages(sheet: &Sheet, paper: Paper) -> Vec<Page> {
    let (width, height) = match paper {
        Paper::A4Four => Paper::A4.size(),
        Paper::A5Label => Paper::A5.size(),
        Paper::Inch2x7 => Paper::Inch4x6.size(),
        other => other.size(),
    };
    let mut setter = Setter::new(sheet, width, height);
    setter.head();
    setter.table();
    setter.end();
    setter.finish()
}

/// Sets a document, page by page.
struct Setter<'a> {
    sheet: &'a Sheet,
    size: (f32, f32),
    /// The size of its text.
    base: f32,
    canvas: Canvas,
    /// What is left of the page.
    area: Area,
    done: Vec<Page>,
}

impl<'a> Setter<'a> {
    fn new(sheet: &'a Sheet, width: f32, height: f32) -> Self {
        let base = (width / 60.0).clamp(5.5, 9.0);
        let (canvas, area) = Self::blank(width, height);
        Self { sheet, size: (width, height), base, canvas, area, done: Vec::new() }
    }

    fn blank(width: f32, height: f32) -> (Canvas, Area) {
        let (mut canvas, area) = Canvas::new(width, height);
        canvas.unit = 1.0;
        let margin = (width / 16.0).clamp(10.0, 36.0);
        let mut area = area.inset(margin, margin);
        let foot = area.cut_bottom(12.0);
        canvas.line(&foot, SAMPLE, Face::Bold, 9.0, Anchor::Middle);
        (canvas, area)
    }

    fn turn_page(&mut self) {
        let (canvas, area) = Self::blank(self.size.0, self.size.1);
        let full = std::mem::replace(&mut self.canvas, canvas);
        self.area = area;
        self.done.push(Page::whole(self.size.0, self.size.1, full.elements));
    }

    fn finish(mut self) -> Vec<Page> {
        self.done.push(Page::whole(self.size.0, self.size.1, self.canvas.elements));
        self.done
    }

    fn head(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        let mut head = self.area.cut_top(base * 2.6);
        if !sheet.number.is_empty() {
            let code = Area { height: base * 5.0, ..head.cut_right(head.width * 0.42) };
            let mut bars = code;
            let below = bars.cut_bottom(base * 1.4);
            self.canvas.symbol(&bars, Some(Code::Code128(sheet.number.clone())));
            self.canvas.line(&below, &sheet.number, Face::Regular, base, Anchor::Middle);
        }
        self.canvas.line(&head, &sheet.title, Face::Bold, base * 2.0, Anchor::Start);
        let mut second = self.area.cut_top(base * if sheet.number.is_empty() { 1.6 } else { 3.0 });
        if !sheet.number.is_empty() {
            second.cut_right(second.width * 0.42);
        }
        self.canvas.line(&second, &sheet.subtitle, Face::Regular, base * 1.1, Anchor::Start);
        self.area.cut_top(base * 0.6);
        self.parties();
        self.facts();
    }

    fn parties(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        if sheet.parties.is_empty() {
            return;
        }
        let mut row = self.area.cut_top(base * 10.5);
        #[expect(clippy::cast_precision_loss, reason = "there are a few parties")]
        let each = row.width / sheet.parties.len() as f32;
        for (caption, address) in &sheet.parties {
            let cell = row.cut_left(each);
            self.canvas.frame(&cell, 0.5);
            let mut cell = cell.inset(4.0, 3.0);
            let head = cell.cut_top(base * 1.1);
            self.canvas.line(&head, caption, Face::Bold, base * 0.85, Anchor::Start);
            let mut lines = address.texts_of_block("");
            lines.extend([&address.phone, &address.email, &address.tax_id].into_iter().filter(|line| !line.is_empty()).map(Into::into));
            self.canvas.block(&cell, &lines, Face::Regular, base);
        }
        self.area.cut_top(base * 0.6);
    }

    fn facts(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        let across = if self.size.0 > 400.0 { 4 } else { 2 };
        let facts: Vec<&Fact> = sheet.facts.iter().filter(|fact| !fact.text.is_empty()).collect();
        for facts in facts.chunks(across) {
            let mut row = self.area.cut_top(base * 2.5);
            #[expect(clippy::cast_precision_loss, reason = "there are at most four")]
            let each = row.width / across as f32;
            for fact in facts {
                let mut cell = row.cut_left(each).inset(1.0, 1.0);
                let head = cell.cut_top(base);
                self.canvas.line(&head, &fact.caption, Face::Regular, base * 0.8, Anchor::Start);
                self.canvas.line(&cell, &fact.text, Face::Bold, base, Anchor::Start);
            }
        }
        self.area.cut_top(base * 0.6);
    }

    /// Takes a row off the page, or off the next one.
    fn row(&mut self, height: f32) -> Area {
        if self.area.height < height {
            self.turn_page();
            self.titles();
        }
        self.area.cut_top(height)
    }

    fn titles(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        if sheet.columns.is_empty() {
            return;
        }
        let row = self.area.cut_top(base * 1.6);
        for (column, cell) in sheet.columns.iter().zip(cells(&sheet.columns, row)) {
            let anchor = if column.is_number { Anchor::End } else { Anchor::Start };
            self.canvas.line(&cell.inset(2.0, 0.0), &column.title, Face::Bold, base * 0.9, anchor);
        }
        self.canvas.cut_rule(&mut self.area, 0.8);
    }

    fn table(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        self.titles();
        for values in &sheet.rows {
            let widths: Vec<f32> = cells(&sheet.columns, self.area).iter().map(|cell| cell.width - 4.0).collect();
            let wrap = |(text, room): (&String, &f32)| {
                let mut lines = wrapped(text, Face::Regular, base, room.max(base));
                lines.truncate(4);
                lines
            };
            let texts: Vec<Vec<String>> = values.iter().zip(&widths).map(wrap).collect();
            let lines = texts.iter().map(Vec::len).max().unwrap_or(0).max(1);
            #[expect(clippy::cast_precision_loss, reason = "a cell has at most four lines")]
            let row = self.row(lines as f32 * base * LEADING + base * 0.5);
            for ((lines, column), cell) in texts.iter().zip(&sheet.columns).zip(cells(&sheet.columns, row)) {
                let mut y = cell.y + base * 1.1;
                for line in lines {
                    let x = if column.is_number { cell.right() - 2.0 - width(line, Face::Regular, base) } else { cell.x + 2.0 };
                    self.canvas.text(x, y, base, Face::Regular, Anchor::Start, line);
                    y += base * LEADING;
                }
            }
            self.canvas.rule(row.x, row.bottom() - 0.3, row.width, 0.3);
        }
    }

    fn end(&mut self) {
        let (sheet, base) = (self.sheet, self.base);
        for total in sheet.totals.iter().filter(|total| !total.text.is_empty()) {
            let mut row = self.row(base * 1.5);
            let value = row.cut_right(row.width * 0.28);
            self.canvas.line(&value.inset(2.0, 0.0), &total.text, Face::Bold, base, Anchor::End);
            self.canvas.line(&row.inset(2.0, 0.0), &total.caption, Face::Regular, base, Anchor::End);
        }
        for note in &sheet.notes {
            for line in wrapped(note, Face::Regular, base * 0.9, self.area.width) {
                let row = self.row(base * 1.1);
                self.canvas.line(&row, &line, Face::Regular, base * 0.9, Anchor::Start);
            }
        }
        if let Some(signer) = &sheet.signer {
            let row = self.row(base * 5.0);
            let mut row = Area { y: row.y + base * 3.0, height: base * 2.0, ..row };
            let own = row.cut_left(row.width * 0.5);
            self.canvas.rule(own.x, own.y, own.width - 10.0, 0.5);
            self.canvas.line(&own.inset(0.0, 1.0), &format!("Signature: {signer}"), Face::Regular, base, Anchor::Start);
        }
    }
}

/// The columns of a row.
fn cells(columns: &[Column], mut row: Area) -> Vec<Area> {
    let (whole, total) = (row.width, columns.iter().map(|column| column.share).sum::<f32>().max(0.01));
    columns.iter().map(|column| row.cut_left(whole * column.share / total)).collect()
}
