//! Where somebody lives, and whom nobody tells.

use crate::iptv::{ADDRESS, PHONE, Region};
use diesel::prelude::*;
use mesh::schema::outbox;

#[tokio::test]
async fn only_who_installs_hears_where_and_all_forget_it() {
    let region = Region::new().await;
    let printed = format!("{:?}", region.request("one"));
    assert!(
        !printed.contains(PHONE) && !printed.contains("테헤란로"),
        "{printed}"
    );
    let id = region.assigned("one").await;
    let contexts = [
        "iptv-subscription",
        "iptv-support",
        "iptv-installation",
        "payment",
        "mypage",
        "notification",
    ];
    let telling = async || {
        let mut found = Vec::new();
        for context in contexts {
            let store = &region.world.site(context).store;
            let rows = store.read(|db| {
                let all = outbox::table.order(outbox::seq);
                let said = all.select((outbox::name, outbox::body));
                Ok(said.load::<(String, Vec<u8>)>(db)?)
            });
            for (name, body) in rows.await.unwrap() {
                let text = String::from_utf8_lossy(&body).into_owned();
                if text.contains(ADDRESS) || text.contains(PHONE) {
                    found.push(name);
                }
            }
        }
        found
    };
    assert_eq!(
        telling().await,
        ["yemae.iptv.subscription.v1.PremisesStated"]
    );
    assert!(region.job(&id).await.unwrap().home.is_some());
    region.ask(&id).await;
    region.answer(&id, 1, true).await.unwrap();
    region.world.settle().await;
    region.decide(&id, 1, true).await.unwrap();
    region.world.settle().await;
    let last = region.world.site("iptv-subscription").store.read(|db| {
        let premises = outbox::table.filter(outbox::subject.like("%.Premises.%"));
        let newest = premises.order(outbox::seq.desc()).select(outbox::name);
        Ok(newest.first::<String>(db)?)
    });
    let last = last.await.unwrap();
    assert_eq!(last, "yemae.iptv.subscription.v1.PremisesForgotten");
    assert_eq!(region.job(&id).await.unwrap().home, None);
}
