//! Path templates of `google.api.http`: `/v1/{name=customers/*}/orders/{order_id}:cancel`.

/// What a path must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    segments: Vec<Segment>,
    /// What follows the last ":" of a custom method: "cancel".
    verb: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// A field, and how many segments make it: none, all that are left.
    Field(String, Vec<Part>),
}

/// One segment of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// This very word.
    Literal(String),
    /// Any one.
    One,
    /// All that are left.
    Rest,
}

/// What a path gives fields: their names in the contract, and their values.
pub(crate) type Bound = Vec<(String, String)>;

/// A path as it came, cut and decoded.
#[derive(Debug)]
pub(crate) struct Path {
    segments: Vec<String>,
    /// The last segment in front of its last ":", and what is behind it.
    verb: Option<(String, String)>,
}

impl Path {
    /// None: it is no path that could mean anything.
    pub(crate) fn read(path: &str) -> Option<Self> {
        let raw: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let verb = match raw.last()?.rsplit_once(':') {
            // What is encoded is text: only a bare colon makes a verb.
            Some((last, verb)) => Some((decode(last)?, decode(verb)?)),
            None => None,
        };
        let segments = raw.into_iter().map(decode).collect::<Option<_>>()?;
        Some(Self { segments, verb })
    }
}

/// Undoes percent-encoding. None where it is none, or no UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let byte = match first {
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2)?;
                rest = behind;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            other => *other,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

impl Template {
    /// None when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let after_fields = text.rfind('}').unwrap_or(0);
        let (path, verb) = match text.rfind(':').filter(|colon| *colon > after_fields) {
            Some(colon) => (&text[..colon], Some(text[colon + 1..].to_owned())),
            None => (text, None),
        };
        let mut segments = Vec::new();
        let mut rest = path.strip_prefix('/')?;
        loop {
            let (segment, behind) = match rest.strip_prefix('{') {
                Some(field) => {
                    let (field, behind) = field.split_once('}')?;
                    (field_of(field), behind)
                }
                None => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    let literal = rest[..end].to_owned();
                    (Segment::Literal(literal), &rest[end..])
                }
            };
            segments.push(segment);
            if behind.is_empty() {
                return Some(Self { segments, verb });
            }
            rest = behind.strip_prefix('/')?;
        }
    }

    /// What the path gives fields, if it is one of these.
    pub(crate) fn matches(&self, path: &Path) -> Option<Bound> {
        let mut segments = path.segments.clone();
        match (&self.verb, &path.verb) {
            (None, None) => {}
            (Some(own), Some((last, verb))) if own == verb => {
                *segments.last_mut()? = last.clone();
            }
            _ => return None,
        }
        let mut segments = segments.into_iter().peekable();
        let mut bound = Bound::new();
        for own in &self.segments {
            match own {
                Segment::Literal(literal) => {
                    segments.next().filter(|segment| segment == literal)?;
                }
                Segment::Field(name, parts) => {
                    let mut value = Vec::new();
                    for part in parts {
                        match part {
                            Part::Literal(literal) => {
                                value.push(segments.next().filter(|segment| segment == literal)?);
                            }
                            Part::One => {
                                value.push(segments.next().filter(|segment| !segment.is_empty())?);
                            }
                            Part::Rest => value.extend(segments.by_ref()),
                        }
                    }
                    bound.push((name.clone(), value.join("/")));
                }
            }
        }
        segments.peek().is_none().then_some(bound)
    }

    /// How much of it is said: of two that match, the one that says more is meant.
    pub(crate) fn weight(&self) -> usize {
        let literal = |segment: &&Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().filter(literal).count()
    }

    /// The fields that a path gives.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Field(name, _) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }
}

fn field_of(text: &str) -> Segment {
    let Some((name, pattern)) = text.split_once('=') else {
        return Segment::Field(text.to_owned(), vec![Part::One]);
    };
    let part = |part: &str| match part {
        "*" => Part::One,
        "**" => Part::Rest,
        literal => Part::Literal(literal.to_owned()),
    };
    Segment::Field(name.to_owned(), pattern.split('/').map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(template: &str, path: &str) -> Option<String> {
        let bound = Template::parse(template)
            .unwrap()
            .matches(&Path::read(path)?)?;
        let pairs = bound
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        Some(pairs.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn paths_match_their_templates() {
        for (template, path, gives) in [
            ("/v1/me/orders", "/v1/me/orders", ""),
            ("/v1/me/orders:watch", "/v1/me/orders:watch", ""),
            ("/v1/orders/{id}", "/v1/orders/7", "id=7"),
            ("/v1/orders/{id}:cancel", "/v1/orders/7:cancel", "id=7"),
            ("/v1/orders/{id}", "/v1/orders/a%2Fb%3Ac", "id=a/b:c"),
            ("/v1/orders/{id}", "/v1/orders/%EC%98%88", "id=예"),
            ("/v1/orders/{id}", "/v1/orders/..", "id=.."),
            ("/v1/orders/{id}:cancel", "/v1/orders/a:b:cancel", "id=a:b"),
            ("/v1/{a.b}/x/{c}", "/v1/1/x/2", "a.b=1 c=2"),
            (
                "/v1/{name=shops/*/items/*}",
                "/v1/shops/1/items/2",
                "name=shops/1/items/2",
            ),
            ("/v1/{name=files/**}", "/v1/files/a/b/c", "name=files/a/b/c"),
        ] {
            assert_eq!(
                bound(template, path).as_deref(),
                Some(gives),
                "{template} {path}"
            );
        }
    }

    #[test]
    fn other_paths_do_not() {
        for (template, path) in [
            ("/v1/orders/{id}", "/v1/orders/"),
            ("/v1/orders/{id}", "/v1/orders"),
            ("/v1/orders/{id}", "/v1/orders/7/8"),
            ("/v1/orders/{id}", "/v1/orders/7/"),
            ("/v1/orders/{id}", "/v1/orders/7:cancel"),
            ("/v1/orders/{id}", "/v1//orders/7"),
            ("/v1/orders/{id}", "v1/orders/7"),
            ("/v1/orders/{id}", "/v1/orders/%zz"),
            ("/v1/orders/{id}", "/v1/orders/%+1"),
            ("/v1/orders/{id}", "/v1/orders/%4"),
            ("/v1/orders/{id}", "/v1/orders/%ff"),
            ("/v1/orders/{id}", "*"),
            ("/v1/orders/{id}:cancel", "/v1/orders/7"),
            ("/v1/orders/{id}:cancel", "/v1/orders/7:watch"),
            ("/v1/orders/{id}:cancel", "/v1/orders/7%3Acancel"),
            ("/v1/me/orders", "/v1/me/orders:watch"),
        ] {
            assert_eq!(bound(template, path), None, "{template} {path}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["", "v1", "/v1/{id", "/v1/{id}x/y"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
