//! The comments of the contracts.

use prost_reflect::FileDescriptor;

/// The comment above what lies at `path` in `file`, its lines joined; paragraphs stay apart. Empty: it has none.
pub(crate) fn words(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let comment = info
        .and_then(|info| info.location.iter().find(|place| place.path == path))
        .map(|place| place.leading_comments())
        .unwrap_or_default();
    let paragraphs: Vec<String> = comment
        .split("\n\n")
        .flat_map(|part| part.split("\n \n"))
        .map(|part| part.lines().map(str::trim).collect::<Vec<_>>().join(" "))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    paragraphs.join("\n\n")
}

/// The first sentence, without its full stop, and what comes after it.
pub(super) fn sentence(text: &str) -> (&str, &str) {
    let end = text
        .match_indices(['.', '\n'])
        .map(|(at, _)| at)
        .find(|at| text[at + 1..].is_empty() || text[at + 1..].starts_with([' ', '\n']));
    match end {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    }
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// What stands between the first pair of double quotes: the contracts give their examples so.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('"')?;
    let (inside, _) = rest.split_once('"')?;
    (!inside.is_empty()).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_taken_apart() {
        assert_eq!(
            sentence("Books 2.5 seats. Again: OK."),
            ("Books 2.5 seats", "Again: OK.")
        );
        assert_eq!(sentence("Books seats."), ("Books seats", ""));
        assert_eq!(sentence("Books seats"), ("Books seats", ""));
        assert_eq!(quoted("Row and column: \"1A\", \"2B\"."), Some("1A"));
        assert_eq!(quoted("Where it stands."), None);
    }
}
