use super::receiver::Receiver;
use super::*;
use mesh::schema::task;
use proto::notification::v1::NotificationStatus::{GivenUp, Pending, Sent};
use serde_json::json;
use tokio::net::TcpListener;

/// Ann is told of a booking by a webhook at `address`.
async fn booked(world: &World, address: &str) -> Order {
    let mut order = booking();
    happens(&mut order, world.now(), "Booked");
    set(&mut ann(world), webhook(address)).await.unwrap();
    tell(world, &order).await;
    order
}

/// What the open tasks last failed with.
async fn errors(world: &World) -> Vec<String> {
    use diesel::prelude::*;
    let store = &world.site("notification").store;
    let read = store.read(|db| Ok(task::table.select(task::last_error).load(db)?));
    read.await.unwrap()
}

async fn fate(world: &World) -> Notification {
    told(&mut ann(world)).await.remove(0)
}

#[tokio::test]
async fn it_is_posted_as_json_under_its_id() {
    let (world, printed) = world_with(Reach::Private);
    let (receiver, address) = Receiver::start(&[]).await;
    let order = booked(&world, &format!("http://{address}/hook?of=ann")).await;

    let notification = fate(&world).await;
    assert_eq!(notification.status(), Sent);
    assert_eq!(notification.channel(), Channel::Webhook);
    let got = receiver.got();
    assert_eq!(got.len(), 1);
    assert_eq!(
        (got[0].method.as_str(), got[0].uri.to_string()),
        ("POST", "/hook?of=ann".to_owned())
    );
    assert_eq!(
        got[0].header("idempotency-key"),
        notification.notification_id
    );
    assert_eq!(got[0].header("content-type"), "application/json");
    assert_eq!(got[0].header("host"), address.to_string());
    let body = json!({
        "id": notification.notification_id,
        "order_id": order.order_id,
        "seq": 1,
        "text": "[소울, 1A 2B] Booked (ko)",
    });
    assert_eq!(got[0].body, body);
    assert!(printed.lines().is_empty());
}

#[tokio::test]
async fn it_is_tried_until_taken_under_the_same_key() {
    let (world, _) = world_with(Reach::Private);
    // Nobody listens there yet.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    booked(&world, &format!("http://{address}/")).await;
    assert_eq!(fate(&world).await.status(), Pending);

    let (receiver, address) = Receiver::start(&[500, 302, 404]).await;
    set(&mut ann(&world), webhook(&format!("http://{address}/")))
        .await
        .unwrap();
    for tries in 1..5 {
        assert_eq!(fate(&world).await.status(), Pending, "{tries}");
        later(&world).await;
        assert_eq!(receiver.got().len(), tries);
    }
    later(&world).await;
    let notification = fate(&world).await;
    assert_eq!(notification.status(), Sent);
    let got = receiver.got();
    assert_eq!(got.len(), 4);
    for got in got {
        assert_eq!(got.header("idempotency-key"), notification.notification_id);
        // The redirection was not followed.
        assert_eq!(got.uri.path(), "/");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_posted_to() {
    let (world, _) = world();
    let (receiver, address) = Receiver::start(&[]).await;
    // As a number it is 127.0.0.1 to the resolver, and a name to whoever only reads addresses.
    booked(&world, &format!("http://2130706433:{}/", address.port())).await;
    later(&world).await;
    assert_eq!(fate(&world).await.status(), Pending);
    assert_eq!(receiver.got().len(), 0);
    let errors = errors(&world).await;
    assert!(errors[0].contains("no public address"), "{errors:?}");
}

#[tokio::test]
async fn what_goes_wrong_does_not_name_the_address() {
    let (world, _) = world_with(Reach::Private);
    let (_, address) = Receiver::start(&[500]).await;
    let port = address.port().to_string();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}/canary", closed.local_addr().unwrap());
    drop(closed);
    for address in [
        format!("http://{address}/canary"),
        refusing,
        "http://canary.invalid/canary".to_owned(),
    ] {
        booked(&world, &address).await;
    }
    let errors = errors(&world).await;
    assert_eq!(errors.len(), 3);
    for error in errors {
        assert!(error.contains("NOT_SENT"), "{error}");
        for canary in ["canary", "127.0.0.1", &port] {
            assert!(!error.contains(canary), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_is_given_up_after_5_s() {
    let (world, _) = world_with(Reach::Private);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let bound = Duration::from_secs(6);
    let tried = tokio::time::timeout(bound, booked(&world, &address)).await;
    assert!(tried.is_ok());
    assert_eq!(fate(&world).await.status(), Pending);
    let errors = errors(&world).await;
    assert!(errors[0].contains("no answer within 5 s"), "{errors:?}");
}

#[tokio::test]
async fn what_no_try_brought_there_within_a_day_is_given_up() {
    let (world, _) = world_with(Reach::Private);
    let (receiver, address) = Receiver::start(&[500, 500]).await;
    booked(&world, &format!("http://{address}/")).await;
    world.advance(Duration::from_hours(24));
    world.settle().await;
    assert_eq!(fate(&world).await.status(), Pending);
    assert_eq!(receiver.got().len(), 2);
    world.advance(Duration::from_secs(60));
    world.settle().await;
    assert_eq!(fate(&world).await.status(), GivenUp);
    assert_eq!((receiver.got().len(), errors(&world).await.len()), (2, 0));
}

#[tokio::test]
async fn a_new_contact_is_for_what_is_still_to_be_sent_too() {
    let (world, printed) = world_with(Reach::Private);
    let (_, address) = Receiver::start(&[500]).await;
    booked(&world, &format!("http://{address}/")).await;
    assert_eq!(fate(&world).await.channel(), Channel::Webhook);
    let console = Contact {
        channel: Channel::Console.into(),
        ..Contact::default()
    };
    set(&mut ann(&world), console).await.unwrap();
    let waiting = fate(&world).await;
    assert_eq!(
        (waiting.status(), waiting.channel()),
        (Pending, Channel::Console)
    );
    later(&world).await;
    let sent = fate(&world).await;
    assert_eq!((sent.status(), sent.channel()), (Sent, Channel::Console));
    assert_eq!(printed.lines(), ["[소울, 1A 2B] Booked (ko)"]);
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_once_for_all_that_waits_for_it() {
    let (world, _) = world_with(Reach::Private);
    let (anns, address) = Receiver::start(&[500, 500]).await;
    for _ in 0..3 {
        booked(&world, &format!("http://{address}/")).await;
    }
    assert_eq!(anns.got().len(), 1);

    let (bobs, address) = Receiver::start(&[]).await;
    let mut bob = client(&world, Caller::customer("bob"));
    let contact = webhook(&format!("http://{address}/"));
    set(&mut bob, contact).await.unwrap();
    let mut order = Order {
        customer_id: "bob".to_owned(),
        ..booking()
    };
    happens(&mut order, world.now(), "Booked");
    tell(&world, &order).await;
    assert_eq!((bobs.got().len(), anns.got().len()), (1, 1));

    later(&world).await;
    assert_eq!(anns.got().len(), 2);
    later(&world).await;
    assert_eq!(anns.got().len(), 5);
    let told = told(&mut ann(&world)).await;
    assert!(told.iter().all(|told| told.status() == Sent), "{told:?}");
}
