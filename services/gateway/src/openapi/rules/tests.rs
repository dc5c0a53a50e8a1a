use super::*;
use mesh::Contracts;

fn field(message: &str, name: &str) -> FieldDescriptor {
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    let message = contracts.pool().get_message_by_name(message).unwrap();
    message.get_field_by_name(name).unwrap()
}

const BOOK: &str = "yemae.cinema.booking.v1.CreateBookingRequest";
const MOVIE: &str = "yemae.cinema.movie.v1.RegisterMovieRequest";

fn with(rules: Value, kind: &Kind, mut schema: Value) -> Value {
    apply(&rules, kind, &mut schema);
    schema
}

#[test]
fn rules_become_keywords() {
    let text = || json!({"type": "string"});
    let whole = || json!({"type": "integer"});
    let rating = field(MOVIE, "rating").kind();
    for (rules, kind, before, after) in [
        (json!(null), Kind::String, text(), text()),
        (json!({"required": true}), Kind::String, text(), text()),
        (
            json!({"string": {"min_len": 1, "max_len": 64, "pattern": r"^\P{Cc}*$", "example": ["a"]}}),
            Kind::String,
            text(),
            json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$"}),
        ),
        // Not nothing but blanks. A bracket that is a letter opens nothing.
        (
            json!({"string": {"pattern": r"^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$"}}),
            Kind::String,
            text(),
            json!({"type": "string", "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"}),
        ),
        (
            json!({"string": {"pattern": r"^\[\p{Cc}\]$"}}),
            Kind::String,
            text(),
            json!({"type": "string", "pattern": r"^\[[\x00-\x1f\x7f-\x9f]\]$"}),
        ),
        (
            json!({"string": {"len": 3, "uuid": true}}),
            Kind::String,
            text(),
            json!({"type": "string", "minLength": 3, "maxLength": 3, "format": "uuid"}),
        ),
        (
            json!({"ignore": "IGNORE_IF_ZERO_VALUE", "string": {"uuid": true}}),
            Kind::String,
            text(),
            json!({"type": "string", "anyOf": [{"const": ""}, {"format": "uuid"}]}),
        ),
        (
            json!({"int32": {"gt": 0, "lte": 200}}),
            Kind::Int32,
            whole(),
            json!({"type": "integer", "minimum": 1, "maximum": 200}),
        ),
        (
            json!({"double": {"gt": 0.0}}),
            Kind::Double,
            json!({"type": "number"}),
            json!({"type": "number", "exclusiveMinimum": 0.0}),
        ),
        (
            json!({"int64": {"gte": 1, "lt": 10}}),
            Kind::Int64,
            text(),
            json!({
                "type": "string", "pattern": "^[1-9][0-9]{0,18}$", "minimum": 1, "maximum": 9,
                "description": "At least 1. At most 9.",
            }),
        ),
        (
            json!({"enum": {"defined_only": true, "not_in": [0]}}),
            rating.clone(),
            json!({"allOf": []}),
            json!({"allOf": [], "not": {"enum": ["RATING_UNSPECIFIED"]}}),
        ),
        (
            json!({"repeated": {"min_items": 1, "max_items": 8, "unique": true, "items": {"enum": {"in": [1]}}}}),
            rating,
            json!({"type": "array", "items": {"$ref": "#/it"}}),
            json!({
                "type": "array", "minItems": 1, "maxItems": 8, "uniqueItems": true,
                "items": {"allOf": [{"$ref": "#/it"}], "enum": ["RATING_ALL"]},
            }),
        ),
        (
            json!({"timestamp": {"gt_now": true}}),
            Kind::String,
            json!({"type": "string", "description": "When it starts."}),
            json!({"type": "string", "description": "When it starts. In the future."}),
        ),
        (
            json!({"cel": [{"id": "a", "message": "must be at least 1", "expression": "…"}]}),
            Kind::String,
            json!({"description": "A price."}),
            json!({"description": "A price. Must be at least 1."}),
        ),
    ] {
        assert_eq!(with(rules.clone(), &kind, before), after, "{rules}");
    }
}

#[test]
fn what_zero_would_break_is_required() {
    let id = field(BOOK, "screening_id");
    for (rules, required) in [
        (json!(null), false),
        (json!({"required": true}), true),
        (json!({"string": {"max_len": 5}}), false),
        (json!({"string": {"min_len": 1}}), true),
        (json!({"string": {"uuid": true}}), true),
        (json!({"string": {"in": ["ko", "en"]}}), true),
        (json!({"string": {"in": ["", "en"]}}), false),
        (
            json!({"ignore": "IGNORE_IF_ZERO_VALUE", "string": {"uuid": true}}),
            false,
        ),
        (json!({"int32": {"gte": 0, "lte": 200}}), false),
        (json!({"int32": {"gte": 1}}), true),
        (json!({"int32": {"gt": 0}}), true),
        (json!({"int32": {"lt": 0}}), true),
        (json!({"repeated": {"min_items": 1}}), true),
        (json!({"repeated": {"max_items": 1}}), false),
    ] {
        assert_eq!(requires(&rules, &id), required, "{rules}");
    }
    let rating = field(MOVIE, "rating");
    assert!(requires(&json!({"enum": {"not_in": [0]}}), &rating));
    assert!(!requires(&json!({"enum": {"defined_only": true}}), &rating));
    // A message that is not there is not looked into.
    let total = field(BOOK, "expected_total");
    assert!(!requires(&json!({"cel": [{"message": "no"}]}), &total));
    assert!(requires(&json!({"required": true}), &total));
}
