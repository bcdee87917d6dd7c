//! Conversations whose sandboxes become files. Each document of a file is read back by the type that its vendor declares, and a file with
//! a document of another shape, or without what it names, is either refused, or no call meets anything in it that cannot be read.

use std::path::Path;

use libtest_mimic::Failed;
use seatrial::base::name::Name;
use seatrial::engine::{DEFAULT, Machine, Request, Start};
use seatrial::persist::{Contents, SandboxFile};
use seatrial::world::{Note, World};
use serde_json::{Map, Value};

use crate::play;

/// Spoils a document in one way.
type Spoil = fn(&Value) -> Value;

/// Other shapes of a document: none of its members, other names for all of them, and no object at all.
const SPOILS: [(&str, Spoil); 5] = [
    ("empty", |_| Value::Object(Map::new())),
    ("renamed", |document| match document {
        Value::Object(members) => members.iter().map(|(name, value)| (format!("{name}_before"), value.clone())).collect(),
        other => Value::Array(vec![other.clone()]),
    }),
    ("a list", |_| Value::Array(vec![Value::Object(Map::new())])),
    ("a number", |_| 7.into()),
    ("null", |_| Value::Null),
];

/// Plays a conversation file of a vendor's folder, and takes its sandbox for a file.
pub fn run(file: &Path, vendor: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let story = play::read(&text, "imported").map_err(|problems| play::told(&problems))?;
    let mut requests = Vec::new();
    let machine =
        play::play(&story, vendor, &mut |request, _| requests.push(request.clone())).map_err(|step| play::explain(&step, &story))?;
    let state = machine.default_sandbox().lock().clone();
    let contents = Contents { scenario: String::new(), given: Vec::new(), seeded: false, faults: Vec::new(), world: state.world };
    let whole: Value = serde_json::from_slice(&contents.to_bytes(play::wall())?)?;
    let names: Vec<Name> = machine.vendors().all().iter().flat_map(|vendor| [vendor.id.clone(), vendor.mount.clone()]).collect();
    let taken = |file: &Value| -> Option<World> {
        let read = SandboxFile::parse(file.to_string().as_bytes()).and_then(|file| file.read(&names, play::wall(), usize::MAX)).ok()?;
        machine.check_documents(&read.world).map(|()| read.world).ok()
    };
    if let Err(error) = machine.check_documents(&contents.world) {
        return Err(format!("a file of this sandbox is refused: {error}").into());
    }
    for (account, tables) in whole["world"]["accounts"].as_array().into_iter().flatten().enumerate() {
        for (table, rows) in tables["tables"].as_array().into_iter().flatten().enumerate() {
            let judge = |file: &Value, what: &str| match taken(file) {
                Some(world) => serve(&machine, world, &requests).map_err(|why| format!("`{}` {what}: {why}", rows["kind"])),
                None => Ok(()),
            };
            let mut file = whole.clone();
            let documents = &mut file["world"]["accounts"][account]["tables"][table]["documents"];
            let document = std::mem::take(&mut documents[0][1]);
            *documents = Value::Array(Vec::new());
            judge(&file, "without documents")?;
            // A different text of the documents in each conversation.
            let mut pointers = Vec::new();
            texts(&document, String::new(), &mut pointers);
            if let Some(pointer) = pointers.get(text.len() % pointers.len().max(1)) {
                let mut file = whole.clone();
                let document = &mut file["world"]["accounts"][account]["tables"][table]["documents"][0][1];
                if let Some(text) = document.pointer_mut(pointer) {
                    *text = "nothing of that name".into();
                }
                judge(&file, &format!("with another `{pointer}`"))?;
            }
            for (spoil, change) in SPOILS {
                let mut file = whole.clone();
                let document = &mut file["world"]["accounts"][account]["tables"][table]["documents"][0][1];
                *document = change(document);
                judge(&file, &format!("with a document that is {spoil}"))?;
            }
        }
    }
    Ok(())
}

/// Makes the calls again in a world, where nothing may fail.
fn serve(machine: &Machine, world: World, requests: &[Request]) -> Result<(), String> {
    let sandbox = machine.stage(DEFAULT, Start::plain(play::wall()), Some(world));
    for request in requests {
        let answer = machine.handle_in(&sandbox, request, play::wall());
        if let Some(note) = answer.notes().iter().find(|note| note.code == Note::SANDBOX_BROKEN) {
            return Err(format!("{} {} fails: {note}", request.method, request.path));
        }
    }
    Ok(())
}

/// The pointers of all texts in a document, of lists in the first row.
fn texts(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at),
        Value::Array(rows) => rows.iter().take(1).for_each(|row| texts(row, format!("{at}/0"), found)),
        Value::Object(members) => {
            members.iter().for_each(|(name, row)| texts(row, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found));
        }
        _ => {}
    }
}
