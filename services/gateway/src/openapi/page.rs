//! A page to try the routes on, made of the OpenAPI document. It fetches nothing from elsewhere, and a browser that obeys
//! [`POLICY`] would not let it.

/// One of the page's files.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Where it is found: the files name one another by these.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// What it holds.
    pub body: &'static str,
}

/// The page itself comes first. It reads `/openapi.json`, and has a link to `/asyncapi.json`.
pub const FILES: [File; 3] = [
    File {
        path: "/docs",
        content_type: "text/html; charset=utf-8",
        body: include_str!("../page/page.html"),
    },
    File {
        path: "/docs/page.css",
        content_type: "text/css; charset=utf-8",
        body: include_str!("../page/page.css"),
    },
    File {
        path: "/docs/page.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../page/page.js"),
    },
];

/// The `Content-Security-Policy` it is served with.
pub const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small_and_asks_nobody_else() {
        let size: usize = FILES.iter().map(|file| file.body.len()).sum();
        assert!(size < 25_000, "{size} bytes");
        for file in FILES {
            for elsewhere in ["http://", "https://", "src=\"//", "@import", " url("] {
                assert!(!file.body.contains(elsewhere), "{}: {elsewhere}", file.path);
            }
        }
        let page = FILES[0].body;
        for inline in [" style=", "<style", "<script>", " onclick", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        for file in &FILES[1..] {
            assert!(page.contains(file.path), "{}", file.path);
        }
    }

    #[test]
    fn it_says_the_same_in_both_languages() {
        let script = FILES[2].body;
        let words = |from: &str, to: &str| -> Vec<String> {
            let part = script.split(from).nth(1).unwrap();
            let lines = part.split(to).next().unwrap().lines();
            lines
                .flat_map(|line| line.split("\", "))
                .filter_map(|entry| entry.split_once(": \""))
                .map(|(name, _)| name.trim().to_owned())
                .collect()
        };
        let english = words("en: {\n", "ko: {\n");
        assert!(english.len() > 30, "{english:?}");
        assert_eq!(english, words("ko: {\n", "\n};"));
        let called = script.match_indices("t(\"").filter(|(place, _)| {
            !script[..*place].ends_with(|before: char| before.is_alphanumeric() || before == '.')
        });
        let called = called.map(|(place, begin)| &script[place + begin.len()..]);
        let marked = FILES[0].body.split("data-t=\"").skip(1);
        let used: Vec<_> = called
            .chain(marked)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(used.len() > 25, "{used:?}");
        for word in used {
            assert!(english.iter().any(|known| known == word), "{word}");
        }
    }
}
