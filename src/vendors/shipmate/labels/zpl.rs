//! A label as ZPL II, for a printer of 203 dots to the inch and paper of 4 by 6 inches.
//!
//! Every booking draws one, so it is put together from finished pieces: only field data is looked at letter by letter.

use super::Label;
use super::sheet::{self, Weight};

/// The beginnings of the address lines, each 42 dots below the one before.
const LINES: [&str; 8] = [
    "^FO32,120^A0N,32,32^FH^FD",
    "^FO32,162^A0N,32,32^FH^FD",
    "^FO32,204^A0N,32,32^FH^FD",
    "^FO32,246^A0N,32,32^FH^FD",
    "^FO32,288^A0N,32,32^FH^FD",
    "^FO32,330^A0N,32,32^FH^FD",
    "^FO32,372^A0N,32,32^FH^FD",
    "^FO32,414^A0N,32,32^FH^FD",
];

pub(super) fn draw(label: &Label<'_>) -> String {
    let (to, parcel) = (&label.consignment.to, label.parcel);
    let number = label.consignment_number();
    let place = label.number.to_string();
    let mut zpl = Zpl(String::with_capacity(2048));
    zpl.raw("CT~~CD,~CC^~CT~\n^XA\n^CI28\n^MMT\n^PW812\n^LL1218\n^FO32,32^A0N,20,20^FH^FDSender: ");
    sheet::sender(label, &mut |text| zpl.data(text));
    zpl.raw("^FS\n^FO32,84^A0N,24,24^FH^FDDeliver To^FS\n");
    let mut beginnings = LINES.iter();
    // Observed 2024-05 on the staging service: placeholders of empty fields stay behind on lines of their own.
    for (line, placeholder) in [
        (&*to.delivery_name, ""),
        (&label.consignment.company, "%COMPANY_NAME%"),
        (&to.line_1, ""),
        (&to.line_2, "%ADDRESS_LINE_2%"),
        (&to.line_3, "%ADDRESS_LINE_3%"),
        (&to.city, ""),
        (&to.postcode, ""),
        (label.foreign_country(), "%ADDRESS_LINE_6%"),
    ] {
        match beginnings.as_slice().first().filter(|_| !line.is_empty()) {
            Some(beginning) => {
                beginnings.next();
                zpl.field(beginning, line);
            }
            None => {
                zpl.raw(placeholder);
                zpl.raw("\n");
            }
        }
    }
    zpl.raw(concat!(
        "^FO0,500^GB812,0,3^FS\n",
        "^FO32,520^A0N,22,22^FH^FDDespatch Date^FS\n",
        "^FO320,520^A0N,22,22^FH^FDWeight^FS\n",
        "^FO600,520^A0N,22,22^FH^FDParcel^FS\n",
    ));
    zpl.field("^FO32,556^A0N,30,30^FH^FD", &label.despatch().to_string());
    zpl.field("^FO320,556^A0N,30,30^FH^FD", &Weight(parcel.weight).to_string());
    zpl.raw("^FO600,556^A0N,30,30^FH^FD");
    zpl.raw(&place);
    zpl.raw(" of ");
    zpl.raw(&label.consignment.parcels.len().to_string());
    zpl.raw("^FS\n^FO0,610^GB812,0,3^FS\n^FO32,628^A0N,22,22^FH^FDSender Reference^FS\n");
    zpl.field("^FO32,660^A0N,30,30^FH^FD", &parcel.reference);
    zpl.field("^FO32,712^A0N,22,22^FH^FDConsignment Number^FS\n^FO32,744^A0N,30,30^FH^FD", &number);
    zpl.field("^FO32,796^A0N,22,22^FH^FDDelivery Instructions^FS\n^FO32,828^A0N,26,26^FH^FD", &label.consignment.instructions);
    zpl.field("^FO0,880^GB812,0,3^FS\n^FO32,910^BY2^BCN,160,Y,N,N^FD", &parcel.tracking);
    zpl.raw("^FO32,1110^A0N,26,26^FH^FD");
    zpl.data(&label.service.carrier);
    zpl.raw(" ");
    zpl.field("", label.service.label_name());
    zpl.raw("^FO32,1160^A0N,30,30^FH^FD");
    zpl.raw(&number);
    zpl.raw("-");
    zpl.raw(&place);
    zpl.raw("^FS\n^PQ1,0,1,Y^XZ");
    zpl.0
}

struct Zpl(String);

impl Zpl {
    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Field data. Three characters mean something to a printer and are written in the notation that `^FH` announces.
    fn data(&mut self, text: &str) {
        let mut rest = text;
        while let Some(index) = rest.find(['^', '~', '_']) {
            self.raw(&rest[..index]);
            self.raw(match rest.as_bytes()[index] {
                b'^' => "_5E",
                b'~' => "_7E",
                _ => "_5F",
            });
            rest = &rest[index + 1..];
        }
        self.raw(rest);
    }

    /// A whole field.
    fn field(&mut self, beginning: &str, data: &str) {
        self.raw(beginning);
        self.data(data);
        self.raw("^FS\n");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn field_data_survives_the_printer(text in any::<String>()) {
            let mut zpl = Zpl(String::new());
            zpl.data(&text);
            let printed = zpl.0;
            prop_assert!(!printed.contains(['^', '~']));
            prop_assert_eq!(printed.replace("_5E", "^").replace("_7E", "~").replace("_5F", "_"), text);
        }
    }
}
