//! Plain documents: pages of text lines as a PDF that every reader opens.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

/// A PDF with a page for each element, 4 by 6 inches, its lines in Helvetica from the top. Characters outside Latin-1 are
/// shown as question marks.
#[must_use]
pub fn pages(pages: &[Vec<String>]) -> Vec<u8> {
    let (catalog, tree, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let mut pdf = Pdf::new();
    pdf.set_version(1, 4);
    let refs: Vec<(Ref, Ref)> = (0..pages.len())
        .map(|place| i32::try_from(4 + 2 * place).expect("a label has few pages"))
        .map(|id| (Ref::new(id), Ref::new(id + 1)))
        .collect();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids(refs.iter().map(|(page, _)| *page)).count(i32::try_from(pages.len()).expect("a label has few pages"));
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (lines, (page, content)) in pages.iter().zip(&refs) {
        let mut sheet = pdf.page(*page);
        sheet.media_box(Rect::new(0.0, 0.0, 288.0, 432.0)).parent(tree).contents(*content);
        sheet.resources().fonts().pair(Name(b"F1"), font);
        sheet.finish();
        let mut drawing = Content::new();
        drawing.begin_text().set_font(Name(b"F1"), 11.0).set_leading(15.0).next_line(18.0, 408.0);
        for line in lines {
            let latin: Vec<u8> = line.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect();
            drawing.show(Str(&latin)).next_line_using_leading();
        }
        drawing.end_text();
        pdf.stream(*content, &drawing.finish());
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_document_begins_and_ends_as_a_pdf() {
        let document = super::pages(&[vec!["Zoë".to_owned()], vec!["2 of 2".to_owned()]]);
        assert!(document.starts_with(b"%PDF-1.4") && document.trim_ascii_end().ends_with(b"%%EOF"));
    }
}
