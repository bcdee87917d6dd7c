//! Labels and documents: a sheet of samples for people to look at, which `target/labels/` has after the tests, and what holds for all of
//! them. The symbols are read back by `cargo xtask test`.

use std::fs;
use std::path::Path;

use seatrial::carrier::document::{Document, render};
use seatrial::carrier::label::{Address, Fact, Label};
use seatrial::carrier::print::{Format, Paper};
use seatrial::carrier::sheet::customs::{self, Declaration, Item};

const PAPERS: [(&str, Paper); 9] = [
    ("4x6", Paper::Inch4x6),
    ("4x8", Paper::Inch4x8),
    ("2.3x7.5", Paper::Inch2x7),
    ("a4", Paper::A4),
    ("a5", Paper::A5),
    ("a6", Paper::A6),
    ("a4-four", Paper::A4Four),
    ("a5-label", Paper::A5Label),
    ("letter", Paper::Letter),
];

fn address(text: [&str; 8]) -> Address {
    let [name, company, street, second, city, state, zip, country] = text.map(str::to_owned);
    Address { name, company, lines: vec![street, second], city, state, zip, country, ..Address::default() }
}

/// Labels of carriers that look different, with addresses that are hard to print.
fn samples() -> Vec<(&'static str, Label)> {
    let quay = address(["Sam Quay", "Quay Supplies", "215 Clayton St", "", "San Francisco", "CA", "94117", "US"]);
    let derby = address(["Shipmate Demo", "", "Example Studios", "1 Example Street", "Derby", "", "DE1 1EE", "GB"]);
    let goods = |count: u32, value: i64| Declaration {
        reason: "MERCHANDISE".to_owned(),
        currency: "USD".to_owned(),
        items: (1..=count)
            .map(|number| Item {
                description: format!("Mooring rope {number}"),
                quantity: number,
                grams: 450,
                value,
                tariff: "560750".to_owned(),
                origin: "US".to_owned(),
            })
            .collect(),
        non_delivery: "RETURN".to_owned(),
        ..Declaration::default()
    };
    let declared = |count: u32, value: i64, label: Label| Label { customs: Some(Box::new(goods(count, value))), ..label };
    let toronto = address(["Sam Quay", "Quay Supplies", "100 King St W", "", "Toronto", "ON", "M5X 1A1", "CA"]);
    let alex = address(["Alex Harbour", "Harbour Goods", "965 Mission St", "Suite 480", "San Francisco", "CA", "94103-1741", "US"]);
    let long = address([
        "Wilhelmina-Charlotte von Hohenfels-Langenburg zu Sonnenberg-Oberwiesenthal",
        "International Widgets, Gadgets & Associated Manufacturing Holdings Company of North America, Incorporated",
        "123456 Northwest Old Saint Augustine Boulevard Extension, Building 17, Entrance C",
        "Third floor, ring twice, ask for the receiving department at the loading dock on the left",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        "WA",
        "98101",
        "US",
    ]);
    let lodz = address(["Łukasz Żółć", "Pięć Gęsi Sp. z o.o.", "ul. Świętokrzyska 12", "", "Łódź", "", "90-001", "PL"]);
    let athens = address(["Γιώργος Παπαδόπουλος", "", "Οδός Ερμού 15", "", "Αθήνα", "", "10563", "GR"]);
    let sofia = address(["Иван Петров", "Книжарница Изток", "бул. Витоша 7", "", "София", "", "1000", "BG"]);
    let tokyo = address(["山田 太郎", "株式会社サンプル", "千代田区丸の内1-2-3", "", "東京都", "", "100-0005", "JP"]);
    let seoul = address(["홍길동", "", "중구 세종대로 110", "", "서울특별시", "", "04524", "KR"]);
    let label = |carrier: &str, service: &str, number: &str, from: &Address, to: &Address, grams: u32| Label {
        carrier: carrier.to_owned(),
        service: service.to_owned(),
        tracking_number: number.to_owned(),
        from: from.clone(),
        to: to.clone(),
        grams,
        date: "2026-01-05".parse().ok(),
        piece: 1,
        pieces: 1,
        facts: vec![Fact::new("Reference", "ORDER-1001")],
        ..Label::default()
    };
    vec![
        ("usps", label("stamps_com", "Priority Mail", "9205590164917312751089", &quay, &alex, 907)),
        ("usps-long", label("usps", "Ground Advantage", "9200190164917312751088", &quay, &long, 13_608)),
        ("usps-japan", label("usps", "Priority Mail International", "LZ473124829US", &quay, &tokyo, 907)),
        ("usps-customs", declared(2, 4_000, label("usps", "Priority Mail International", "LZ473124829US", &quay, &lodz, 907))),
        (
            "usps-customs-long",
            declared(
                9,
                90_000,
                Label { facts: Vec::new(), ..label("usps", "Priority Mail International", "LZ473124829US", &quay, &tokyo, 13_608) },
            ),
        ),
        ("canada-post-customs", declared(3, 2_500, label("Canada Post", "Tracked Packet", "LM473124829CA", &toronto, &long, 907))),
        ("royal-mail-customs", declared(4, 900, label("Royal Mail", "International Tracked", "TT123456785GB", &derby, &athens, 300))),
        ("ups", label("ups_walleted", "UPS® Ground", "1Z204E380338943508", &quay, &alex, 907)),
        ("ups-germany", label("ups", "Worldwide Saver", "1Z204E380438943505", &quay, &lodz, 13_608)),
        ("fedex", label("fedex", "FedEx Home Delivery®", "794612345675", &quay, &alex, 907)),
        ("fedex-pieces", Label { piece: 2, pieces: 3, ..label("fedex", "2 Day", "794612345675", &quay, &long, 13_608) }),
        ("royal-mail", label("Royal Mail", "Tracked 48", "TT123456785GB", &derby, &derby, 30)),
        (
            "dpd",
            Label {
                instructions: "Leave in the porch".to_owned(),
                ..label("DPD", "Parcel Next Day", "15501234567890", &derby, &derby, 1005)
            },
        ),
        ("evri", Label { is_return: true, ..label("EVRI", "Standard Delivery", "H012345678901236", &sofia, &derby, 0) }),
        ("canada-post", label("Canada Post", "Expedited Parcel", "4006123456789019", &toronto, &alex, 907)),
        ("purolator", label("Purolator", "Purolator Ground", "331234567890", &toronto, &athens, 907)),
        ("dhl", label("dhl_express", "Express Worldwide", "1234567891", &derby, &seoul, 907)),
        ("generic", label("GENERIC_LABEL", "Demo Label", "P5D414200003", &derby, &derby, 30)),
        ("latin", Label { is_latin: true, ..label("ups", "Worldwide Saver", "1Z204E380438943505", &quay, &tokyo, 907) }),
    ]
}

