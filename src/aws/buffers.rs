//! Memory for the parts of files on their way: a few buffers, over all files, each used again.
//!
//! An allocator keeps what was freed in the heap of the thread that took it, and a part is read by any thread:
//! fresh memory for every part leaves half as much again in those heaps as is ever in use.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The buffers. Clones share them.
#[derive(Clone)]
pub(super) struct Buffers {
    room: Arc<Semaphore>,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// One of them.
pub(super) struct Buffer {
    memory: Memory,
    room: OwnedSemaphorePermit,
}

/// What a buffer holds. It goes back when it is dropped.
struct Memory {
    bytes: Vec<u8>,
    length: usize,
    home: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Buffers {
    /// This many at a time.
    pub(super) fn new(count: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(count)),
            free: Arc::default(),
        }
    }

    /// Takes one as soon as there is room. Whoever holds one must not wait for another: all could be held by
    /// such.
    pub(super) async fn take(&self) -> Result<Buffer, AcquireError> {
        let room = Arc::clone(&self.room).acquire_owned().await?;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = Memory {
            bytes: free.pop().unwrap_or_default(),
            length: 0,
            home: Arc::clone(&self.free),
        };
        Ok(Buffer { memory, room })
    }
}

impl Buffer {
    /// Makes room for this many bytes. They are what the last use left: the caller writes all of them.
    pub(super) fn sized(&mut self, length: usize) -> &mut [u8] {
        let memory = &mut self.memory;
        if memory.bytes.len() < length {
            memory.bytes = vec![0; length];
        }
        memory.length = length;
        &mut memory.bytes[..length]
    }

    /// What it holds, and the room that it takes: to be kept until the bytes are sent. A connection that looks
    /// at the bytes for longer keeps nobody waiting, only the memory is not used again so soon.
    pub(super) fn filled(self) -> (Bytes, OwnedSemaphorePermit) {
        (Bytes::from_owner(self.memory), self.room)
    }
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut free = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn memory_is_used_again_when_the_last_that_looks_at_it_is_done() {
        let buffers = Buffers::new(1);
        let mut buffer = buffers.take().await.unwrap();
        buffer.sized(1000).fill(1);
        let (bytes, room) = buffer.filled();
        let address = bytes.as_ptr();
        let body = bytes.clone();
        drop(bytes);
        assert!(buffers.take().now_or_never().is_none());
        drop(room);
        // Somebody still looks at it.
        let mut other = buffers.take().now_or_never().unwrap().unwrap();
        other.sized(1000).fill(2);
        assert_eq!(body, [1; 1000].as_slice());
        drop(other);
        drop(body);
        let mut again = buffers.take().now_or_never().unwrap().unwrap();
        assert_eq!(again.sized(10), [1; 10]);
        let (bytes, _room) = again.filled();
        assert_eq!((bytes.as_ptr(), bytes.len()), (address, 10));
    }
}
