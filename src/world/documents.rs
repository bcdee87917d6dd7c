//! Documents of one kind in order of creation, found by id or by position.
//!
//! Rows are in chunks of 64, which copies of a world share until one of them writes. The index is divided into 64 shards, so that
//! growing moves one of them at a time. Therefore a write costs the same whether a table holds ten rows or a million, and a copy
//! of a table copies pointers only.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use foldhash::quality::FixedState;
use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::ahead;
use crate::base::json::Written;
use crate::base::name::Name;

const CHUNK: usize = 64;
const SHARDS: usize = 64;

/// Of a row, the beginnings of so many pairs of the processor's lines are read ahead.
const AHEAD: usize = 4;
const LINES: usize = 128;

/// About what a table takes besides its chunks and rows.
const TABLE: usize = 1000;

/// About what a chunk takes, with its pointer; and the pointer to one that is gone.
const CHUNK_BYTES: usize = 1800;
const POINTER: usize = 16;

/// About what the first row in a shard of the index takes, and each row besides its text.
const SHARD: usize = 112;
const ROW: usize = 90;

/// A shard gives memory back when only one of so many slots is in use.
const SPARSE: usize = 8;

/// The kind of a document, such as `consignment`; a noun in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind(pub Name);

impl Kind {
    /// A kind that is a constant of the program.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Name::new(name))
    }
}

/// All documents of one kind of one account.
#[derive(Clone, Default)]
pub struct Table {
    chunks: Vec<Option<Arc<Chunk>>>,
    index: Vec<Arc<HashTable<Slot>>>,
    next: usize,
    live: usize,
    bytes: usize,
    /// How many chunks there are.
    allocated: usize,
    /// The chunks of the state that a reset goes back to.
    initial: Arc<[Option<Arc<Chunk>>]>,
    /// The bytes of rows that are there only in `initial`.
    only_initial: usize,
}

#[derive(Clone)]
struct Chunk {
    rows: [Option<Row>; CHUNK],
    live: usize,
}

/// What one write changed: enough to revert it.
pub(super) struct Undo {
    pub position: usize,
    pub before: Option<Row>,
}

/// A document and its id in one allocation, which copies of a world share.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    id_length: u32,
    data: Arc<str>,
}

#[derive(Clone, Copy)]
struct Slot {
    digest: u32,
    position: u32,
}

impl Chunk {
    /// Its rows, all of which are read ahead.
    fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        let lines = |row: &Row| (0..AHEAD).filter_map(|line| row.data.as_bytes().get(line * LINES)).fold(0, |sum, byte| sum ^ byte);
        ahead::touch(self.rows.iter().flatten().map(lines));
        self.rows.iter().flatten()
    }
}

impl Row {
    /// A row of an id of that length with its body behind it.
    pub(super) fn new(id_length: usize, joined: &str) -> Self {
        Self { id_length: u32::try_from(id_length).expect("ids are shorter than a request"), data: Arc::from(joined) }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.data[..self.id_length as usize]
    }

    fn is(&self, id: &str) -> bool {
        self.id() == id
    }

    /// The document, as compact JSON.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.data[self.id_length as usize..]
    }

    /// The document, which is not copied.
    #[must_use]
    pub fn written(&self) -> Written {
        Written::behind(Arc::clone(&self.data), self.id_length as usize)
    }

    /// Whether it is the same row, not only an equal one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.data, &other.data)
    }
}

/// As its id and its body.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.id(), self.body()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (id, body) = <(&str, &str)>::deserialize(from)?;
        Ok(Self::new(id.len(), &[id, body].concat()))
    }
}

impl Table {
    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The bytes of all ids and documents.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes of ids and documents that are there only for a reset.
    pub(super) fn bytes_for_reset(&self) -> usize {
        self.only_initial
    }

    /// About what the table takes in memory besides ids and documents.
    pub(super) fn overhead(&self) -> usize {
        let rows = self.live * ROW + self.live.min(SHARDS) * SHARD;
        TABLE + self.chunks.len() * POINTER + self.allocated * CHUNK_BYTES + rows
    }

    /// Makes the present rows those that a reset goes back to.
    pub(super) fn mark_initial(&mut self) {
        self.initial = self.chunks.as_slice().into();
        self.only_initial = 0;
    }

    /// The bytes of a row at that position if a reset needs it, else 0.
    fn bytes_if_initial(&self, position: usize, row: &Row) -> usize {
        let chunk = self.initial.get(position / CHUNK).and_then(Option::as_ref);
        let initial = chunk.and_then(|chunk| chunk.rows[position % CHUNK].as_ref());
        if initial.is_some_and(|initial| initial.is_same(row)) { row.data.len() } else { 0 }
    }

