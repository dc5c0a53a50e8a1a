//! Makes a connection, in the clear or over TLS, and finds the words for why there is no secure one.

use super::tls::Tls;
use http::Uri;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};
use tokio_util::either::Either;

/// The first byte of a TLS alert: what who speaks TLS answers to anything else.
const ALERT: u8 = 21;

/// How a place is connected to.
#[derive(Clone)]
pub(super) struct Dial {
    tls: Option<(Tls, ServerName<'static>)>,
    /// What was wrong with the last connection. HTTP/2 tells its callers no more than that there is none.
    wrong: Wrong,
}

#[derive(Clone, Default)]
struct Wrong(Arc<Mutex<Option<&'static str>>>);

impl Wrong {
    fn set(&self, why: Option<&'static str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn keep(&self, why: &io::Error, own: Option<&'static str>) {
        if let Some(own) = own {
            tracing::warn!(%why, "{own}");
            self.set(Some(own));
        }
    }
}

impl Dial {
    pub(super) fn plain() -> Self {
        Self {
            tls: None,
            wrong: Wrong::default(),
        }
    }

    /// The peer must be who this host is.
    pub(super) fn secure(tls: &Tls, host: &str) -> Option<Self> {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
        Some(Self {
            tls: Some((tls.clone(), name)),
            wrong: Wrong::default(),
        })
    }

    /// The same to another place.
    pub(super) fn another(&self) -> Self {
        Self {
            tls: self.tls.clone(),
            wrong: Wrong::default(),
        }
    }

    /// Why there is no secure connection, if that is why there is none.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        *self.wrong.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn dial(self, uri: Uri) -> io::Result<TokioIo<Line>> {
        self.wrong.set(None);
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        // Small messages leave at once.
        stream.set_nodelay(true)?;
        let io = match self.tls {
            None => Either::Left(stream),
            Some((tls, name)) => {
                let shaken = tls.connector().connect(name, stream).await;
                let keep =
                    |why: &io::Error| self.wrong.keep(why, insecure(why).or_else(|| hung_up(why)));
                Either::Right(Box::new(shaken.inspect_err(keep)?))
            }
        };
        Ok(TokioIo::new(Line {
            io,
            heard: false,
            wrong: self.wrong,
        }))
    }
}

/// A connection, in the clear or over TLS.
pub(super) struct Line {
    io: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    heard: bool,
    wrong: Wrong,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buffer));
        // A peer that wants a certificate and is shown none, or not one that it trusts, says so after we have connected.
        if let Err(why) = &read {
            self.wrong.keep(why, insecure(why));
        }
        if !self.heard && matches!(self.io, Either::Left(_)) {
            let first = buffer.filled().get(before).copied();
            self.heard = first.is_some();
            if first == Some(ALERT) {
                let why = io::Error::new(io::ErrorKind::InvalidData, Unasked);
                self.wrong.keep(&why, insecure(&why));
                return Poll::Ready(Err(why));
            }
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Line {
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

/// A peer that was called in the clear answered in TLS.
#[derive(Debug, thiserror::Error)]
#[error("a TLS alert for an answer")]
struct Unasked;

/// Who speaks no TLS hangs up on a greeting that it does not know.
fn hung_up(why: &io::Error) -> Option<&'static str> {
    let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset];
    kinds
        .contains(&why.kind())
        .then_some("it hung up at a TLS greeting; does it speak TLS?")
}

/// What is wrong, where it is of TLS that something is wrong.
fn insecure(why: &io::Error) -> Option<&'static str> {
    if why.get_ref().is_some_and(|own| own.is::<Unasked>()) {
        return Some("it speaks TLS and is called without");
    }
    Some(match why.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(why) => match why {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            // Another authority may have the same name: then it is the signature that does not fit.
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                "its certificate is of no authority that we trust"
            }
            _ => "its certificate is not valid",
        },
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it wants to be shown a certificate, and we have none"
        }
        Error::AlertReceived(_) => "it does not accept our certificate",
        Error::InvalidMessage(_) => "it does not speak TLS",
        _ => "it cannot agree with us on TLS",
    })
}
