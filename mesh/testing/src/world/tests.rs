use super::*;

async fn backends(stores: Stores) -> [Backend; 2] {
    let world = World::new()
        .on(stores)
        .with(Context::new("cinema-movie"))
        .with(Context::new("payment"));
    let backend = |context| world.site(context).store.read(|db| Ok(db.backend()));
    [
        backend("cinema-movie").await.unwrap(),
        backend("payment").await.unwrap(),
    ]
}

#[tokio::test]
async fn a_world_is_on_the_stores_it_is_put_on() {
    use Backend::{Postgres, Sqlite};
    assert_eq!(backends(Stores::Sqlite).await, [Sqlite, Sqlite]);
    if crate::postgres::Server::shared().is_some() {
        assert_eq!(backends(Stores::Postgres).await, [Postgres, Postgres]);
        assert_eq!(backends(Stores::Mix).await, [Postgres, Sqlite]);
    }
}

#[tokio::test(start_paused = true)]
async fn writing_takes_no_time_while_time_is_paused() {
    if crate::postgres::Server::shared().is_none() {
        return;
    }
    let world = World::new()
        .on(Stores::Postgres)
        .with(Context::new("payment"));
    let write = world.site("payment").store.write((), |tx| Ok(tx.now()));
    let written = tokio::time::timeout(Duration::from_millis(1), write).await;
    assert_eq!(written, Ok(Ok(world.now())));
}
