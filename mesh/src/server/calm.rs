//! Ends connections that flood. Frames that ask for nothing cost us as much as we like to read of them, and no limit of calls
//! counts them; h2 has bounds for some, and none for pings.

use super::frames::{DATA, END_STREAM, GOAWAY, HEADERS, Head, Heads, RST_STREAM};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Frames that ask for nothing: so many at once, and so many a second in the long run. Keepalive is one in some seconds.
const IDLE: (u32, u32) = (1000, 100);
/// For each frame of an answer a peer may say so many more: it opens its window again, for the stream and for the connection,
/// and measures the line with a ping.
const EARNED: u32 = 4;
/// As RFC 9113 numbers it.
const ENHANCE_YOUR_CALM: u32 = 11;

/// A connection that ends when its peer floods.
pub(super) struct Calm<I> {
    io: I,
    said: Heads,
    told: Heads,
    idle: Bucket,
    resets: Bucket,
    /// The last stream that the peer opened.
    last: u32,
    flooded: Flooded,
}

/// Whether a connection was ended for that.
#[derive(Clone, Default)]
pub(super) struct Flooded(Arc<AtomicBool>);

impl Flooded {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// So many at once. What the time gives back is counted only when it is empty, so that honest peers cost no clock.
struct Bucket {
    left: u32,
    burst: u32,
    per_second: u32,
    filled: Instant,
}

impl Bucket {
    fn new(burst: u32, per_second: u32) -> Self {
        Self {
            left: burst,
            burst,
            per_second,
            filled: Instant::now(),
        }
    }

    fn take(&mut self) -> bool {
        if self.left == 0 {
            let now = Instant::now();
            let back = (now - self.filled).as_secs_f64() * f64::from(self.per_second);
            self.left = (back as u32).min(self.burst);
            self.filled = now;
        }
        let had = self.left > 0;
        self.left = self.left.saturating_sub(1);
        had
    }

    fn give(&mut self, more: u32) {
        self.left = self.left.saturating_add(more).min(self.burst);
    }
}

impl<I> Calm<I> {
    /// Watches over a connection from its greeting of so many bytes on, that may have so many streams. Whoever gives up all
    /// calls of a connection at once, and those that come in their place, is no attacker.
    pub(super) fn new(io: I, greeting: usize, streams: u32) -> (Self, Flooded) {
        let flooded = Flooded::default();
        let calm = Self {
            io,
            said: Heads::behind(greeting),
            told: Heads::default(),
            idle: Bucket::new(IDLE.0, IDLE.1),
            resets: Bucket::new(streams.saturating_mul(2), streams.div_ceil(2)),
            last: 0,
            flooded: flooded.clone(),
        };
        (calm, flooded)
    }

    /// Whether a peer may say this too.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        let (idle, resets, last) = (&mut self.idle, &mut self.resets, &mut self.last);
        let mut is_calm = true;
        self.said.read(bytes, |head: Head| {
            is_calm &= match head.kind {
                HEADERS => {
                    *last = head.stream.max(*last);
                    true
                }
                RST_STREAM => resets.take(),
                DATA if head.length > 0 || head.flags & END_STREAM != 0 => true,
                _ => idle.take(),
            };
        });
        is_calm
    }

    fn tell(&mut self, bytes: &[u8]) {
        let idle = &mut self.idle;
        self.told.read(bytes, |head| {
            if matches!(head.kind, DATA | HEADERS) {
                idle.give(EARNED);
            }
        });
    }
}

impl<I: AsyncWrite + Unpin> Calm<I> {
    /// Says why it ends, if that can be said now: a flooding peer is not waited for.
    fn goodbye(&mut self, cx: &mut Context<'_>) {
        if self.told.is_between() {
            // Its length, type, flags and stream: the connection's own.
            let head = [0, 0, 8, GOAWAY, 0, 0, 0, 0, 0];
            let (last, why) = (self.last.to_be_bytes(), ENHANCE_YOUR_CALM.to_be_bytes());
            let frame = [&head[..], &last, &why].concat();
            let mut io = Pin::new(&mut self.io);
            if io.as_mut().poll_write(cx, &frame).is_ready() {
                let _ = io.poll_flush(cx);
            }
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Calm<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if self.hear(&buffer.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        // Who fails has read nothing.
        buffer.set_filled(before);
        if !self.flooded.0.swap(true, Ordering::Relaxed) {
            self.goodbye(cx);
        }
        Poll::Ready(Err(io::Error::other("more than it may say")))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Calm<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.tell(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))?;
        let mut left = written;
        for slice in slices {
            let own = left.min(slice.len());
            self.tell(&slice[..own]);
            left -= own;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
    const RESET: [u8; 13] = [0, 0, 4, RST_STREAM, 0, 0, 0, 0, 1, 0, 0, 0, 8];
    const ANSWER: [u8; 10] = [0, 0, 1, DATA, 0, 0, 0, 0, 1, 7];

    fn calm() -> Calm<tokio::io::Empty> {
        Calm::new(tokio::io::empty(), 0, 8).0
    }

    fn hears(calm: &mut Calm<tokio::io::Empty>, frame: &[u8], times: u32) -> bool {
        (0..times).all(|_| calm.hear(frame))
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_at_once_and_so_many_a_second() {
        let mut calm = calm();
        assert!(hears(&mut calm, &PING, IDLE.0));
        assert!(!calm.hear(&PING));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(hears(&mut calm, &PING, 2 * IDLE.1));
        assert!(!calm.hear(&PING));
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(hears(&mut calm, &PING, IDLE.0));
        assert!(!calm.hear(&PING));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_given_up_are_counted_by_themselves() {
        let mut calm = calm();
        assert!(hears(&mut calm, &RESET, 16));
        assert!(!calm.hear(&RESET));
        assert!(calm.hear(&PING));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_answered_may_say_more() {
        let mut calm = calm();
        for _ in 0..IDLE.0 {
            assert!(hears(&mut calm, &PING, EARNED));
            calm.tell(&ANSWER);
        }
        assert!(hears(&mut calm, &PING, IDLE.0 - EARNED));
        assert!(hears(
            &mut calm,
            &[0, 0, 0, DATA, END_STREAM, 0, 0, 0, 1],
            IDLE.0
        ));
        assert!(!hears(&mut calm, &[0, 0, 0, DATA, 0, 0, 0, 0, 1], IDLE.0));
    }

    #[tokio::test]
    async fn whoever_floods_hears_why() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let (mut calm, flooded) = Calm::new(ours, 0, 8);
        theirs.write_all(&PING.repeat(1001)).await.unwrap();
        let read = async {
            let mut all = Vec::new();
            calm.read_to_end(&mut all).await
        };
        assert!(read.await.is_err());
        assert!(flooded.is_so());
        drop(calm);
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard[3], GOAWAY);
        assert!(heard.ends_with(&ENHANCE_YOUR_CALM.to_be_bytes()));
    }
}
