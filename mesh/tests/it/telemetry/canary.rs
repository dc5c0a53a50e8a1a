//! What must never be heard of anybody.

use super::story;

/// A card, a phone and an address, as metadata.
pub const CANARIES: &[(&str, &str)] = &[
    ("x-card", "4111-1111-1111-1111"),
    ("x-phone", "010-9999-8888"),
    ("x-address", "Sejongdaero-209-Jongno"),
];

/// All of them in one text.
pub fn sung() -> String {
    CANARIES
        .iter()
        .map(|(_, value)| *value)
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn nobody_s_token_card_phone_or_address_is_told() {
    let Some(heard) = story().await else { return };
    // All that could have told something did.
    assert!(heard.lines.lines().count() > 50 && heard.spans.len() >= 8);
    let spans = format!("{:?}", heard.spans);
    let tokens = heard
        .tokens
        .lines()
        .filter_map(|bearer| bearer.strip_prefix("Bearer "));
    // The signature: what comes before it is the same in every token.
    let tokens: Vec<_> = tokens
        .filter_map(|token| token.rsplit('.').next())
        .collect();
    assert_eq!(tokens.len(), 2);
    let canaries = CANARIES.iter().map(|(_, value)| *value);
    for secret in canaries.chain(tokens) {
        for (place, told) in [
            ("a log line", &heard.lines),
            ("a span", &spans),
            ("the page", &heard.page),
        ] {
            let line = told.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is in {place}");
        }
    }
}
