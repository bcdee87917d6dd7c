//! Files that stand in base64 in JSON answers. They are drawn once the sandbox is unlocked, because that takes a while.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::carrier::document::Drawing;
use crate::engine::reply::Reply;

/// A file in a document.
pub struct Enclosed {
    /// The text in whose place it is put.
    pub pointer: String,
    /// What stands before its base64, such as a media type.
    pub prefix: String,
    pub file: Drawing,
}

impl Enclosed {
    /// A file alone, in place of the text there.
    #[must_use]
    pub fn new(pointer: &str, file: Drawing) -> Self {
        Self { pointer: pointer.to_owned(), prefix: String::new(), file }
    }
}

impl Reply {
    /// 200 with a JSON object that has a file, if there is one, as its last member.
    #[must_use]
    pub fn with_file(mut document: Value, name: &str, file: impl Into<Option<Drawing>>) -> Self {
        let file = file.into().map(|file| Enclosed::new(&format!("/{name}"), file));
        if file.is_some() {
            document[name] = "".into();
        }
        Self::enclosing(document, file.into_iter().collect(), |document| document)
    }

    /// 200 with a JSON body in which files are drawn; `shape` says how what comes of that is written.
    #[must_use]
    pub fn enclosing<T: Serialize + 'static>(
        document: impl Into<Value>,
        files: Vec<Enclosed>,
        shape: impl Fn(Value) -> T + Send + 'static,
    ) -> Self {
        Self::ok(Enclosing { document: document.into(), files, shape })
    }
}

struct Enclosing<F> {
    document: Value,
    files: Vec<Enclosed>,
    shape: F,
}

impl<T: Serialize, F: Fn(Value) -> T> Serialize for Enclosing<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = self.document.clone();
        for Enclosed { pointer, prefix, file } in &self.files {
            if let Some(place) = document.pointer_mut(pointer) {
                *place = format!("{prefix}{}", STANDARD.encode(file.clone().file())).into();
            }
        }
        (self.shape)(document).serialize(serializer)
    }
}
