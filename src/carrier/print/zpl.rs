//! Pages as ZPL II, the language of label printers: text by the printer's own font, which knows the alphabets of Europe, or as a
//! picture of what only our fonts have; symbols by the printer's own commands.

use std::fmt::Write;

use crate::carrier::print::font::{Face, Font, glyph};
use crate::carrier::print::page::{Anchor, Element, Page};
use crate::carrier::print::png;
use crate::carrier::print::symbol::{self, Code, PDF417_COLUMNS, Structured};
use crate::carrier::print::text;

/// How high the printer's font stands over its baseline, in sizes.
const ASCENT: f32 = 0.78;

/// # Panics
/// Never: a program is written to memory.
pub(super) fn program(pages: &[Page], dpi: u16) -> String {
    let programs = pages.iter().map(|page| {
        let mut program = Program { text: String::with_capacity(4096), scale: f32::from(dpi) / 72.0 };
        program.page(page).expect("text in memory can be written to");
        program.text
    });
    programs.collect::<Vec<_>>().join("\n")
}

struct Program {
    text: String,
    /// Dots to a point.
    scale: f32,
}

impl Program {
    fn dots(&self, length: f32) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a page is a few thousand dots wide, and none is negative"
        )]
        let dots = (length * self.scale).round().max(0.0) as u32;
        dots
    }

    /// A page; its parts stand upright on printers.
    fn page(&mut self, page: &Page) -> std::fmt::Result {
        let (width, length) = (self.dots(page.width), self.dots(page.height));
        write!(self.text, "^XA\n^CI28\n^MMT\n^PW{width}\n^LL{length}\n^LH0,0\n")?;
        for part in &page.parts {
            for element in &part.elements {
                match element {
                    Element::Text { x, y, size, face, anchor, white, text } => {
                        self.line(text, (part.x + x, part.y + y), *size, *face, *anchor, *white)?;
                    }
                    Element::Rule { x, y, width, height } => {
                        let (left, top) = (self.dots(part.x + x), self.dots(part.y + y));
                        let (width, height) = (self.dots(*width).max(1), self.dots(*height).max(1));
                        writeln!(self.text, "^FO{left},{top}^GB{width},{height},{}^FS", width.min(height))?;
                    }
                    Element::Symbol { area, code } => {
                        let area = symbol::Area { x: part.x + area.x, y: part.y + area.y, ..*area };
                        self.symbol(&area, code)?;
                    }
                    Element::Remark(text) => writeln!(self.text, "{text}")?,
                }
            }
        }
        self.text.push_str("^PQ1,0,1,Y^XZ");
        Ok(())
    }

    fn line(&mut self, text: &str, (x, y): (f32, f32), size: f32, face: Face, anchor: Anchor, white: bool) -> std::fmt::Result {
        let wide = text::width(text, face, size);
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - wide / 2.0,
            Anchor::End => x - wide,
        };
        if text.chars().any(|letter| matches!(glyph(face, letter).font, Font::Han | Font::Hangul)) {
            return self.picture(text, (left, y), size, face);
        }
        let (height, top) = (self.dots(size).max(10), self.dots((y - size * ASCENT).max(0.0)));
        let (left, room) = (self.dots(left), self.dots(wide) + 2);
        let aligned = match anchor {
            Anchor::Start => String::new(),
            Anchor::Middle => format!("^FB{room},1,0,C"),
            Anchor::End => format!("^FB{room},1,0,R"),
        };
        let reversed = if white { "^FR" } else { "" };
        write!(self.text, "^FO{left},{top}{aligned}{reversed}^A0N,{height},{height}^FH^FD")?;
        data(&mut self.text, text);
        self.text.push_str("^FS\n");
        Ok(())
    }

    /// A line as dots, for letters that printers lack.
    fn picture(&mut self, text: &str, (x, y): (f32, f32), size: f32, face: Face) -> std::fmt::Result {
        let (columns, rows, bits) = png::bits(text, face, size * self.scale);
        let (left, top) = (self.dots(x), self.dots((y - size).max(0.0)));
        let across = columns / 8;
        let total = across * rows;
        write!(self.text, "^FO{left},{top}^GFA,{total},{total},{across},")?;
        for byte in bits {
            write!(self.text, "{byte:02X}")?;
        }
        self.text.push_str("^FS\n");
        Ok(())
    }

    fn symbol(&mut self, area: &symbol::Area, code: &Code) -> std::fmt::Result {
        let Some(modules) = code.modules() else { return Ok(()) };
        let Some(module) = symbol::module(&modules, area, 1.0 / self.scale) else { return Ok(()) };
        let (width, height) = symbol::extent(&modules, area, module);
        let (left, top) = (self.dots(area.middle() - width / 2.0), self.dots(area.y + (area.height - height) / 2.0));
        let (module, height) = (self.dots(module), self.dots(height));
        match code {
            Code::Code128(text) => {
                write!(self.text, "^FO{left},{top}^BY{module},3,{height}^BCN,{height},N,N,N,A^FH^FD")?;
                data(&mut self.text, text);
            }
            Code::Gs1(parts) => {
                // Code C and the function character of GS1 at the start, and the latter between element strings.
                write!(self.text, "^FO{left},{top}^BY{module},3,{height}^BCN,{height},N,N,N,N^FH^FD>;>8")?;
                data(&mut self.text, &parts.join(">8"));
            }
            Code::Pdf417(text) => {
                write!(self.text, "^FO{left},{top}^BY{module},3^B7N,{},4,{PDF417_COLUMNS},,N^FH^FD", 3 * module)?;
                data(&mut self.text, text);
            }
            Code::DataMatrix(text) => {
                write!(self.text, "^FO{left},{top}^BXN,{module},200^FH^FD")?;
                data(&mut self.text, text);
            }
            Code::Qr(text) => {
                // Printers leave ten dots above a QR code.
                write!(self.text, "^FO{left},{}^BQN,2,{module}^FH^FDMA,", top.saturating_sub(10))?;
                data(&mut self.text, text);
            }
            Code::MaxiCode(Structured { postcode, country, service, message }) => {
                let mode = if postcode.len() > 6 { 2 } else { 3 };
                write!(self.text, "^FO{left},{top}^BD{mode},1,1^FH^FD{service:03}{country:03}")?;
                data(&mut self.text, postcode);
                data(&mut self.text, message);
            }
        }
        self.text.push_str("^FS\n");
        Ok(())
    }
}

/// Field data. What means something to a printer is written in the notation that `^FH` announces.
fn data(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '^' | '~' | '_' | '\u{0}'..='\u{1f}' => write!(out, "_{:02X}", u32::from(letter)).expect("text in memory can be written to"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn field_data_survives_the_printer(text in any::<String>()) {
            let mut printed = String::new();
            data(&mut printed, &text);
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
