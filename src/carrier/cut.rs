//! Texts as long as paper has room for. What is cut is laid out, measured and drawn in a bounded time, however long it was sent.

use crate::carrier::label::{Address, Declaration, Fact, Item, Label};
use crate::carrier::sheet::Sheet;

/// The letters of a text that are printed at most: more than any place on paper shows.
pub(super) const MOST: usize = 300;
/// The same of a note, which is wrapped over as many lines as it takes.
pub(super) const MOST_OF_NOTES: usize = 5_000;
/// How many facts, lines of an address, parties and notes are printed at most.
const MOST_TEXTS: usize = 100;
/// The most documents that a file has, such as labels.
pub(super) const DOCUMENTS: usize = 1_000;
/// The most rows that a file has, which is a hundred pages of them, and the bytes of all of them.
const ROWS: usize = 4_000;
pub(super) const MOST_OF_ROWS: usize = 2_000_000;

/// What is left of them for the documents that follow in a file.
pub(super) struct Room {
    rows: usize,
    bytes: usize,
}

impl Room {
    pub fn new() -> Self {
        Self { rows: ROWS, bytes: MOST_OF_ROWS }
    }
}

fn text(text: &mut String) {
    letters(text, MOST);
}

fn letters(text: &mut String, most: usize) {
    if text.len() > most
        && let Some((end, _)) = text.char_indices().nth(most)
    {
        text.truncate(end);
    }
}

/// Cuts every text of a label.
pub(super) fn of_label(label: &mut Label) {
    let Label { carrier, carrier_name, service, tracking_number, from, to, dimensions, facts, instructions, foot, customs, .. } = label;
    [carrier, carrier_name, service, tracking_number, dimensions, instructions, foot].into_iter().for_each(text);
    [from, to].into_iter().for_each(of_address);
    of_facts(facts);
    if let Some(declaration) = customs {
        of_declaration(declaration);
    }
}

fn of_address(address: &mut Address) {
    let Address { name, company, lines, city, state, zip, country, phone, email, tax_id, unfilled: _ } = address;
    [name, company, city, state, zip, country, phone, email, tax_id].into_iter().for_each(text);
    lines.truncate(MOST_TEXTS);
    lines.iter_mut().for_each(text);
}

fn of_facts(facts: &mut Vec<Fact>) {
    facts.truncate(MOST_TEXTS);
    facts.iter_mut().flat_map(|Fact { caption, text }| [caption, text]).for_each(text);
}

fn of_declaration(declaration: &mut Declaration) {
    let Declaration { reason, incoterm, invoice_number, currency, items, non_delivery, signer, importer, further: _ } = declaration;
    [reason, incoterm, invoice_number, currency, non_delivery, signer].into_iter().for_each(text);
    importer.iter_mut().for_each(of_address);
    for Item { description, tariff, origin, quantity: _, grams: _, value: _ } in items {
        [description, tariff, origin].into_iter().for_each(text);
    }
}

/// Cuts every text of a sheet, and the rows for which there is no room.
pub(super) fn of_sheet(sheet: &mut Sheet, room: &mut Room) {
    let Sheet { title, subtitle, parties, facts, columns, rows, totals, notes, signer, number } = sheet;
    [title, subtitle, number].into_iter().chain(signer).for_each(text);
    parties.truncate(MOST_TEXTS);
    for (caption, address) in parties {
        text(caption);
        of_address(address);
    }
    of_facts(facts);
    of_facts(totals);
    columns.truncate(MOST_TEXTS);
    columns.iter_mut().for_each(|column| text(&mut column.title));
    notes.truncate(MOST_TEXTS);
    notes.iter_mut().for_each(|note| letters(note, MOST_OF_NOTES));
    rows.truncate(room.rows);
    for (index, row) in rows.iter_mut().enumerate() {
        row.truncate(columns.len());
        row.iter_mut().for_each(text);
        let Some(left) = room.bytes.checked_sub(row.iter().map(String::len).sum()) else {
            rows.truncate(index);
            break;
        };
        room.bytes = left;
    }
    room.rows -= rows.len();
}
