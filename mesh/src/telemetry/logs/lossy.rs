//! A writer that nobody waits for: lines go to a thread of its own, and when that cannot keep up, because nobody reads
//! the pipe, they are dropped and counted.

use crate::task;
use crate::telemetry::catalog::LOG_LOST;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// So many lines wait at most: a second of a very busy mesh, two megabytes.
const WAITING: usize = 8192;
/// So long a stopping process waits for the last ones.
const FAREWELL: Duration = Duration::from_millis(500);

/// So often it looks meanwhile whether there is room to ask for them.
const LOOK: Duration = Duration::from_millis(5);

enum Said {
    Line(Vec<u8>),
    /// Tell when everything before this is written.
    Flush(SyncSender<()>),
}

/// Writes lines to somewhere slow. Cheap to clone.
#[derive(Clone)]
pub(in crate::telemetry) struct Lossy {
    lines: SyncSender<Said>,
    lost: Arc<AtomicUsize>,
}

impl Lossy {
    /// Writes to `out`; how many lines were lost is said there as `say` words it.
    pub(in crate::telemetry) fn new(
        mut out: impl Write + Send + 'static,
        say: fn(usize) -> String,
    ) -> io::Result<Self> {
        let (lines, said) = mpsc::sync_channel(WAITING);
        let lost = Arc::new(AtomicUsize::new(0));
        let missing = lost.clone();
        task::thread("yemae-log".to_owned(), move || {
            // A pipe that was closed takes nothing, and there is nobody to tell.
            while let Ok(said) = said.recv() {
                match said {
                    Said::Line(line) => drop(out.write_all(&line)),
                    Said::Flush(done) => {
                        let _ = out.flush();
                        let _ = done.try_send(());
                    }
                }
                // Behind what was written before they were lost, when somebody reads again.
                let lost = missing.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = out.write_all(say(lost).as_bytes());
                }
            }
        })?;
        Ok(Self { lines, lost })
    }

    /// Waits until what was said is written, but not long.
    pub(in crate::telemetry) fn flush(&self) {
        let (done, told) = mpsc::sync_channel(1);
        let until = Instant::now() + FAREWELL;
        let mut asked = self.lines.try_send(Said::Flush(done));
        while let Err(TrySendError::Full(flush)) = asked {
            if Instant::now() >= until {
                return;
            }
            std::thread::sleep(LOOK);
            asked = self.lines.try_send(flush);
        }
        let _ = told.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

impl Write for Lossy {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Said::Line(line.to_vec())) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            LOG_LOST.add(1, &[]);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Takes nothing until it is let.
    #[derive(Clone)]
    struct Gate {
        open: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.open.lock().unwrap();
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_reads_are_dropped_counted_and_said() {
        let gate = Gate {
            open: Arc::default(),
            written: Arc::default(),
        };
        let say = |lost| format!("{lost} were lost\n");
        let mut lossy = Lossy::new(gate.clone(), say).unwrap();
        let shut = gate.open.lock().unwrap();
        // One more may be in the writer's hands.
        for n in 0..WAITING + 11 {
            lossy.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        let lost = lossy.lost.load(Ordering::Relaxed);
        assert!(lost == 10 || lost == 11, "{lost}");
        drop(shut);
        Lossy::flush(&lossy);
        let written = String::from_utf8(gate.written.lock().unwrap().clone()).unwrap();
        assert!(written.starts_with("line 0\n"), "{written:.80}");
        assert!(written.contains(&format!("\n{lost} were lost")));
        assert_eq!(written.lines().count(), WAITING + 11 - lost + 1);
    }
}
