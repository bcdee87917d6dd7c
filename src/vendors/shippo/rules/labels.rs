//! The files that label links lead to.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::dialect::UNSIGNED;
use super::super::labels;
use super::super::wire::LABEL_FILE;
use crate::carrier::{pdf, png};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};

#[derive(Deserialize)]
pub(crate) struct File {
    #[serde(rename = "File")]
    name: String,
}

/// A signed link answers its file, anybody's and without a token.
pub(crate) fn download(cx: &mut Cx<'_>, Params(File { name }): Params<File>) -> Outcome {
    let denied = |text: &str| Err(Refusal::Because(UNSIGNED, Value::from(text)));
    if !labels::is_signed(&name, cx) {
        return denied("Access denied");
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let label = stem.strip_suffix("_invoice").or_else(|| stem.strip_suffix("_qr_code")).unwrap_or(stem);
    let Some(pages) = cx.docs.shared().get::<Vec<Vec<String>>>(LABEL_FILE, label) else { return denied("Access denied") };
    match extension {
        "pdf" => Ok(Reply::bytes(StatusCode::OK, "application/pdf", pdf::pages(&pages))),
        "zpl" => Ok(Reply::bytes(StatusCode::OK, "application/octet-stream", zpl(&pages))),
        "png" => {
            let picture = png::page(pages.first().map_or(&[], Vec::as_slice));
            Ok(Reply::bytes(StatusCode::OK, "image/png", picture))
        }
        _ => denied("Access denied"),
    }
}

/// The pages as a printer's program: one field a line.
fn zpl(pages: &[Vec<String>]) -> String {
    let mut program = String::new();
    for page in pages {
        program.push_str("^XA^CF0,30\n");
        for (place, line) in page.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            let text: String = line.chars().filter(|letter| !matches!(letter, '^' | '~')).collect();
            program.push_str(&format!("^FO40,{}^FD{text}^FS\n", 40 + 40 * place));
        }
        program.push_str("^XZ\n");
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_prints_each_line_where_it_stands() {
        let pages = [vec!["USPS ^ Priority".to_owned(), String::new(), "9205".to_owned()]];
        assert_eq!(zpl(&pages), "^XA^CF0,30\n^FO40,40^FDUSPS  Priority^FS\n^FO40,120^FD9205^FS\n^XZ\n");
    }
}
