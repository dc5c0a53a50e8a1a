//! What food adds to the lifecycle: what a meal is and what it costs.

use crate::{grpc, words};
use mesh::{Fields, Refusal, Text, Tx, text};
use ordering::domain::order::Order;
use ordering::{Draft, Money, Side, System, catalogue, not_sold};
use prost::Message;
use proto::food::order::v1::{Dish, Meal, OrderedItem, PlaceOrderRequest, PlaceOrderResponse};
use proto::food::store::v1::{Menu, MenuItem, Store};
use proto::shared::v1 as shared;
use std::collections::BTreeSet;

/// The order side of food.
#[derive(Clone, Copy)]
pub(crate) struct Selling;

impl Side for Selling {
    type Request = PlaceOrderRequest;
    type Response = PlaceOrderResponse;

    const SYSTEM: &'static System = &words::SYSTEM;
    const CREATE: &'static str = "PlaceOrder";

    fn request_id(request: &PlaceOrderRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &PlaceOrderRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &PlaceOrderRequest) -> Option<&shared::Money> {
        request.expected_total.as_ref()
    }

    fn check(fields: &mut Fields, request: &PlaceOrderRequest) {
        let ids: BTreeSet<_> = request.items.iter().map(|item| &item.item_id).collect();
        let different = ids.len() == request.items.len();
        fields.check(different, "items", "must not name an item twice");
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        _order_id: &str,
        request: &PlaceOrderRequest,
    ) -> Result<Draft, Refusal> {
        let store = catalogue::find::<Store>(tx, &request.store_id)?;
        let menu = catalogue::find::<Menu>(tx, &request.store_id)?;
        let (Some(store), Some(menu)) = (store, menu) else {
            return Err(not_sold(tx, "store")?);
        };
        let dishes: Option<Vec<Dish>> = request
            .items
            .iter()
            .map(|wanted| Some(dish(wanted, on(&menu, wanted)?)))
            .collect();
        let Some(dishes) = dishes else {
            return Err(not_sold(tx, "item")?);
        };
        let sold_out = |wanted: &&OrderedItem| on(&menu, wanted).is_some_and(|item| item.sold_out);
        let missing: Vec<_> = request.items.iter().filter(sold_out).collect();
        if !missing.is_empty() {
            return Err(are_sold_out(&missing));
        }
        Ok(draft(Meal {
            store_id: request.store_id.clone(),
            store_name: store.name,
            dishes,
        }))
    }

    fn response(&self, order: &Order) -> Result<PlaceOrderResponse, Refusal> {
        Ok(PlaceOrderResponse {
            order: Some(grpc::order(order)?),
        })
    }
}

fn on<'a>(menu: &'a Menu, wanted: &OrderedItem) -> Option<&'a MenuItem> {
    menu.items
        .iter()
        .find(|item| item.item_id == wanted.item_id)
}

fn dish(wanted: &OrderedItem, item: &MenuItem) -> Dish {
    Dish {
        item_id: item.item_id.clone(),
        name: item.name.clone(),
        price: item.price.clone(),
        quantity: wanted.quantity,
    }
}

fn are_sold_out(missing: &[&OrderedItem]) -> Refusal {
    let items: Vec<_> = missing.iter().map(|item| item.item_id.as_str()).collect();
    let items = items.join(",");
    Refusal::precondition(
        "SOLD_OUT",
        text(
            format!("sold out: {items}"),
            format!("품절된 메뉴입니다: {items}"),
        ),
    )
    .with("items", items)
}

fn draft(meal: Meal) -> Draft {
    let list: Vec<_> = meal
        .dishes
        .iter()
        .map(|dish| format!("{} ×{}", dish.name, dish.quantity))
        .collect();
    Draft {
        title: title(&list),
        amount: cost(&meal.dishes),
        refs: vec![
            (text("Store", "가게"), meal.store_name.clone()),
            (text("Items", "주문내역"), list.join(", ")),
        ],
        not_from: None,
        detail: meal.encode_to_vec(),
    }
}

/// The first dish, and how many more there are.
fn title(list: &[String]) -> Text {
    let first = list.first().cloned().unwrap_or_default();
    match list.len().saturating_sub(1) {
        0 => text(first.clone(), first),
        more => text(
            format!("{first} and {more} more"),
            format!("{first} 외 {more}건"),
        ),
    }
}

/// Every price × its quantity, added up. A menu is in one currency.
fn cost(dishes: &[Dish]) -> Money {
    let mut cost = Money::default();
    for dish in dishes {
        let price = dish.price.clone().unwrap_or_default();
        let part = price.minor_units.saturating_mul(dish.quantity.into());
        cost.minor_units = cost.minor_units.saturating_add(part);
        cost.currency = price.currency;
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dish(name: &str, won: i64, quantity: i32) -> Dish {
        Dish {
            item_id: name.to_owned(),
            name: name.to_owned(),
            price: Some(shared::Money {
                currency: "KRW".to_owned(),
                minor_units: won,
            }),
            quantity,
        }
    }

    #[test]
    fn a_meal_costs_each_price_times_its_quantity() {
        let cost = cost(&[dish("김밥", 3_500, 2), dish("라면", 4_000, 1)]);
        assert_eq!((cost.minor_units, cost.currency.as_str()), (11_000, "KRW"));
    }

    #[test]
    fn a_cost_beyond_every_number_is_no_small_one() {
        let cost = cost(&[dish("a", i64::MAX, 2), dish("b", 1, 1)]);
        assert_eq!(cost.minor_units, i64::MAX);
    }

    #[test]
    fn a_title_names_the_first_dish_and_counts_the_others() {
        let draft = |dishes| {
            draft(Meal {
                dishes,
                ..Meal::default()
            })
        };
        let one = draft(vec![dish("김밥", 1, 2)]);
        assert_eq!(one.title, text("김밥 ×2", "김밥 ×2"));
        let three = draft(vec![
            dish("김밥", 1, 2),
            dish("라면", 1, 1),
            dish("물", 1, 1),
        ]);
        assert_eq!(three.title, text("김밥 ×2 and 2 more", "김밥 ×2 외 2건"));
        assert_eq!(three.refs[1].1, "김밥 ×2, 라면 ×1, 물 ×1");
    }
}
