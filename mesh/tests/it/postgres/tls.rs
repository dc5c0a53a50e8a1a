//! TLS to PostgreSQL: who the server is, is checked, or it is not spoken to.

use super::*;
use mesh::store::{Db, Url};

#[cfg(not(feature = "postgres-tls"))]
fn refused(url: &str) -> String {
    Db::open(&Url(url.to_owned())).err().unwrap().to_string()
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn a_build_without_tls_says_so_before_it_says_anything_to_a_server() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let url =
            format!("postgres://yemae:secret@db.test/booking?connect_timeout=1&sslmode={mode}");
        let why = refused(&url);
        let tells = |part: &str| assert!(why.contains(part), "{why}");
        tells(&format!("sslmode={mode} needs TLS"));
        tells("the Cargo feature postgres-tls");
        assert!(!why.contains("secret"), "{why}");
    }
    // What does not insist on it goes on, here to nobody.
    let nobody = format!("postgres://test@127.0.0.1:{}/x?sslmode=prefer", free_port());
    assert!(!refused(&nobody).contains("TLS"));
}

#[cfg(feature = "postgres-tls")]
mod with_it {
    use super::*;
    use crate::authority::Authority;

    /// The programs of a PostgreSQL that can do TLS: the one that tests usually take cannot.
    fn programs() -> Option<(PathBuf, PathBuf)> {
        let beside = |postgres: PathBuf| (postgres.with_file_name("initdb"), postgres);
        let own = tool("postgres").map(beside);
        let debian = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let debian = debian.map(|version| beside(version.unwrap().path().join("bin/postgres")));
        let found = own.into_iter().chain(debian).find(|(_, postgres)| {
            let config = Command::new(postgres).arg("--describe-config").output();
            let config = config.map(|output| output.stdout).unwrap_or_default();
            String::from_utf8_lossy(&config).contains("ssl_ca_file") && can_tls(postgres)
        });
        if found.is_none() {
            println!("skipped: there is no PostgreSQL that can do TLS");
        }
        found
    }

    fn can_tls(postgres: &Path) -> bool {
        let program = std::fs::read(postgres).unwrap();
        program.windows(12).any(|bytes| bytes == b"SSL_CTX_new\0")
    }

    #[test]
    fn a_server_is_spoken_to_when_it_is_the_one_named_and_vouched_for() {
        let Some((initdb, postgres)) = programs() else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(folder.path()));
        }
        let data = folder.path().join("data");
        initialize(&initdb, &data);
        let (ca, other) = (Authority::new(), Authority::new());
        let own = ca.certify("localhost");
        std::fs::copy(own.certificate(), data.join("server.crt")).unwrap();
        std::fs::copy(own.key(), data.join("server.key")).unwrap();
        // Without TLS nobody comes in, save to see that it has started.
        let rules =
            "hostssl all all 127.0.0.1/32 trust\nhostnossl postgres test 127.0.0.1/32 trust\n";
        std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
        let settings = std::fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"));
        std::io::Write::write_all(&mut settings.unwrap(), b"ssl = on\n").unwrap();
        run(Command::new("chmod")
            .arg("600")
            .arg(data.join("server.key")));
        if is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(&data));
        }
        let port = free_port();
        let child = spawn(&postgres, &data, port).expect("a PostgreSQL with TLS");
        let server = Postgres {
            program: postgres,
            child: Mutex::new(child),
            port,
            databases: AtomicU32::new(0),
            folder: Some(folder),
        };
        let open = |host: &str, settings: &str| {
            let url = format!("postgres://test@{host}:{port}/template1?{settings}");
            Db::open(&Url(url))
        };
        let verify = |mode: &str, by: &Authority| {
            format!("sslmode={mode}&sslrootcert={}", by.certificate().display())
        };
        let mut db = open("localhost", &verify("verify-full", &ca)).unwrap();
        let is_on =
            "DO $$ BEGIN ASSERT (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()); END $$";
        db.batch_execute(is_on).unwrap();
        for (host, settings, why) in [
            (
                "127.0.0.1",
                verify("verify-full", &ca),
                "does not match host name",
            ),
            (
                "localhost",
                verify("verify-full", &other),
                "certificate verify failed",
            ),
            ("localhost", "sslmode=disable".to_owned(), "no encryption"),
        ] {
            let told = open(host, &settings).err().unwrap().to_string();
            assert!(told.contains(why), "{host} {settings}: {told}");
        }
        assert!(open("127.0.0.1", &verify("verify-ca", &ca)).is_ok());
    }
}
