//! Stores and their menus.

use crate::kitchen::{Kitchen, as_user, register, why};
use proto::food::store::v1::{
    GetStoreRequest, GetStoreResponse, ListStoresRequest, MenuItem, PutMenuRequest,
    RegisterStoreRequest, SetOpenRequest,
};
use proto::shared::v1::Money;
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn item(item_id: &str, won: i64) -> MenuItem {
    MenuItem {
        item_id: item_id.to_owned(),
        name: item_id.to_owned(),
        price: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: won,
        }),
        sold_out: false,
    }
}

fn wrong_fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

async fn read(kitchen: &Kitchen) -> GetStoreResponse {
    let request = GetStoreRequest {
        store_id: kitchen.store.store_id.clone(),
    };
    let found = kitchen.as_user("ann", "customer").get_store(request).await;
    found.unwrap().into_inner()
}

#[tokio::test]
async fn a_request_registers_one_store_that_is_open_and_its_callers() {
    let kitchen = Kitchen::new().await;
    let (store, request) = (
        &kitchen.store,
        RegisterStoreRequest {
            request_id: "Kim's".to_owned(),
            name: "Kim's".to_owned(),
            auto: false,
        },
    );
    let again = kitchen.kim().register_store(request).await.unwrap();
    assert_eq!(again.into_inner().store.as_ref(), Some(store));
    assert!(store.open && !store.auto);
    assert_eq!(store.owner_id, "kim");
    let shown = read(&kitchen).await.store.unwrap();
    assert_eq!(shown.store_id, store.store_id);
    assert_eq!(read(&kitchen).await.menu, None, "it has none yet");
    let stated = kitchen.stated("Store", &store.store_id).await;
    assert_eq!(stated, ["StoreRegistered"]);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let kitchen = Kitchen::new().await;
    let refused = kitchen
        .kim()
        .register_store(RegisterStoreRequest::default())
        .await
        .unwrap_err();
    assert_eq!(wrong_fields(&refused), ["request_id", "name"]);
    let mut dollars = item("a", -1);
    dollars.price.as_mut().unwrap().currency = "USD".to_owned();
    let refused = kitchen
        .kim()
        .put_menu(PutMenuRequest {
            store_id: "x".to_owned(),
            items: vec![item("a", 1), MenuItem::default(), dollars],
        })
        .await
        .unwrap_err();
    let expected = [
        "store_id",
        "items[1].item_id",
        "items[1].name",
        "items[1].price",
        "items[2].price.minor_units",
    ];
    assert_eq!(wrong_fields(&refused), expected);
    // What only the store can judge comes once the fields are right by themselves.
    let mut dollars = item("a", 1);
    dollars.price.as_mut().unwrap().currency = "USD".to_owned();
    let twice = PutMenuRequest {
        store_id: kitchen.store.store_id.clone(),
        items: vec![item("a", 1), dollars],
    };
    let refused = kitchen.kim().put_menu(twice).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["items", "items"]);
    let none = PutMenuRequest {
        store_id: kitchen.store.store_id.clone(),
        items: Vec::new(),
    };
    let refused = kitchen.kim().put_menu(none).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["items"]);
}

#[tokio::test]
async fn a_menu_is_put_as_a_whole_and_the_same_again_changes_nothing() {
    let kitchen = Kitchen::new().await;
    let put = async |items: &[MenuItem]| {
        let request = PutMenuRequest {
            store_id: kitchen.store.store_id.clone(),
            items: items.to_vec(),
        };
        let put = kitchen.kim().put_menu(request).await.unwrap();
        kitchen.world.settle().await;
        put.into_inner().menu.unwrap()
    };
    let first = put(&[item("kimbap", 3_500), item("ramen", 4_000)]).await;
    assert_eq!(first.version, 1);
    assert_eq!(put(&first.items).await, first);
    let mut sold_out = item("ramen", 4_500);
    sold_out.sold_out = true;
    let second = put(&[sold_out]).await;
    assert_eq!((second.version, second.items.len()), (2, 1));
    assert_eq!(read(&kitchen).await.menu, Some(second));
    let stated = kitchen.stated("Menu", &kitchen.store.store_id).await;
    assert_eq!(stated, ["MenuChanged", "MenuChanged"]);
}

#[tokio::test]
async fn a_store_is_opened_and_closed_and_the_same_again_changes_nothing() {
    let kitchen = Kitchen::new().await;
    let closed = kitchen.open(false).await;
    assert_eq!((closed.open, closed.version), (false, 2));
    assert_eq!(kitchen.open(false).await, closed);
    assert_eq!(kitchen.open(true).await.version, 3);
    let stated = kitchen.stated("Store", &closed.store_id).await;
    assert_eq!(stated, ["StoreRegistered", "StoreChanged", "StoreChanged"]);
}

#[tokio::test]
async fn anothers_store_is_not_found() {
    let kitchen = Kitchen::new().await;
    let mut lee = kitchen.as_user("lee", "owner");
    let store_id = kitchen.store.store_id.clone();
    let menu = PutMenuRequest {
        store_id: store_id.clone(),
        items: vec![item("a", 1)],
    };
    assert_eq!(why(lee.put_menu(menu).await), "NOT_FOUND");
    let open = SetOpenRequest {
        store_id,
        open: false,
    };
    assert_eq!(why(lee.set_open(open).await), "NOT_FOUND");
    let unknown = GetStoreRequest {
        store_id: mesh::id::new(),
    };
    assert_eq!(why(lee.get_store(unknown).await), "NOT_FOUND");
}

#[tokio::test]
async fn whose_a_store_is_only_its_owner_staff_and_admins_are_told() {
    let kitchen = Kitchen::new().await;
    for (subject, role, told) in [
        ("kim", "owner", "kim"),
        ("staff", "staff", "kim"),
        ("root", "admin", "kim"),
        ("lee", "owner", ""),
        ("ann", "customer", ""),
    ] {
        let mut reader = kitchen.as_user(subject, role);
        let store_id = kitchen.store.store_id.clone();
        let found = reader.get_store(GetStoreRequest { store_id }).await;
        let found = found.unwrap().into_inner().store.unwrap();
        let listed = reader.list_stores(ListStoresRequest::default()).await;
        let listed = listed.unwrap().into_inner().stores;
        assert_eq!(found.owner_id, told, "{role}");
        assert_eq!(listed, [found], "{role}");
    }
}

#[tokio::test]
async fn stores_are_listed_newest_first_page_by_page() {
    let kitchen = Kitchen::new().await;
    let mut made = vec![kitchen.store.clone()];
    for name in ["Lee's", "Park's"] {
        kitchen.world.advance(std::time::Duration::from_secs(1));
        made.push(register(&kitchen.world, "lee", name, true).await);
    }
    made.reverse();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListStoresRequest {
            page_size: 2,
            page_token,
        };
        let mut staff = as_user(&kitchen.world, "ann", "staff");
        let listed = staff.list_stores(request).await.unwrap().into_inner();
        seen.extend(listed.stores);
        page_token = listed.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, made);
}
