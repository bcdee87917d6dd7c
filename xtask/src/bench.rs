//! `cargo xtask bench`: what a call costs, and what that would be with nothing but HTTP and JSON. The published server
//! and the bare server of `benches/bare` are pinned to core 0, wrk to core 1; slices of load go to one and the other in
//! turn, so that whatever else the machine does falls on both. The figure that counts is processor time per request,
//! which does not depend on how busy the other core is.

mod cases;
mod crowd;
mod fleet;
mod growth;
mod kept;
mod lists;
mod load;
mod moving;
mod page;
mod report;
mod start;
mod steady;
mod strict;

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;

use self::{
    cases::{Case, Pick, Prepared},
    report::Report,
};
use crate::{
    failure::Failure,
    process::{self, Server},
    tools::{self, TASKSET, WRK},
};

const SERVER: &str = "target/dist/seatrial";
const BARE: &str = "target/dist/bare_server";

/// The parts of a bench.
const PARTS: [&str; 9] = ["steady", "crowd", "start", "kept", "growth", "moving", "lists", "page", "strict"];

#[derive(Clone)]
pub struct Options {
    quick: bool,
    /// The only part that is measured, if one is named.
    only: Option<String>,
    /// The server under test, if it is not the one that is built here.
    server: Option<String>,
    /// A server of another version, which takes the place of the bare one.
    before: Option<String>,
    growth: u64,
    json: Option<PathBuf>,
    self_check: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { quick: false, only: None, server: None, before: None, growth: 1_000_000, json: None, self_check: false };
        let mut growth = None;
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| Failure::Usage(format!("`{argument}` needs a value")));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--self-check" => options.self_check = true,
                "--only" => {
                    let part = value()?;
                    if !PARTS.contains(&part.as_str()) {
                        return Err(Failure::Usage(format!("`--only` takes one of {}, not `{part}`", PARTS.join(", "))));
                    }
                    options.only = Some(part.clone());
                }
                "--server" => options.server = Some(value()?.clone()),
                "--before" => options.before = Some(value()?.clone()),
                "--json" => options.json = Some(PathBuf::from(value()?)),
                "--growth" => {
                    let text = value()?;
                    let number = text.replace('_', "").parse();
                    growth = Some(number.map_err(|_| Failure::Usage(format!("`--growth` takes a whole number, not `{text}`")))?);
                }
                _ => return Err(Failure::Usage(format!("`bench` knows no `{argument}`"))),
            }
        }
        options.growth = growth.unwrap_or(if options.quick { 100_000 } else { options.growth });
        Ok(options)
    }
}

/// Where the two servers come from and where scratch files go.
pub struct Stand {
    directory: PathBuf,
    /// The server under test.
    server: String,
    before: Option<String>,
    self_check: bool,
}

impl Stand {
    /// The server under test, fresh, with all that the cases rely on. In a self-check a bare one, which relies on
    /// nothing and knows the answer to `pick`'s case only.
    fn ours(&self, pick: Pick) -> Result<(Server, Prepared), Failure> {
        let server = self.unprepared(pick)?;
        let prepared = if self.self_check { Prepared::default() } else { Prepared::by_calls_to(server.address)? };
        Ok((server, prepared))
    }

    fn unprepared(&self, pick: Pick) -> Result<Server, Failure> {
        if self.self_check {
            return self.bare("ours", &pick(&Prepared::default()).made_up_answer());
        }
        self.server(&[])
    }

    /// The server under test, fresh.
    fn server(&self, arguments: &[&str]) -> Result<Server, Failure> {
        self.start(&self.server, arguments, "ours.log")
    }

    fn start(&self, program: &str, arguments: &[&str], log: &str) -> Result<Server, Failure> {
        let mut command = pinned(program);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        Server::start(&mut command, &self.directory.join(log))
    }

    /// What the server under test is compared with, and its call: the version before, prepared for `pick`, or a bare server.
    fn beside(&self, ours: &Server, pick: Pick, case: &Case) -> Result<(Server, Case), Failure> {
        let Some(before) = &self.before else { return Ok((self.bare_beside(ours, case)?, case.clone())) };
        let server = self.start(before, &[], "before.log")?;
        let case = pick(&Prepared::by_calls_to(server.address)?);
        Ok((server, case))
    }

