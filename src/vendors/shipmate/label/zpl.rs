//! A label as ZPL II, for a printer of 203 dots to the inch and paper of 4 by 6 inches.

use std::fmt::{self, Display, Formatter, Write};

use super::Label;
use super::sheet::{Number, Weight};

/// The label's ZPL. It is written straight into the answer; it is never a text of its own.
pub(super) struct Zpl<'a>(pub &'a Label<'a>);

/// Field data: the three characters that mean something to a printer, in the notation that `^FH` announces.
struct Data<T>(T);

struct Escaping<'f, 'o>(&'f mut Formatter<'o>);

/// A line of text: from the left, from the top, height of the letters.
fn text(out: &mut Formatter<'_>, left: u32, top: u32, height: u32, data: impl Display) -> fmt::Result {
    writeln!(out, "^FO{left},{top}^A0N,{height},{height}^FH^FD{}^FS", Data(data))
}

impl Display for Zpl<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let label = self.0;
        let (to, parcel) = (&label.consignment.to, label.parcel);
        out.write_str("CT~~CD,~CC^~CT~\n^XA\n^CI28\n^MMT\n^PW812\n^LL1218\n")?;
        text(out, 32, 32, 20, format_args!("Sender: {}", label.sender()))?;
        text(out, 32, 84, 24, "Deliver To")?;
        let mut top = 120;
        // Observed 2024-05 on the staging service: placeholders of empty fields stay behind on lines of their own.
        for (line, placeholder) in [
            (&*to.name, ""),
            (&to.company, "%COMPANY_NAME%"),
            (&to.line_1, ""),
            (&to.line_2, "%ADDRESS_LINE_2%"),
            (&to.line_3, "%ADDRESS_LINE_3%"),
            (&to.city, ""),
            (&to.postcode, ""),
            (label.foreign_country(), "%ADDRESS_LINE_6%"),
        ] {
            if line.is_empty() {
                writeln!(out, "{placeholder}")?;
            } else {
                text(out, 32, top, 32, line)?;
                top += 42;
            }
        }
        out.write_str("^FO0,500^GB812,0,3^FS\n")?;
        text(out, 32, 520, 22, "Despatch Date")?;
        text(out, 320, 520, 22, "Weight")?;
        text(out, 600, 520, 22, "Parcel")?;
        text(out, 32, 556, 30, label.despatch())?;
        text(out, 320, 556, 30, Weight(parcel.weight))?;
        text(out, 600, 556, 30, format_args!("{} of {}", label.place, label.consignment.parcels.len()))?;
        out.write_str("^FO0,610^GB812,0,3^FS\n")?;
        text(out, 32, 628, 22, "Sender Reference")?;
        text(out, 32, 660, 30, &parcel.reference)?;
        text(out, 32, 712, 22, "Consignment Number")?;
        text(out, 32, 744, 30, Number(label))?;
        text(out, 32, 796, 22, "Delivery Instructions")?;
        text(out, 32, 828, 26, &label.consignment.instructions)?;
        writeln!(out, "^FO0,880^GB812,0,3^FS\n^FO32,910^BY2^BCN,160,Y,N,N^FD{}^FS", Data(&parcel.tracking))?;
        text(out, 32, 1110, 26, format_args!("{} {}", label.service.carrier, label.service.label_name()))?;
        text(out, 32, 1160, 30, format_args!("{}-{}", Number(label), label.place))?;
        out.write_str("^PQ1,0,1,Y^XZ")
    }
}

impl<T: Display> Display for Data<T> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(out), "{}", self.0)
    }
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(place) = rest.find(['^', '~', '_']) {
            let (before, from) = rest.split_at(place);
            let (special, after) = from.split_at(1);
            self.0.write_str(before)?;
            self.0.write_str(match special {
                "^" => "_5E",
                "~" => "_7E",
                _ => "_5F",
            })?;
            rest = after;
        }
        self.0.write_str(rest)
    }
}
