//! Who may do what with food, by its contracts.

use mesh::Contracts;

const CUSTOMER: &[&str] = &["customer"];
const OWNER: &[&str] = &["owner"];
const READER: &[&str] = &["customer", "staff", "admin"];
const QUEUE: &[&str] = &["owner", "staff", "admin"];

#[test]
fn each_method_is_for_those_whose_business_it_is() {
    let expected: [(&str, &[&str]); 16] = [
        ("order.v1.OrderService/PlaceOrder", CUSTOMER),
        ("order.v1.OrderService/GetOrder", READER),
        ("order.v1.OrderService/ListOrders", CUSTOMER),
        ("order.v1.OrderService/CancelOrder", CUSTOMER),
        ("order.v1.OrderService/SystemCancelOrder", &["admin"]),
        ("store.v1.StoreService/RegisterStore", OWNER),
        ("store.v1.StoreService/GetStore", &["anyone"]),
        ("store.v1.StoreService/ListStores", &["anyone"]),
        ("store.v1.StoreService/PutMenu", OWNER),
        ("store.v1.StoreService/SetOpen", OWNER),
        ("store.v1.StoreService/ListQueue", QUEUE),
        ("store.v1.StoreService/WatchNewOrders", QUEUE),
        ("store.v1.StoreService/AcceptOrder", OWNER),
        ("store.v1.StoreService/RejectOrder", OWNER),
        ("store.v1.StoreService/StartDelivery", OWNER),
        ("store.v1.StoreService/CompleteDelivery", OWNER),
    ];
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    for (method, roles) in expected {
        let path = format!("/yemae.food.{method}");
        assert_eq!(contracts.method(&path).unwrap().roles, roles, "{method}");
    }
    let own = contracts.methods().map(|method| method.path.as_str());
    let own = own.filter(|path| path.starts_with("/yemae.food."));
    assert_eq!(own.count(), expected.len());
}
