//! Who may do what with taxis, by their contracts.

use mesh::Contracts;

const CUSTOMER: &[&str] = &["customer"];
const DRIVER: &[&str] = &["driver"];
const READER: &[&str] = &["customer", "staff", "admin"];

#[test]
fn each_method_is_for_those_whose_business_it_is() {
    let expected: [(&str, &[&str]); 13] = [
        ("ride.v1.RideService/EstimateRide", CUSTOMER),
        ("ride.v1.RideService/CallTaxi", CUSTOMER),
        ("ride.v1.RideService/GetRide", READER),
        ("ride.v1.RideService/ListRides", CUSTOMER),
        ("ride.v1.RideService/CancelRide", CUSTOMER),
        ("ride.v1.RideService/SystemCancelRide", &["admin"]),
        ("dispatch.v1.DispatchService/ReportDriver", DRIVER),
        ("dispatch.v1.DispatchService/GetMyRide", DRIVER),
        ("dispatch.v1.DispatchService/ListMyRides", DRIVER),
        ("dispatch.v1.DispatchService/WatchMyRides", DRIVER),
        ("dispatch.v1.DispatchService/DeclineRide", DRIVER),
        ("dispatch.v1.DispatchService/PickUp", DRIVER),
        ("dispatch.v1.DispatchService/Arrive", DRIVER),
    ];
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    for (method, roles) in expected {
        let path = format!("/yemae.taxi.{method}");
        assert_eq!(contracts.method(&path).unwrap().roles, roles, "{method}");
    }
    let own = contracts.methods().map(|method| method.path.as_str());
    let own = own.filter(|path| path.starts_with("/yemae.taxi."));
    assert_eq!(own.count(), expected.len());
}

#[test]
fn a_ride_is_cancelled_by_deleting_it() {
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    let cancel = "/yemae.taxi.ride.v1.RideService/CancelRide";
    let route = &contracts.method(cancel).unwrap().route;
    assert_eq!(route, "DELETE /v1/rides/{ride_id}");
}
