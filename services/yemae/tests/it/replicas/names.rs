//! Names that lead to several places of this machine, as DNS does for the replicas of a context.

use mesh::client::Lookup;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// What its line says of an address that the name does not lead to now.
const GONE: u8 = b'#';

/// A file like /etc/hosts, a line for each place: changed in place, for whoever has it mounted.
pub struct Names {
    file: PathBuf,
    places: Arc<Mutex<Vec<Line>>>,
}

struct Line {
    context: &'static str,
    at: SocketAddr,
    offset: u64,
    is_there: bool,
}

impl Names {
    /// So many places of each context, all at one port and each at an address of its own: 127.0.10.1 is the first one's
    /// first.
    pub fn of(data: &Path, contexts: &[&'static str], number: usize, port: u16) -> Self {
        let (file, mut text, mut places) = (data.join("hosts"), String::new(), Vec::new());
        for (row, context) in contexts.iter().enumerate() {
            for place in 0..number {
                let ip = Ipv4Addr::new(127, 0, 10 + row as u8, 1 + place as u8);
                places.push(Line {
                    context,
                    at: (ip, port).into(),
                    offset: text.len() as u64,
                    is_there: true,
                });
                text.push_str(&format!("{ip} {context}\n"));
            }
        }
        std::fs::write(&file, text + "127.0.0.1 localhost\n").unwrap();
        let places = Arc::new(Mutex::new(places));
        Self { file, places }
    }

    /// Where a context's replica is.
    pub fn at(&self, context: &str, place: usize) -> SocketAddr {
        let places = self.places.lock().unwrap();
        let mut own = places.iter().filter(|line| line.context == context);
        own.nth(place).unwrap().at
    }

    /// Whether the name leads there from now on.
    pub fn leads_to(&self, at: &str, is_there: bool) {
        let mut places = self.places.lock().unwrap();
        let line = places.iter_mut().find(|line| line.at.to_string() == at);
        let line = line.unwrap();
        line.is_there = is_there;
        let file = File::options().write(true).open(&self.file).unwrap();
        let first = if is_there { b'1' } else { GONE };
        file.write_all_at(&[first], line.offset).unwrap();
    }

    /// A program for which the names lead where they lead here.
    pub fn known_to(&self, program: &Command) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg("mount --bind \"$0\" /etc/hosts && exec \"$@\"");
        command.arg(&self.file).arg(program.get_program());
        command.args(program.get_args());
        command
    }

    /// The same for a client in this process.
    pub fn lookup(&self) -> Lookup {
        let places = self.places.clone();
        Arc::new(move |host, _| {
            let there = places.lock().unwrap();
            let there = there
                .iter()
                .filter(|line| line.context == host && line.is_there);
            let there: Vec<_> = there.map(|line| line.at).collect();
            Box::pin(async move { Ok(there) })
        })
    }
}
