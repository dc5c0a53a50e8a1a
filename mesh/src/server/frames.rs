//! The heads of HTTP/2's frames, and no more of them (RFC 9113, 4.1).

/// What a frame says before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const GOAWAY: u8 = 7;
pub(super) const END_STREAM: u8 = 1;
const LENGTH: usize = 9;

/// One direction of a connection, of which the heads are read and all else is skipped.
#[derive(Default)]
pub(super) struct Heads {
    head: [u8; LENGTH],
    has: usize,
    skip: usize,
}

impl Heads {
    /// Behind a greeting of so many bytes.
    pub(super) fn behind(greeting: usize) -> Self {
        Self {
            skip: greeting,
            ..Self::default()
        }
    }

    /// Goes on with what came next, head by head.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut each: impl FnMut(Head)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let taken = (LENGTH - self.has).min(bytes.len());
            self.head[self.has..self.has + taken].copy_from_slice(&bytes[..taken]);
            self.has += taken;
            bytes = &bytes[taken..];
            if self.has == LENGTH {
                let [a, b, c, kind, flags, s, t, u, v] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                (self.has, self.skip) = (0, length);
                each(Head {
                    length,
                    kind,
                    flags,
                    stream: u32::from_be_bytes([s, t, u, v]) & 0x7fff_ffff,
                });
            }
        }
    }

    /// Whether a frame may begin here.
    pub(super) fn is_between(&self) -> bool {
        self.has == 0 && self.skip == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_however_the_bytes_are_cut() {
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
        let end = [0, 0, 0, 0, 1, 0x80, 0, 1, 3];
        let said = [&b"hello"[..], &ping, &end, &ping].concat();
        for cut in 1..said.len() {
            let (mut heads, mut found) = (Heads::behind(5), Vec::new());
            for piece in said.chunks(cut) {
                heads.read(piece, |head| {
                    found.push((head.kind, head.length, head.stream))
                });
            }
            assert_eq!(found, [(6, 8, 0), (0, 0, 259), (6, 8, 0)], "{cut}");
            assert!(heads.is_between());
            heads.read(&ping[..12], |_| {});
            assert!(!heads.is_between());
        }
    }
}
