//! Pages as ZPL II, the language of label printers: text by the printer's own font, which knows the alphabets of Europe, or as a
//! picture of what only our fonts have; symbols by the printer's own commands.

use crate::carrier::print::Pages;
use crate::carrier::print::area::Area;
use crate::carrier::print::font::{Face, Font, glyph};
use crate::carrier::print::page::{Anchor, Element, Page};
use crate::carrier::print::png;
use crate::carrier::print::symbol::{self, Code, PDF417_COLUMNS, Structured};
use crate::carrier::print::text;

/// How high the printer's font stands over its baseline, in sizes.
const ASCENT: f32 = 0.78;

/// Pages that are turned are pictures: printers turn fields, and not where they stand.
pub(super) fn program(pages: &Pages<'_>, dpi: u16, turns: u16) -> Vec<u8> {
    let mut program = Program { text: Vec::with_capacity(4096), scale: f32::from(dpi) / 72.0 };
    pages(&mut |page| {
        if !program.text.is_empty() {
            program.text.push(b'\n');
        }
        match turns {
            0 => program.page(&page),
            _ => program.turned(&png::page_bits(&page, dpi, turns)),
        }
    });
    program.text
}

struct Program {
    text: Vec<u8>,
    /// How many dots a point of 1/72 inch has.
    scale: f32,
}

