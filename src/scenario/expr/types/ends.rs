//! What a caller receives by the end of an exchange: with some of them there is no status, whatever was answered.

use super::Type;
use crate::world::End;

/// What `$answer.status` can be where `$answer.wire` is this word.
pub(super) fn status(word: &str) -> Type {
    let any = || Type::whole(100.0..=599.0);
    match End::ALL.iter().find(|(_, own)| *own == word).map(|(end, _)| end) {
        Some(End::Reset | End::Empty | End::Timeout | End::Garbage | End::TlsAlert | End::H2Reset | End::H2Goaway) => Type::NOTHING,
        Some(End::HtmlGateway) => Type::whole(502.0..=504.0),
        None | Some(End::Abandoned | End::UnderWay) => any().or(&Type::NOTHING),
        Some(_) => any(),
    }
}
