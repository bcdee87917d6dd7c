//! The figures, as tables for people and as JSON for machines.

use std::fmt;

use serde_json::{Value, json};

use super::{
    crowd::Crowd,
    growth::Growth,
    kept::Kept,
    lists::List,
    load::Slice,
    median,
    moving::Moving,
    page::{self, Pages},
    start::{Figures, Start},
    steady::{Steady, cost},
    strict::{self, Strict},
};

pub struct Report {
    /// What the steady cases are compared with.
    pub against: &'static str,
    pub steady: Vec<Steady>,
    pub crowd: Option<Crowd>,
    pub start: Option<Start>,
    pub kept: Option<Kept>,
    pub growth: Option<Growth>,
    pub moving: Option<Moving>,
    pub lists: Vec<List>,
    pub pages: Option<Pages>,
    pub strict: Option<Strict>,
}

/// A figure of a server and its name.
type Row = (&'static str, fn(&Figures) -> f64);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steady.is_empty() {
            steady(f, &self.steady, self.against)?;
        }
        self.crowd.iter().try_for_each(|part| crowd(f, part))?;
        self.start.iter().try_for_each(|part| start(f, part))?;
        self.kept.iter().try_for_each(|part| kept(f, part))?;
        self.growth.iter().try_for_each(|part| growth(f, part))?;
        self.moving.iter().try_for_each(|part| moving(f, part))?;
        if !self.lists.is_empty() {
            lists(f, &self.lists)?;
        }
        self.pages.iter().try_for_each(|part| pages(f, part))?;
        self.strict.iter().try_for_each(|part| judged(f, part))
    }
}

fn steady(f: &mut fmt::Formatter<'_>, steady: &[Steady], against: &str) -> fmt::Result {
    writeln!(f, "\nprocessor time per request, and how much of it the server {against} needs")?;
    writeln!(
        f,
        "{:<24} {:>10} {:>10} {:>11} {:>9} {:>9} {:>10}",
        "case",
        "ours µs",
        format!("{against} µs"),
        format!("{against}/ours"),
        "p50 µs",
        "p99 µs",
        "requests/s"
    )?;
    for case in steady {
        let Latency { p50, p99, rate } = latency(&case.ours);
        writeln!(
            f,
            "{:<24} {:>10.1} {:>10.1} {:>11.2} {p50:>9.0} {p99:>9.0} {rate:>10.0}",
            case.name,
            cost(&case.ours),
            cost(&case.bare),
            case.ratio(),
        )?;
    }
    Ok(())
}

fn crowd(f: &mut fmt::Formatter<'_>, crowd: &Crowd) -> fmt::Result {
    writeln!(f, "\na call to one sandbox, and to a thousand in turn")?;
    let [one, many] = [cost(&crowd.one), cost(&crowd.many)];
    writeln!(f, "{:<36} {one:>10.1} {many:>10.1} {:>9.2}", "one µs, many µs, one/many", crowd.ratio())
}

fn start(f: &mut fmt::Formatter<'_>, start: &Start) -> fmt::Result {
    writeln!(f, "\n{:<36} {:>10} {:>10}", "having a server", "ours", "bare")?;
    let rows: [Row; 4] = [
        ("start to first answer, ms", |figures| figures.first_answer / 1e3),
        ("memory when ready, MiB", |figures| mebibytes(figures.ready_memory)),
        ("memory after the first answer, MiB", |figures| mebibytes(figures.answered_memory)),
        ("binary, MiB", |figures| mebibytes(figures.binary)),
    ];
    for (name, figure) in rows {
        writeln!(f, "{name:<36} {:>10.1} {:>10.1}", figure(&start.ours), figure(&start.bare))?;
    }
    Ok(())
}

fn kept(f: &mut fmt::Formatter<'_>, kept: &Kept) -> fmt::Result {
    writeln!(f, "\na data directory with {} documents", kept.documents)?;
    writeln!(f, "{:<36} {:>10.1}", "start to ready line, ms", kept.ended)?;
    writeln!(f, "{:<36} {:>10.1}", "the same after kill -9, ms", kept.killed)
}