fn write(name: &str, file: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/labels");
    fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), file)).expect("the target folder can be written to");
}

#[test]
fn samples_are_written_for_people_to_look_at() {
    for (name, label) in samples() {
        let document = [Document::Label(Box::new(label))];
        for (size, paper) in PAPERS {
            let file = render(&document, Format::pdf(paper));
            assert!(file.starts_with(b"%PDF-1.4"), "{name} {size}");
            assert!(file.len() <= 15_000, "{name} {size}: {} bytes", file.len());
            write(&format!("{name}-{size}.pdf"), &file);
        }
        write(&format!("{name}-203.png"), &render(&document, Format::png(Paper::Inch4x6, 203)));
        write(&format!("{name}-300.png"), &render(&document, Format::png(Paper::Inch4x6, 300)));
        write(&format!("{name}-203.zpl"), &render(&document, Format::zpl(203)));
        write(&format!("{name}-300.zpl"), &render(&document, Format::zpl(300)));
    }
    let labels: Vec<Document> = samples().into_iter().map(|(_, label)| Document::Label(Box::new(label))).collect();
    write("merged.pdf", &render(&labels[..], Format::pdf(Paper::Inch4x6)));
    write("merged-a4-four.pdf", &render(&labels[..], Format::pdf(Paper::A4Four)));
    let (_, label) = samples().swap_remove(2);
    write("qr-code.pdf", &render(&[Document::QrCode(Box::new(label.clone()))], Format::pdf(Paper::Inch4x6)));
    let item = |description: &str| Item {
        description: description.to_owned(),
        quantity: 2,
        grams: 400,
        value: 4_000,
        tariff: "610910".to_owned(),
        origin: "US".to_owned(),
    };
    let declaration = Declaration {
        reason: "MERCHANDISE".to_owned(),
        incoterm: "DDU".to_owned(),
        invoice_number: "#1001".to_owned(),
        currency: "USD".to_owned(),
        items: vec![item("T-shirt of organic cotton, printed on both sides, in a box of recycled paper"), item("Tシャツ")],
        non_delivery: "RETURN".to_owned(),
        ..Declaration::default()
    };
    let sheets = [
        ("invoice", customs::invoice(&label, &declaration)),
        ("cn22", customs::cn22(&label, &declaration)),
        ("cn23", customs::cn23(&label, &declaration)),
    ];
    for (name, sheet) in sheets {
        for (size, paper) in [("4x6", Paper::Inch4x6), ("a4", Paper::A4), ("letter", Paper::Letter)] {
            write(&format!("{name}-{size}.pdf"), &render(&[Document::Sheet(Box::new(sheet.clone()))], Format::pdf(paper)));
        }
    }
}

/// To the postal service of the United States its territories are home; other carriers cross a border on the way there.
#[test]
fn mail_to_a_territory_names_no_country() {
    let (_, usual) = samples().swap_remove(0);
    let there = Label { to: address(["Ada Sample", "", "1 Calle Sample", "", "San Juan", "PR", "00901", "PR"]), ..usual };
    let print = |label: &Label| {
        let file = render(&[Document::Label(Box::new(label.clone()))], Format::zpl(203));
        String::from_utf8(file).expect("ZPL is text")
    };
    let text = print(&there);
    assert!(text.contains("San Juan PR 00901"), "{text}");
    assert!(["PUERTO RICO", "UNITED STATES", "CUSTOMS"].iter().all(|word| !text.contains(word)), "{text}");
    let text = print(&Label { carrier: "ups".to_owned(), ..there });
    assert!(text.contains("PUERTO RICO"), "{text}");
}