    /// The bare server with the answer that `ours` gives to `case`.
    fn bare_beside(&self, ours: &Server, case: &Case) -> Result<Server, Failure> {
        let answer = if self.self_check { case.made_up_answer() } else { case.recorded_answer(ours.address)? };
        self.bare("bare", &answer)
    }

    fn bare(&self, name: &str, answer: &Value) -> Result<Server, Failure> {
        let file = self.directory.join(format!("{name}.answer.json"));
        fs::write(&file, answer.to_string()).map_err(Failure::io(format!("write {}", file.display())))?;
        let mut command = pinned(BARE);
        command.arg(file);
        Server::start(&mut command, &self.directory.join(format!("{name}.log")))
    }
}

fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0", program]);
    command
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some((part, rest)) = arguments.split_first()
        && part == "fleet"
    {
        return fleet::run(rest);
    }
    let options = Options::read(arguments)?;
    tools::packages(&[TASKSET, WRK])?;
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        let help = "servers and load need a core each".to_owned();
        return Err(Failure::Missing { what: "a second core".to_owned(), help });
    }
    let wants = |part: &str| options.only.as_ref().is_none_or(|only| only == part);
    build(&options)?;
    let server = options.server.clone().unwrap_or_else(|| SERVER.to_owned());
    let stand = Stand { directory: PathBuf::from("target/bench"), server, before: options.before.clone(), self_check: options.self_check };
    fs::create_dir_all(&stand.directory).map_err(Failure::io("create target/bench"))?;
    let load = load::Load::new(&stand.directory);

    let steady = if wants("steady") { steady::measure(&stand, &load, options.quick)? } else { Vec::new() };
    let start = wants("start").then(|| start::measure(&stand, if options.quick { 5 } else { 20 })).transpose()?;
    let kept =
        (wants("kept") && !options.self_check).then(|| kept::measure(&stand, &load, if options.quick { 5 } else { 20 })).transpose()?;
    let growth = (wants("growth") && options.growth > 0).then(|| growth::measure(&stand, &load, options.growth)).transpose()?;
    // The bare server has neither sandboxes nor parcels.
    let crowd = (wants("crowd") && !options.self_check).then(|| crowd::measure(&stand, &load, options.quick)).transpose()?;
    let moving = (wants("moving") && !options.self_check).then(|| moving::measure(&stand, &load, options.quick)).transpose()?;
    let lists = if wants("lists") && !options.self_check { lists::measure(&stand, &load, options.quick)? } else { Vec::new() };
    let pages = (wants("page") && !options.self_check).then(|| page::measure(&stand, &load, options.quick)).transpose()?;
    let strict = (wants("strict") && !options.self_check).then(|| strict::measure(&stand, &load, options.quick)).transpose()?;
    let against = if options.before.is_some() { "before" } else { "bare" };
    let report = Report { against, steady, crowd, start, kept, growth, moving, lists, pages, strict };
    print!("{report}");
    if let Some(file) = options.json {
        let text = format!("{:#}\n", report.json());
        fs::write(&file, text).map_err(Failure::io(format!("write {}", file.display())))?;
    }
    Ok(())
}

/// Builds both, each by itself: together they would share what either asks of a common dependency.
fn build(options: &Options) -> Result<(), Failure> {
    let ours = !options.self_check && options.server.is_none();
    let wants_bare = |only: &String| !["moving", "crowd", "kept", "lists", "page", "strict"].contains(&only.as_str());
    let bare = options.only.as_ref().is_none_or(wants_bare) && !(options.before.is_some() && options.only.as_deref() == Some("steady"));
    for package in [("seatrial", ours), ("bare_server", bare)].into_iter().filter_map(|(package, wanted)| wanted.then_some(package)) {
        let built = process::cargo(&["build", "--profile", "dist", "--quiet", "--package", package, "--bin", package]).status();
        if !built.map_err(Failure::io("run cargo build"))?.success() {
            return Err(Failure::Checks(vec![format!("build of {package}")]));
        }
    }
    Ok(())
}

/// The middle of the values; with an even number of them, the lower of the two in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}
