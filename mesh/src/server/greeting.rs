//! What a peer speaks, by its first bytes.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every HTTP/2 client says first (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http2,
    /// HTTP/1, or nothing that anybody knows.
    Other,
}

/// A peer that has said what it speaks, with those bytes put back before the rest.
pub(super) struct Greeted<I> {
    pub speaks: Speaks,
    pub io: PutBack<I>,
}

/// Reads until it is clear what the peer speaks. hyper itself would wait for an HTTP/2 greeting for ever.
pub(super) async fn greeted<I: AsyncRead + Unpin>(mut io: I) -> io::Result<Greeted<I>> {
    let mut first = BytesMut::with_capacity(PREFACE.len());
    let mut left = PREFACE.len();
    let speaks = loop {
        let read = (&mut io).take(left as u64).read_buf(&mut first).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= read;
        match PREFACE.starts_with(&first) {
            false => break Speaks::Other,
            true if left == 0 => break Speaks::Http2,
            true => {}
        }
    };
    let first = first.freeze();
    let io = PutBack { first, io };
    Ok(Greeted { speaks, io })
}

/// A stream of which something was read already.
pub(super) struct PutBack<I> {
    first: Bytes,
    io: I,
}

impl<I: AsyncRead + Unpin> AsyncRead for PutBack<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let fits = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..fits]);
        self.first.advance(fits);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for PutBack<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
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
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spoken(said: &[u8]) -> Option<(Speaks, Vec<u8>)> {
        let Greeted { speaks, mut io } = greeted(said).await.ok()?;
        let mut read = Vec::new();
        io.read_to_end(&mut read).await.unwrap();
        Some((speaks, read))
    }

    #[tokio::test]
    async fn what_was_read_to_find_out_is_read_again() {
        let http2 = [&PREFACE[..], b"and more"].concat();
        for (said, speaks) in [
            (&http2[..], Speaks::Http2),
            (b"GET / HTTP/1.1\r\n\r\n", Speaks::Other),
            (b"PRI * HTTP/1.1\r\n\r\n", Speaks::Other),
            (b"\x16\x03\x01", Speaks::Other),
        ] {
            assert_eq!(spoken(said).await, Some((speaks, said.to_vec())));
        }
        for cut in [0, 1, PREFACE.len() - 1] {
            assert_eq!(spoken(&PREFACE[..cut]).await, None, "{cut}");
        }
    }
}
