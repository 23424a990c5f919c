//! An object of a bucket, read once and in order, part by part, and hashed on the way.
//!
//! Each part is a request of its own, and the next ones are read while one is hashed: nothing is held open while
//! the other side is slow, and two accounts far apart do not wait for each other's every answer.

use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use super::buffers::{Buffer, Buffers};
use super::fault::incomplete;
use super::part::{Broken, Hasher, Part, STEP, part_bytes, refused};
use crate::cloud::FaultKind;
use crate::cloud::copies::Origin;

/// Parts that are read at the same time. There have to be more buffers, or nothing could be sent meanwhile.
const AHEAD: usize = 2;

/// A part that is read and not hashed.
struct Piece {
    number: i32,
    length: usize,
    buffer: Buffer,
}

/// The parts of an object; at their end, whether they are the right ones.
pub(super) fn parts<'a>(
    origin: Origin<'a>,
    sha256: &'a str,
    buffers: Buffers,
) -> impl Stream<Item = Result<Part, Broken>> + Send + 'a {
    let state = (pieces(origin, buffers), Hasher::default());
    stream::try_unfold(state, move |(mut pieces, hasher)| async move {
        let Some(piece) = pieces.try_next().await? else {
            return hasher.verify(sha256).map(|()| None);
        };
        let (part, hasher) = hashed(piece, hasher).await?;
        Ok(Some((part, (pieces, hasher))))
    })
}

/// The SHA-256 (hexadecimal) of an object.
pub(super) async fn digest(origin: Origin<'_>, buffers: Buffers) -> Result<String, Broken> {
    let mut pieces = pieces(origin, buffers);
    let mut hasher = Hasher::default();
    while let Some(piece) = pieces.try_next().await? {
        (_, hasher) = hashed(piece, hasher).await?;
    }
    Ok(hasher.sha256())
}

/// Reads an object in order, each part as soon as there is room for it.
fn pieces(origin: Origin<'_>, buffers: Buffers) -> BoxStream<'_, Result<Piece, Broken>> {
    let size = origin.found.size;
    let Some(part) = part_bytes(size) else {
        let message = format!("{} has {size} bytes, more than is copied", origin.at);
        return stream::iter([Err(Broken::Fault(refused(message)))]).boxed();
    };
    // Room is taken in the order of the parts, so that none waits for a later one.
    let rooms = stream::try_unfold((0, 1), move |(from, number)| {
        let buffers = buffers.clone();
        async move {
            // An empty object has a part, too.
            if from >= size && number > 1 {
                return Ok(None);
            }
            let buffer = buffers.take().await;
            let buffer = buffer.map_err(|_| Broken::Fault(incomplete("GetObject", "room")))?;
            Ok(Some(((from, number, buffer), (from + part, number + 1))))
        }
    });
    rooms
        .map_ok(move |(from, number, mut buffer)| async move {
            let length = usize::try_from(part.min(size - from)).unwrap_or_default();
            let into = buffer.sized(length);
            if length > 0 {
                let (at, etag) = (origin.at, &origin.found.etag);
                let read = origin.copies.read(at, etag, from, into).await;
                read.map_err(|fault| match fault.kind {
                    FaultKind::Conflict | FaultKind::NotFound => Broken::Changed(fault),
                    _ => Broken::Fault(fault),
                })?;
            }
            Ok(Piece {
                number,
                length,
                buffer,
            })
        })
        .try_buffered(AHEAD)
        .boxed()
}

async fn hashed(mut piece: Piece, mut hasher: Hasher) -> Result<(Part, Hasher), Broken> {
    let work = tokio::task::spawn_blocking(move || {
        for bytes in piece.buffer.sized(piece.length).chunks(STEP) {
            hasher.update(bytes);
        }
        (hasher.part(piece.number, piece.buffer), hasher)
    });
    work.await
        .map_err(|_| Broken::Fault(incomplete("GetObject", "its digest")))
}
