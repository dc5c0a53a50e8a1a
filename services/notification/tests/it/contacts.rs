use super::*;
use proto::notification::v1::GetContactRequest;
use tonic::Code;
use tonic_types::StatusExt;

async fn get(client: &mut Client) -> Contact {
    let answer = client.get_contact(GetContactRequest {}).await.unwrap();
    answer.into_inner().contact.unwrap()
}

/// What was wrong: each field and why.
async fn wrong(client: &mut Client, contact: Contact) -> Vec<(String, String)> {
    let refused = set(client, contact).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_details_bad_request().unwrap();
    let wrong = details.field_violations.into_iter();
    wrong.map(|v| (v.field, v.description)).collect()
}

fn fields(wrong: &[(String, String)]) -> Vec<&str> {
    wrong.iter().map(|(field, _)| field.as_str()).collect()
}

#[tokio::test]
async fn a_contact_is_its_customers_own_and_the_console_at_first() {
    let (world, _) = world();
    let first = get(&mut ann(&world)).await;
    let console = Contact {
        channel: Channel::Console.into(),
        ..Contact::default()
    };
    assert_eq!(first, console);

    let own = webhook("http://example.com/hook");
    for contact in [&own, &own, &console, &own] {
        assert_eq!(
            set(&mut ann(&world), contact.clone()).await.unwrap(),
            *contact
        );
    }
    assert_eq!(get(&mut ann(&world)).await, own);
    let mut bob = client(&world, Caller::customer("bob"));
    assert_eq!(get(&mut bob).await, console);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let (world, _) = world();
    let mut client = ann(&world);
    let both = Contact {
        locale: "fr".to_owned(),
        channel: Channel::Console.into(),
        address: "http://example.com".to_owned(),
    };
    let both = wrong(&mut client, both).await;
    assert_eq!(fields(&both), ["contact.locale"]);
    // What only the channel tells comes once the fields are right by themselves.
    let nowhere = Contact {
        channel: Channel::Console.into(),
        address: "http://example.com".to_owned(),
        ..Contact::default()
    };
    let nowhere = wrong(&mut client, nowhere).await;
    assert_eq!(fields(&nowhere), ["contact.address"]);

    for channel in [0, 9] {
        let unknown = Contact {
            channel,
            ..Contact::default()
        };
        assert_eq!(
            fields(&wrong(&mut client, unknown).await),
            ["contact.channel"]
        );
    }

    let https = wrong(&mut client, webhook("https://example.com/")).await;
    assert_eq!(fields(&https), ["contact.address"]);
    assert!(
        https[0].1.contains("https is not supported yet"),
        "{https:?}"
    );

    let none = client
        .set_contact(SetContactRequest { contact: None })
        .await;
    assert_eq!(none.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn private_hosts_are_for_trying_out() {
    let inside = webhook("http://127.0.0.1:9/hook");
    let (world, _) = world();
    let refused = wrong(&mut ann(&world), inside.clone()).await;
    assert_eq!(fields(&refused), ["contact.address"]);
    let (world, _) = world_with(Reach::Private);
    assert_eq!(set(&mut ann(&world), inside.clone()).await.unwrap(), inside);
}
