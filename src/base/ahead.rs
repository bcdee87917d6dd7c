//! Long walks through rows that lie anywhere in memory: who takes them one by one waits for memory more than for all else.

/// How many rows are read from memory at once.
const TOGETHER: usize = 64;

/// The same rows. A byte of each is read ahead, for many of them at once, so that no row waits for the one before it. `first` is a byte of
/// a row, or of what it points to.
pub(crate) fn read_ahead<'r, T: 'r>(mut rows: impl Iterator<Item = &'r T>, first: impl Fn(&T) -> u8) -> impl Iterator<Item = &'r T> {
    let batch = move || {
        let batch: Vec<&T> = rows.by_ref().take(TOGETHER).collect();
        touch(batch.iter().map(|row| first(row)));
        Some(batch).filter(|batch| !batch.is_empty())
    };
    std::iter::from_fn(batch).flatten()
}

/// Reads some bytes, none of which waits for another.
pub(crate) fn touch(bytes: impl Iterator<Item = u8>) {
    std::hint::black_box(bytes.fold(0, |sum, byte| sum ^ byte));
}