fn growth(f: &mut fmt::Formatter<'_>, growth: &Growth) -> fmt::Result {
    let [empty, first, last] = growth.memory.map(mebibytes);
    writeln!(f, "\ngrowth to {} consignments", growth.consignments)?;
    writeln!(f, "{:<36} {:>10.2}", "speed of the last slice to the first", growth.last_to_first())?;
    writeln!(f, "{:<36} {:>10.2}", "the same beside the bare server", growth.last_to_first_beside_bare())?;
    writeln!(f, "{:<36} {:>10.0}", "p99 of the worst slice, µs", growth.worst_p99())?;
    writeln!(f, "{:<36} {:>10.0}", "bytes per consignment", growth.bytes_per_consignment())?;
    writeln!(f, "memory, MiB: {empty:.1} empty, {first:.1} after one slice, {last:.1} at the end")?;
    let known = if growth.oldest_is_known { "still known" } else { "no longer known" };
    writeln!(f, "the oldest consignment is {known}")
}

fn moving(f: &mut fmt::Formatter<'_>, moving: &Moving) -> fmt::Result {
    writeln!(f, "\ntime passes for {} live parcels", moving.parcels)?;
    writeln!(f, "{:<36} {:>10.2}", "one advance by a year, s", moving.year.as_secs_f64())?;
    writeln!(f, "{:<36} {:>10.0}", "parcels advanced per second", moving.parcels_per_second())?;
    writeln!(f, "{:<36} {:>10.0}", "steps per second", moving.steps_per_second())?;
    writeln!(f, "{:<36} {:>10.0}", "bytes per live parcel", moving.bytes_per_parcel)?;
    for telling in &moving.telling {
        let name = format!("deliveries per second, {} receivers", telling.receivers);
        writeln!(f, "{name:<36} {:>10.0}", telling.per_second())?;
    }
    Ok(())
}

fn lists(f: &mut fmt::Formatter<'_>, lists: &[List]) -> fmt::Result {
    writeln!(f, "\nprocessor time of a page of 500, and of a list without rows")?;
    writeln!(f, "{:<24} {:>10} {:>10} {:>12} {:>9} {:>9}", "list", "orders", "empty µs", "page µs", "p50 µs", "p99 µs")?;
    for list in lists {
        let Latency { p50, p99, .. } = latency(&list.page);
        let (empty, page) = (cost(&list.empty), cost(&list.page));
        writeln!(f, "{:<24} {:>10} {empty:>10.1} {page:>12.1} {p50:>9.0} {p99:>9.0}", list.name, list.orders)?;
    }
    Ok(())
}

fn pages(f: &mut fmt::Formatter<'_>, part: &Pages) -> fmt::Result {
    let Pages { calls, parcels, sandboxes, .. } = part;
    writeln!(f, "\npages for browsers, with {calls} calls, {parcels} parcels and {sandboxes} sandboxes: ms to the first byte, and bytes")?;
    writeln!(f, "{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", "page", "once", "p50", "worst", "HTML", "packed")?;
    for page in &part.pages {
        let over = if page.middle > page::MOST.0 || page.bytes > page::MOST.1 { "  more than it may" } else { "" };
        let page::Page { name, first, middle, worst, bytes, packed } = page;
        writeln!(f, "{name:<36} {first:>9.2} {middle:>9.2} {worst:>9.2} {bytes:>9} {packed:>9}{over}")?;
    }
    let [with, without] = [cost(&part.with), cost(&part.without)];
    writeln!(f, "{:<36} {with:>9.1} {without:>9.1} {:>9.2}", "a call with the page, without, µs", with / without)
}

fn judged(f: &mut fmt::Formatter<'_>, part: &Strict) -> fmt::Result {
    writeln!(f, "\na valid call that is held against the document, and one that is not")?;
    let [strict, off, ratio] = [cost(&part.strict), cost(&part.off), part.ratio()];
    let over = if ratio > strict::MOST { "  more than it may" } else { "" };
    writeln!(f, "{:<36} {strict:>10.1} {off:>10.1} {ratio:>9.2}{over}", format!("{}: strict µs, off µs", part.name))
}

