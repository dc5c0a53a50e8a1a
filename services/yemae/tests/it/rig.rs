//! A mesh of its own for each test: `yemae up` on a fresh directory and free ports, ended with the test.

use crate::stores;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub use crate::stores::directory;

/// How long anything may take before a test says that it never came.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary.
pub fn yemae() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yemae"));
    command.current_dir(root()).stdin(Stdio::null());
    // A switch of the tests; the binary refuses settings that it doesn't know.
    command.env_remove("YEMAE_PROOF");
    command
}

/// The repository, where `.tools` is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A running `yemae up`.
pub struct Up {
    pub data: PathBuf,
    pub grpc: String,
    /// Where its databases are, for the commands that mean it.
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Child,
}

impl Up {
    /// Starts a mesh on `data` and on the run's store, and waits until it says that it is ready.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::start_with(data, arguments, &[])
    }

    /// The same, with these variables in its environment.
    pub fn start_with(data: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Self {
        let mut environment = stores::environment(data);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        environment.extend(more.iter().map(owned));
        Self::begin(data, arguments, environment)
    }

    /// Starts a mesh whose databases are files in `data`, whatever the run's store is.
    pub fn on_files(data: &Path, arguments: &[&str]) -> Self {
        Self::on_files_but(data, arguments, &[])
    }

    /// The same, save what these variables say.
    pub fn on_files_but(data: &Path, arguments: &[&str], but: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::begin(data, arguments, but.iter().map(owned).collect())
    }

    fn begin(data: &Path, arguments: &[&str], environment: Vec<(String, String)>) -> Self {
        let log = data.with_extension("log");
        let out = File::create(&log).unwrap();
        let child = yemae()
            .args(["up", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .envs(environment.iter().cloned())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        let mut up = Self {
            data: data.to_owned(),
            grpc: String::new(),
            environment,
            log,
            child,
        };
        wait_for("the mesh to be ready", || {
            let said = up.said();
            assert!(up.child.try_wait().unwrap().is_none(), "it ended: {said}");
            let (_, after) = said.split_once("gRPC with reflection on ")?;
            Some(
                after
                    .split_whitespace()
                    .next()?
                    .trim_end_matches(',')
                    .to_owned(),
            )
        })
        .clone_into(&mut up.grpc);
        up
    }

    /// One that a test started in its own way on files, and that is ready.
    pub fn adopt(data: &Path, grpc: String, child: Child) -> Self {
        Self {
            data: data.to_owned(),
            grpc,
            environment: Vec::new(),
            log: data.with_extension("log"),
            child,
        }
    }

    /// Everything it has printed so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would, children and all.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it as Ctrl-C does. True: it ended well.
    pub fn stop(mut self) -> bool {
        terminate(self.child.id());
        wait_for("the mesh to stop", || self.child.try_wait().unwrap()).success()
    }

    /// A command that means this mesh, with these arguments before the flag that says which.
    pub fn run(&self, arguments: &[&str]) -> Output {
        yemae()
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .envs(self.environment.iter().cloned())
            .output()
            .unwrap()
    }

    /// The same; panics unless it ends well. Answers what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

/// Sends SIGTERM.
pub fn terminate(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
}

/// Waits for the thing itself, at most [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that mention `word`, other than this one: to see that nothing is left behind.
pub fn processes_with(word: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()) && name != own)
        })
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(word))
        .collect()
}
