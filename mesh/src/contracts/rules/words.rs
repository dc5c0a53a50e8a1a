//! What would be right, for people.

use super::{Rule, Text};

/// Patterns that have a name.
const NAMED: [(&str, &str); 2] = [
    ("^[ -~]*$", "printable ASCII characters"),
    (r"^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$", "characters on one line"),
];

/// "must be 1 to 64 printable ASCII characters".
pub(super) fn of(rule: &Rule, may_be_empty: bool) -> String {
    let mut says = match rule {
        Rule::Anything | Rule::Shaped(_) => return String::new(),
        Rule::Text(text) => self::text(text),
        Rule::Whole { least, most } => match (*least, *most) {
            (least, i64::MAX) => format!("must be {least} or more"),
            (i64::MIN, most) => format!("must be at most {most}"),
            (least, most) => format!("must be {least} to {most}"),
        },
        Rule::OneOfEnum(numbers) => format!("must be one of the values {}", list(numbers)),
        Rule::Lasting { least, most } => match (seconds(*least), seconds(*most)) {
            (Some(least), Some(most)) => format!("must be {least} to {most} s"),
            (Some(least), None) => format!("must be at least {least} s"),
            (None, Some(most)) => format!("must be at most {most} s"),
            (None, None) => return String::new(),
        },
    };
    if may_be_empty {
        says.push_str(", or empty");
    }
    says
}

fn text(text: &Text) -> String {
    if text.uuid {
        return "must be a UUID".to_owned();
    }
    if !text.one_of.is_empty() {
        let quoted = text.one_of.iter().map(|one| format!("{one:?}"));
        return format!("must be {}", quoted.collect::<Vec<_>>().join(" or "));
    }
    let pattern = text.pattern.as_ref().map(regex::Regex::as_str);
    let named = pattern.and_then(|own| NAMED.iter().find(|(pattern, _)| *pattern == own));
    let what = match (named, pattern) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, Some(pattern)) => format!("characters that match {pattern}"),
        (None, None) => "characters".to_owned(),
    };
    match (text.least, text.most) {
        (0, Some(most)) => format!("must be at most {most} {what}"),
        (least, Some(most)) => format!("must be {least} to {most} {what}"),
        (least, None) => format!("must be at least {least} {what}"),
    }
}

fn list(numbers: &[i64]) -> String {
    let numbers = numbers.iter().map(i64::to_string);
    numbers.collect::<Vec<_>>().join(", ")
}

/// Whole ones; none where there is no bound.
fn seconds(nanos: i128) -> Option<i128> {
    (nanos != i128::MIN && nanos != i128::MAX).then_some(nanos / 1_000_000_000)
}
