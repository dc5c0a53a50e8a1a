//! Printing, which may take for ever: a pipe that nobody reads keeps whoever writes into it.

use super::not_sent;
use mesh::Refusal;
use std::io::{self, Write};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long one try may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many lines wait for the one that is being printed. Each takes one of the 64 places that a context has for tasks,
/// so half of them are left to other channels; and what comes when so many wait is turned away at once.
const WAITING: usize = 32;

/// The mesh's own console, for trying out: a line for each notification, which says what happened to which order and
/// nothing of whose it is. It is printed by a thread of its own, which nobody waits for longer than for a webhook.
#[derive(Clone)]
pub struct Console(mpsc::Sender<Line>);

struct Line {
    text: String,
    printed: oneshot::Sender<io::Result<()>>,
}

impl Console {
    /// A console that prints to `writer`.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        let (lines, waiting) = mpsc::channel(WAITING);
        // Without the thread the queue is closed, and each try says so.
        let _ = mesh::task::thread("console".to_owned(), move || print_all(writer, waiting));
        Self(lines)
    }

    /// Prints a line. One that was given up while it was being printed may still appear, and then once more at the next
    /// try.
    pub(super) async fn print(&self, line: &str) -> Result<(), Refusal> {
        let (printed, answer) = oneshot::channel();
        let text = format!("{line}\n");
        let line = Line { text, printed };
        self.0
            .try_send(line)
            .map_err(|_| not_sent("the console takes no more"))?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(printed)) => printed.map_err(not_sent),
            Ok(Err(_)) => Err(not_sent("the console is gone")),
            Err(_) => Err(not_sent("the console did not take it within 5 s")),
        }
    }
}

/// Prints what somebody still waits for, until nobody can ask for more.
fn print_all(mut writer: impl Write, mut waiting: mpsc::Receiver<Line>) {
    while let Some(Line { text, printed }) = waiting.blocking_recv() {
        if printed.is_closed() {
            continue;
        }
        let done = writer
            .write_all(text.as_bytes())
            .and_then(|()| writer.flush());
        let _ = printed.send(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc as blocking;
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    /// Tells each line that it is to print, and prints it when it may.
    struct Slow {
        begun: mpsc::UnboundedSender<String>,
        rights: blocking::Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let line = String::from_utf8_lossy(bytes).into_owned();
            self.begun.send(line).map_err(io::Error::other)?;
            self.rights.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A console, what it begins to print, and what lets it.
    fn slow() -> (
        Console,
        mpsc::UnboundedReceiver<String>,
        blocking::Sender<()>,
    ) {
        let (begun, lines) = mpsc::unbounded_channel();
        let (right, rights) = blocking::channel();
        (Console::new(Slow { begun, rights }), lines, right)
    }

    type Tried = JoinHandle<Result<(), Refusal>>;

    fn try_one(console: &Console, line: &'static str) -> Tried {
        let console = console.clone();
        mesh::task::detach(async move { console.print(line).await })
    }

    async fn why(tried: Tried) -> String {
        let tried = tokio::time::timeout(PATIENCE * 3, tried).await;
        tried.unwrap().unwrap().unwrap_err().to_string()
    }

    #[tokio::test]
    async fn one_that_is_not_read_fails_its_tries_and_holds_up_nobody() {
        let (console, mut lines, right) = slow();
        let first = try_one(&console, "first");
        assert_eq!(lines.recv().await.as_deref(), Some("first\n"));
        tokio::time::pause();
        let begun = Instant::now();
        let waiting: Vec<_> = (0..WAITING).map(|_| try_one(&console, "waiting")).collect();
        for tried in waiting.into_iter().chain([first]) {
            assert!(why(tried).await.contains("within 5 s"));
        }
        let waited = begun.elapsed();
        assert!(waited < PATIENCE * 2, "all at once: {waited:?}");
        assert!(
            why(try_one(&console, "late"))
                .await
                .contains("takes no more")
        );
        assert!(begun.elapsed() <= waited, "it was turned away at once");
        tokio::time::resume();

        // Somebody reads again. What was given up before it was begun is left to its next try.
        right.send(()).unwrap();
        let emptied = tokio::time::timeout(PATIENCE, async {
            while console.0.capacity() < WAITING {
                tokio::task::yield_now().await;
            }
        });
        emptied.await.unwrap();
        right.send(()).unwrap();
        console.print("in time").await.unwrap();
        assert_eq!(lines.recv().await.as_deref(), Some("in time\n"));
    }

    #[tokio::test]
    async fn what_cannot_be_printed_fails_its_try_alone() {
        let (console, mut lines, right) = slow();
        right.send(()).unwrap();
        console.print("first").await.unwrap();
        drop(right);
        for _ in 0..2 {
            assert!(why(try_one(&console, "closed")).await.contains("NOT_SENT"));
        }
        for line in ["first\n", "closed\n", "closed\n"] {
            assert_eq!(lines.recv().await.as_deref(), Some(line));
        }
    }
}