impl Program {
    fn dots(&self, length: f32) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a page is a few thousand dots wide, and none is negative"
        )]
        let dots = (length * self.scale + 0.5).max(0.0) as u32;
        dots
    }

    fn add(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// Adds a command with numbers as its parameters.
    fn command(&mut self, name: &str, numbers: &[u32]) {
        self.add(name);
        for (index, number) in numbers.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.number(*number);
        }
    }

    /// Adds a number; most are those of dots on paper, which have a few digits.
    fn number(&mut self, number: u32) {
        const DIGITS: &[u8; 10] = b"0123456789";
        let digit = |place: u32| DIGITS[(number / place % 10) as usize];
        match number {
            0..10 => self.text.push(digit(1)),
            10..100 => self.text.extend_from_slice(&[digit(10), digit(1)]),
            100..1000 => self.text.extend_from_slice(&[digit(100), digit(10), digit(1)]),
            1000..10_000 => self.text.extend_from_slice(&[digit(1000), digit(100), digit(10), digit(1)]),
            _ => self.add(itoa::Buffer::new().format(number)),
        }
    }

    /// Adds what a field says, and ends it.
    fn field(&mut self, text: &str) {
        data(&mut self.text, text);
        self.add("^FS\n");
    }

    /// What a page begins with.
    fn begin(&mut self, width: u32, length: u32) {
        self.add("^XA\n^CI28\n^MMT\n");
        self.command("^PW", &[width]);
        self.command("\n^LL", &[length]);
        self.add("\n^LH0,0\n");
    }

    /// A page as a picture.
    fn turned(&mut self, picture: &(usize, usize, Vec<u8>)) {
        self.begin(count(picture.0), count(picture.1));
        self.graphic((0, 0), picture);
        self.add("^PQ1,0,1,Y^XZ");
    }

    /// A page; its parts stand upright on printers.
    fn page(&mut self, page: &Page) {
        self.begin(self.dots(page.width), self.dots(page.height));
        for part in &page.parts {
            for element in &part.elements {
                match element {
                    Element::Text { x, y, size, face, anchor, white, text } => {
                        self.line(text, (part.x + x, part.y + y), *size, *face, *anchor, *white);
                    }
                    Element::Rule { x, y, width, height } => {
                        let (left, top) = (self.dots(part.x + x), self.dots(part.y + y));
                        let (width, height) = (self.dots(*width).max(1), self.dots(*height).max(1));
                        self.command("^FO", &[left, top]);
                        self.command("^GB", &[width, height, width.min(height)]);
                        self.add("^FS\n");
                    }
                    Element::Symbol { area, code } => {
                        let area = Area { x: part.x + area.x, y: part.y + area.y, ..*area };
                        self.symbol(&area, code);
                    }
                    Element::Remark(text) => {
                        self.add(text);
                        self.text.push(b'\n');
                    }
                }
            }
        }
        self.add("^PQ1,0,1,Y^XZ");
    }

    fn line(&mut self, text: &str, (x, y): (f32, f32), size: f32, face: Face, anchor: Anchor, white: bool) {
        let wide = if anchor == Anchor::Start { 0.0 } else { text::width(text, face, size) };
        let left = anchor.left(x, || wide);
        if !text.is_ascii() && text.chars().any(|letter| matches!(glyph(face, letter).font, Font::Han | Font::Hangul)) {
            return self.picture(text, (left, y), size, face);
        }
        let (height, top) = (self.dots(size).max(10), self.dots((y - size * ASCENT).max(0.0)));
        let (left, room) = (self.dots(left), self.dots(wide) + 2);
        self.command("^FO", &[left, top]);
        if anchor != Anchor::Start {
            self.command("^FB", &[room, 1, 0]);
            self.add(if anchor == Anchor::Middle { ",C" } else { ",R" });
        }
        if white {
            self.add("^FR");
        }
        self.command("^A0N,", &[height, height]);
        self.add("^FH^FD");
        self.field(text);
    }

    /// A line as dots, for letters that printers lack.
    fn picture(&mut self, text: &str, (x, y): (f32, f32), size: f32, face: Face) {
        let at = (self.dots(x), self.dots((y - size).max(0.0)));
        self.graphic(at, &png::bits(text, face, size * self.scale));
    }

    /// Dots, eight to a byte: columns, rows and bytes.
    fn graphic(&mut self, (left, top): (u32, u32), (columns, rows, bits): &(usize, usize, Vec<u8>)) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let across = columns / 8;
        let total = count(across * rows);
        self.command("^FO", &[left, top]);
        self.command("^GFA,", &[total, total, count(across)]);
        self.text.push(b',');
        self.text.extend(bits.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| DIGITS[usize::from(half)]));
        self.add("^FS\n");
    }

    fn symbol(&mut self, area: &Area, code: &Code) {
        let Some(size) = code.size() else { return };
        let Some(module) = symbol::module(size, area, 1.0 / self.scale) else { return };
        let (width, height) = symbol::extent(size, area, module);
        let (left, top) = (self.dots(area.middle() - width / 2.0), self.dots(area.y + (area.height - height) / 2.0));
        let (module, height) = (self.dots(module), self.dots(height));
        // Printers leave ten dots above a QR code.
        let top = if matches!(code, Code::Qr(_)) { top.saturating_sub(10) } else { top };
        self.command("^FO", &[left, top]);
        match code {
            Code::Code128(text) => {
                self.command("^BY", &[module, 3, height]);
                self.command("^BCN,", &[height]);
                self.add(",N,N,N,A^FH^FD");
                self.field(text);
            }
            Code::Gs1(parts) => {
                // Code C and the function character of GS1 at the start, and the latter between element strings.
                self.command("^BY", &[module, 3, height]);
                self.command("^BCN,", &[height]);
                self.add(",N,N,N,N^FH^FD>;>8");
                self.field(&parts.join(">8"));
            }
            Code::Pdf417(text) => {
                self.command("^BY", &[module, 3]);
                self.command("^B7N,", &[3 * module, 4, PDF417_COLUMNS]);
                self.add(",,N^FH^FD");
                self.field(text);
            }
            Code::DataMatrix(text) => {
                self.command("^BXN,", &[module, 200]);
                self.add("^FH^FD");
                self.field(text);
            }
            Code::Qr(text) => {
                self.command("^BQN,", &[2, module]);
                self.add("^FH^FDMA,");
                self.field(text);
            }
            Code::Maxi(Structured { postcode, country, service, message }) => {
                self.command("^BD", &[if postcode.len() > 6 { 2 } else { 3 }, 1, 1]);
                self.add("^FH^FD");
                self.field(&format!("{service:03}{country:03}{postcode}{message}"));
            }
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Adds field data. What means something to a printer is written in the notation that `^FH` announces.
fn data(out: &mut Vec<u8>, text: &str) {
    let is_special = |byte: u8| byte < b' ' || matches!(byte, b'^' | b'~' | b'_');
    let mut rest = text;
    // Most texts have nothing of the kind, which shows soonest when all bytes are looked at together.
    if !rest.bytes().fold(false, |found, byte| found | is_special(byte)) {
        out.extend_from_slice(rest.as_bytes());
        return;
    }
    while let Some(index) = rest.bytes().position(is_special) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let byte = usize::from(rest.as_bytes()[index]);
        out.extend_from_slice(&rest.as_bytes()[..index]);
        out.extend_from_slice(&[b'_', DIGITS[byte >> 4], DIGITS[byte & 15]]);
        rest = &rest[index + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn field_data_survives_the_printer(text in any::<String>()) {
            let mut printed = Vec::new();
            data(&mut printed, &text);
            let printed = String::from_utf8(printed).expect("what was text still is");
            prop_assert!(!printed.contains(['^', '~']));
            let mut pieces = printed.split('_');
            let mut read = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                let (code, rest) = piece.split_at(2);
                read.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
                read.push_str(rest);
            }
            prop_assert_eq!(read, text);
        }
    }
}
