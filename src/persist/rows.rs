//! Lists of a file, read row by row: a row takes many times its text, so that what is too much ends the reading, and not the process.

use std::fmt::{self, Display, Formatter};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Hands each row of a list to `take`, which may end it; no list is an empty one.
pub(super) fn each<'f, T: Deserialize<'f>, E: From<serde_json::Error> + Display>(
    list: Option<&'f RawValue>,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let Some(list) = list else { return Ok(()) };
    let mut refused = None;
    let done = serde_json::Deserializer::from_str(list.get()).deserialize_seq(Each { take, refused: &mut refused, row: PhantomData });
    match refused {
        Some(refused) => Err(refused),
        None => Ok(done?),
    }
}

struct Each<'r, T, F, E> {
    take: F,
    /// Why no further row is read.
    refused: &'r mut Option<E>,
    row: PhantomData<T>,
}

impl<'f, T: Deserialize<'f>, E: Display, F: FnMut(T) -> Result<(), E>> Visitor<'f> for Each<'_, T, F, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'f>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element()? {
            if let Err(error) = (self.take)(row) {
                let said = A::Error::custom(&error);
                *self.refused = Some(error);
                return Err(said);
            }
        }
        Ok(())
    }
}

/// Reads a list that has at most `MOST` rows.
pub(super) fn few<'f, T: Deserialize<'f>, const MOST: usize, D: Deserializer<'f>>(source: D) -> Result<Vec<T>, D::Error> {
    struct Few<T, const MOST: usize>(PhantomData<T>);

    impl<'f, T: Deserialize<'f>, const MOST: usize> Visitor<'f> for Few<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            write!(formatter, "a list of at most {MOST} rows")
        }

        fn visit_seq<A: SeqAccess<'f>>(self, mut rows: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(row) = rows.next_element()? {
                if all.len() == MOST {
                    return Err(A::Error::invalid_length(MOST + 1, &self));
                }
                all.push(row);
            }
            Ok(all)
        }
    }

    source.deserialize_seq(Few::<T, MOST>(PhantomData))
}