impl Report {
    pub fn json(&self) -> Value {
        let steady: Vec<Value> = self
            .steady
            .iter()
            .map(|case| {
                json!({
                    "case": case.name, "ratio": case.ratio(),
                    "ours": load(&case.ours), "bare": load(&case.bare),
                })
            })
            .collect();
        let growth = self.growth.as_ref().map(|growth| {
            json!({
                "consignments": growth.consignments,
                "last_to_first": growth.last_to_first(),
                "last_to_first_beside_bare": growth.last_to_first_beside_bare(),
                "worst_p99_us": growth.worst_p99(),
                "bytes_per_consignment": growth.bytes_per_consignment(),
                "memory_bytes": growth.memory,
                "oldest_is_known": growth.oldest_is_known,
                "slices": slices(&growth.slices),
                "bare_slices": slices(&growth.bare),
            })
        });
        let crowd = self.crowd.as_ref().map(|crowd| json!({"one": load(&crowd.one), "many": load(&crowd.many), "ratio": crowd.ratio()}));
        json!({
            "steady": steady,
            "crowd": crowd,
            "start": self.start.as_ref().map(|start| json!({"ours": figures(&start.ours), "bare": figures(&start.bare)})),
            "kept": self.kept.as_ref().map(|part| json!({"documents": part.documents, "ended_ms": part.ended, "killed_ms": part.killed})),
            "growth": growth,
            "lists": self.lists.iter().map(|list| json!({
                "list": list.name, "orders": list.orders, "empty": load(&list.empty), "page": load(&list.page),
            })).collect::<Vec<_>>(),
            "pages": self.pages.as_ref().map(|part| json!({
                "calls": part.calls, "parcels": part.parcels, "sandboxes": part.sandboxes,
                "pages": part.pages.iter().map(|page| json!({
                    "page": page.name, "once_ms": page.first, "p50_ms": page.middle, "worst_ms": page.worst,
                    "html_bytes": page.bytes, "packed_bytes": page.packed,
                })).collect::<Vec<_>>(),
                "call_with_page": load(&part.with), "call_without_page": load(&part.without),
            })),
            "strict": self.strict.as_ref().map(|part| json!({
                "case": part.name, "strict": load(&part.strict), "off": load(&part.off), "ratio": part.ratio(),
            })),
            "moving": self.moving.as_ref().map(|moving| json!({
                "parcels": moving.parcels,
                "year_seconds": moving.year.as_secs_f64(),
                "steps": moving.steps,
                "parcels_per_second": moving.parcels_per_second(),
                "steps_per_second": moving.steps_per_second(),
                "bytes_per_parcel": moving.bytes_per_parcel,
                "telling": moving.telling.iter().map(|telling| json!({
                    "receivers": telling.receivers, "deliveries": telling.deliveries, "per_second": telling.per_second(),
                })).collect::<Vec<_>>(),
            })),
        })
    }
}

struct Latency {
    p50: f64,
    p99: f64,
    rate: f64,
}

fn latency(slices: &[Slice]) -> Latency {
    let middle = |figure: fn(&Slice) -> f64| median(slices.iter().map(figure));
    Latency { p50: middle(|slice| slice.p50), p99: middle(|slice| slice.p99), rate: middle(|slice| slice.rate) }
}

fn load(all: &[Slice]) -> Value {
    let Latency { p50, p99, rate } = latency(all);
    json!({
        "us_per_request": cost(all), "p50_us": p50, "p99_us": p99, "requests_per_second": rate,
        "slices": slices(all),
    })
}

fn slices(all: &[Slice]) -> Vec<Value> {
    let slice = |slice: &Slice| {
        json!({
            "requests": slice.requests, "us_per_request": slice.processor_time / slice.requests,
            "p50_us": slice.p50, "p99_us": slice.p99, "requests_per_second": slice.rate,
        })
    };
    all.iter().map(slice).collect()
}

fn figures(figures: &Figures) -> Value {
    json!({
        "first_answer_us": figures.first_answer, "ready_memory_bytes": figures.ready_memory,
        "answered_memory_bytes": figures.answered_memory, "binary_bytes": figures.binary,
    })
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
