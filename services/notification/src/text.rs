//! What a customer reads.

use proto::ordering::v1::{Order, TimelineEntry};
use proto::shared::v1::Text;

/// "[Soul, 1A 2B] 예매취소: 좌석이 없습니다", in the language of `locale`: Korean unless it asks for English. One line,
/// whatever the order's context put into it.
pub fn compose(order: &Order, entry: &TimelineEntry, locale: &str) -> String {
    let title = say(order.title.as_ref(), locale);
    let label = say(entry.status.as_ref().and_then(|s| s.label.as_ref()), locale);
    let reason = say(entry.reason.as_ref(), locale);
    let mut text = format!("[{title}] {label}");
    if !reason.is_empty() {
        text = format!("{text}: {reason}");
    }
    text.replace(char::is_control, " ")
}

/// The text in that language; in the other one when this one is missing.
fn say<'a>(text: Option<&'a Text>, locale: &str) -> &'a str {
    let Some(Text { en, ko }) = text else {
        return "";
    };
    let (wanted, other) = if locale.starts_with("en") {
        (en, ko)
    } else {
        (ko, en)
    };
    if wanted.is_empty() { other } else { wanted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ordering::v1::Status;

    fn text(en: &str, ko: &str) -> Option<Text> {
        Some(Text {
            en: en.to_owned(),
            ko: ko.to_owned(),
        })
    }

    #[test]
    fn it_is_one_line_in_the_customers_language() {
        let order = Order {
            title: text("Soul, 1A 2B", "소울, 1A 2B"),
            ..Order::default()
        };
        let mut entry = TimelineEntry {
            status: Some(Status {
                label: text("Booked", "예매완료"),
                ..Status::default()
            }),
            ..TimelineEntry::default()
        };
        assert_eq!(compose(&order, &entry, "ko"), "[소울, 1A 2B] 예매완료");
        assert_eq!(compose(&order, &entry, ""), "[소울, 1A 2B] 예매완료");
        assert_eq!(compose(&order, &entry, "en"), "[Soul, 1A 2B] Booked");
        entry.reason = text("seats\r\n\u{1b}[2Jtaken", "");
        assert_eq!(
            compose(&order, &entry, "ko"),
            "[소울, 1A 2B] 예매완료: seats   [2Jtaken"
        );
    }
}
