//! The JSON schema of scenario files, which editors use to complete and explain members. It is a file of its own, kept by hand for the
//! sake of its descriptions; tests hold it against the reader and against every scenario that is shipped.

/// The schema, a JSON document (draft 2020-12).
pub const SCHEMA: &str = include_str!("scenario.v1.json");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use serde_json::Value;

    use super::SCHEMA;
    use crate::scenario::ast::STATUSES;
    use crate::scenario::error::Source;
    use crate::scenario::node;
    use crate::scenario::parse::{accounts, members};

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).expect("the schema file is JSON")
    }

    fn names(object: &Value) -> Vec<&str> {
        let properties = object.get("properties").and_then(Value::as_object).expect("the definition has properties");
        assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{object}");
        properties.keys().map(String::as_str).collect()
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("its entries can be read").path()) {
            if entry.is_dir() {
                found.extend(files(&entry));
            } else if entry.extension().is_some_and(|extension| extension == "yaml") {
                found.push(entry);
            }
        }
        found.sort();
        found
    }

    #[test]
    fn schema_and_reader_know_the_same_members() {
        let schema = schema();
        let mut closed = 1;
        for (name, members) in members::ALL {
            let definition = if name == "scenario" { &schema } else { &schema["$defs"][name] };
            assert_eq!(names(definition), members, "{name}");
        }
        for definition in schema["$defs"].as_object().expect("it has definitions").values() {
            closed += usize::from(definition.get("properties").is_some());
        }
        assert_eq!(closed, members::ALL.len() + 1, "a definition that no list of members stands for, beside `accounts`");
    }

    #[test]
    fn schema_and_reader_know_the_same_accounts() {
        let schema = schema();
        let accounts = &schema["$defs"]["accounts"];
        assert_eq!(names(accounts), accounts::MOUNTS.map(|mount| mount.name));
        for mount in accounts::MOUNTS {
            let mut known = mount.members();
            let mut described = names(&accounts["properties"][mount.name]["items"]);
            known.sort_unstable();
            described.sort_unstable();
            assert_eq!(described, known, "{}", mount.name);
        }
        assert_eq!(schema["$defs"]["step"]["properties"]["status"]["enum"], serde_json::json!(STATUSES));
    }

    #[test]
    fn every_shipped_scenario_fits_the_schema() {
        let validator = jsonschema::validator_for(&schema()).expect("the schema is valid");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = files(&root.join("scenarios"));
        assert!(!found.is_empty());
        found.push(root.join("tests/it/every_member.yaml"));
        for file in found {
            let text = fs::read_to_string(&file).expect("the file can be read");
            let source = Arc::new(Source { name: file.display().to_string(), text });
            let (node, problems) = node::load(&source);
            let value = node.map(|node| node.to_json()).expect("the file is YAML");
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!((problems, errors), (vec![], vec![]), "{}", file.display());
        }
    }
}
