//! A broker with a user for each context.

use super::*;
use crate::rig::{free_port, tool};

/// As the chart has them: what is a context's own carries its name, its inbox too.
const USERS: &str = r#"
authorization { users: [
  { user: provision, password: "p", permissions: {
      publish: ["$JS.API.STREAM.>"], subscribe: ["_INBOX.provision.>"] } }
  { user: cinema-booking, password: "c", permissions: {
      publish: ["yemae.cinema-booking.>", "$JS.API.STREAM.INFO.YEMAE", "$JS.API.STREAM.MSG.GET.YEMAE"],
      subscribe: ["_INBOX.cinema-booking.>"] } }
] }
"#;

#[tokio::test]
async fn who_the_address_names_publishes_what_is_its_own_and_hears_its_own_inbox() {
    let Some(program) = tool("nats-server") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.conf");
    std::fs::write(&file, USERS).unwrap();
    let arguments = vec!["-c".to_owned(), file.display().to_string()];
    let server = (0..5).find_map(|_| NatsServer::at(&program, free_port(), arguments.clone()));
    let server = server.unwrap();
    let bus = async |who: &str| {
        let url = format!("nats://{who}@127.0.0.1:{}", server.port());
        let settings = settings(&server);
        Bus::connect(Settings { url, ..settings }).await
    };
    let provision = bus("provision:p").await.unwrap();
    provision.provision().await.unwrap();

    let database = Database::new(Backend::Sqlite).unwrap();
    let store = database.open_at(STATED, Clock::system());
    state(&store, "1", 1, None).await;
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let (own, relayed) = (bus("cinema-booking:c").await.unwrap(), store.clone());
    mesh::task::detach(async move { own.relay(relayed, stop).await });
    eventually("its event is published", || async {
        (waiting(&store).await == 0).then_some(())
    })
    .await;
    let refused = match bus("cinema-booking:guess").await {
        Ok(bus) => bus.provision().await.unwrap_err(),
        Err(fault) => fault,
    };
    assert!(!refused.to_string().contains("guess"), "{refused}");
}