    /// The document with that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        self.row(self.find(id, digest(id))?).map(Row::body)
    }

    /// Stores a document. A known id keeps its position, a new one comes last.
    pub(super) fn put(&mut self, row: Row) -> Undo {
        let digest = digest(row.id());
        if let Some(position) = self.find(row.id(), digest) {
            self.bytes += row.data.len();
            let before = self.chunk_mut(position).rows[position % CHUNK].replace(row);
            if let Some(before) = &before {
                self.bytes -= before.data.len();
                self.only_initial += self.bytes_if_initial(position, before);
            }
            return Undo { position, before };
        }
        let position = self.next;
        self.next += 1;
        self.insert(position, digest, row);
        Undo { position, before: None }
    }

    /// Removes a document, if there is one.
    pub(super) fn remove(&mut self, id: &str) -> Option<Undo> {
        let digest = digest(id);
        let position = self.find(id, digest)?;
        let before = self.delete(position, digest);
        Some(Undo { position, before })
    }

    /// Reverts the latest write. Writes are reverted in reverse order.
    pub(super) fn revert(&mut self, undo: Undo) {
        let written = self.row(undo.position).map(|row| digest(row.id()));
        if let Some(row) = written.and_then(|digest| self.delete(undo.position, digest))
            && undo.before.is_none()
            && undo.position + 1 == self.next
        {
            drop(row);
            self.next = undo.position;
        }
        if let Some(row) = undo.before {
            self.insert(undo.position, digest(row.id()), row);
        }
    }

    fn insert(&mut self, position: usize, digest: u64, row: Row) {
        if self.index.is_empty() {
            let empty = Arc::new(HashTable::new());
            self.index = vec![empty; SHARDS];
        }
        let slot = Slot { digest: low(digest), position: u32::try_from(position).expect("memory ends before four billion rows") };
        Arc::make_mut(&mut self.index[shard(digest)]).insert_unique(spread(slot.digest), slot, |slot| spread(slot.digest));
        self.live += 1;
        self.bytes += row.data.len();
        self.only_initial -= self.bytes_if_initial(position, &row);
        let chunk = self.chunk_mut(position);
        chunk.rows[position % CHUNK] = Some(row);
        chunk.live += 1;
    }

    fn delete(&mut self, position: usize, digest: u64) -> Option<Row> {
        let shard = Arc::make_mut(&mut self.index[shard(digest)]);
        if let Ok(entry) = shard.find_entry(spread(low(digest)), |slot| slot.position as usize == position) {
            entry.remove();
        }
        if shard.capacity() > CHUNK && shard.len() * SPARSE < shard.capacity() {
            shard.shrink_to(2 * shard.len(), |slot| spread(slot.digest));
        }
        let chunk = self.chunk_mut(position);
        let row = chunk.rows[position % CHUNK].take()?;
        chunk.live -= 1;
        if chunk.live == 0 && position / CHUNK + 1 < self.chunks.len() {
            self.chunks[position / CHUNK] = None;
            self.allocated -= 1;
        }
        self.live -= 1;
        self.bytes -= row.data.len();
        self.only_initial += self.bytes_if_initial(position, &row);
        Some(row)
    }

    /// Ids and documents in order of creation.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.rows().map(|row| (row.id(), row.body()))
    }

    /// The same as rows, which stay as they are when another is stored in place of one.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.chunks.iter().flatten().flat_map(|chunk| chunk.rows())
    }

    fn find(&self, id: &str, digest: u64) -> Option<usize> {
        let shard = self.index.get(shard(digest))?;
        let matches = |slot: &Slot| slot.digest == low(digest) && self.row(slot.position as usize).is_some_and(|row| row.is(id));
        shard.find(spread(low(digest)), matches).map(|slot| slot.position as usize)
    }

    /// The row at that position.
    pub(super) fn row(&self, position: usize) -> Option<&Row> {
        self.chunks.get(position / CHUNK)?.as_ref()?.rows[position % CHUNK].as_ref()
    }

    /// All rows are at positions below this one.
    pub(super) fn positions(&self) -> usize {
        self.next
    }

    fn chunk_mut(&mut self, position: usize) -> &mut Chunk {
        let number = position / CHUNK;
        if self.chunks.len() <= number {
            self.chunks.resize_with(number + 1, || None);
        }
        let allocated = &mut self.allocated;
        let chunk = self.chunks[number].get_or_insert_with(|| {
            *allocated += 1;
            Arc::new(Chunk { rows: [const { None }; CHUNK], live: 0 })
        });
        Arc::make_mut(chunk)
    }
}

/// A quick hash with a fixed seed: the index is never iterated, so that its order cannot be seen.
fn digest(id: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(id.as_bytes());
    hasher.finish()
}

fn shard(digest: u64) -> usize {
    usize::try_from(digest >> 58).expect("six bits")
}

fn low(digest: u64) -> u32 {
    u32::try_from(digest & 0xffff_ffff).expect("masked to 32 bits")
}

/// `HashTable` reads its control bits from the top of the hash; a 32-bit digest has to be stretched to reach them.
fn spread(digest: u32) -> u64 {
    u64::from(digest).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::*;

    use super::*;

    fn put(table: &mut Table, id: &str, body: &str) -> Undo {
        table.put(Row::new(id.len(), &[id, body].concat()))
    }

    proptest! {
        #[test]
        fn a_table_behaves_as_an_ordered_map(steps in prop::collection::vec((0_u8..3, 0_u16..200, any::<char>()), 0..600)) {
            let (mut table, mut model, mut copy) = (Table::default(), IndexMap::new(), None);
            for (step, id, body) in steps {
                let (id, body) = (format!("id-{id}"), body.to_string());
                match step {
                    0 => { prop_assert_eq!(table.remove(&id).is_some(), model.shift_remove(&id).is_some()); }
                    1 if copy.is_none() => copy = Some((table.clone(), model.clone())),
                    1 => {
                        let put = put(&mut table, &id, &body.repeat(2));
                        let removed = table.remove(&id).expect("it was just stored");
                        table.revert(removed);
                        table.revert(put);
                    }
                    _ => { put(&mut table, &id, &body); model.insert(id, body); }
                }
            }
            for (table, model) in [(table, model)].into_iter().chain(copy) {
                prop_assert_eq!(table.len(), model.len());
                prop_assert_eq!(table.bytes(), model.iter().map(|(id, body)| id.len() + body.len()).sum::<usize>());
                for (id, body) in &model {
                    prop_assert_eq!(table.get(id), Some(body.as_str()));
                }
                prop_assert!(table.iter().map(|(id, body)| (id.to_owned(), body.to_owned())).eq(model.clone()));
            }
        }
    }
}
