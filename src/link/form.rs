//! The fields of a form: urlencoded, or multipart as RFC 8058 allows it too.

/// The most fields that are read.
const MOST_FIELDS: usize = 32;

/// The fields of a body, in order; none where it cannot be read.
pub(super) fn read(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "multipart/form-data" => boundary(content_type).map(|edge| parts(&edge, body)).unwrap_or_default(),
        // Some senders leave the type out.
        "application/x-www-form-urlencoded" | "" => urlencoded(body),
        _ => Vec::new(),
    }
}

fn urlencoded(body: &[u8]) -> Vec<(String, String)> {
    let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty()).take(MOST_FIELDS);
    fields
        .map(|field| {
            let (name, value) = match field.iter().position(|byte| *byte == b'=') {
                Some(place) => (&field[..place], &field[place + 1..]),
                None => (field, &[][..]),
            };
            (unescape(name), unescape(value))
        })
        .collect()
}

/// `%41` and `+`; what is not hexadecimal stays as it stands.
fn unescape(text: &[u8]) -> String {
    let digit = |place: usize| text.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                place += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn boundary(content_type: &str) -> Option<Vec<u8>> {
    let parameters = content_type.split(';').skip(1);
    let value = parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!value.is_empty() && value.len() <= 70).then(|| format!("--{value}").into_bytes())
}

fn parts(edge: &[u8], body: &[u8]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = body;
    while let Some(start) = find(rest, edge) {
        rest = &rest[start + edge.len()..];
        if rest.starts_with(b"--") || fields.len() == MOST_FIELDS {
            break;
        }
        let part = &rest[..find(rest, edge).unwrap_or(rest.len())];
        let Some(end) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..end]);
        let value = &part[end + 4..];
        let value = value.strip_suffix(b"\r\n").unwrap_or(value);
        if let Some(name) = name_of(&head) {
            fields.push((name, String::from_utf8_lossy(value).into_owned()));
        }
    }
    fields
}

/// `Content-Disposition: form-data; name="confirm"`.
fn name_of(head: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, disposition) = lines.find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))?;
    let named = disposition.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut names = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("name"));
    names.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(content_type: &str, body: &str) -> Vec<(String, String)> {
        read(content_type, body.as_bytes())
    }

    fn one(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn both_forms_of_one_click_are_read() {
        let expected = one("List-Unsubscribe", "One-Click");
        assert_eq!(fields("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"), expected);
        assert_eq!(fields("", "List%2DUnsubscribe=One-Click&"), expected);
        let body = "--a1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--a1--\r\n";
        assert_eq!(fields("multipart/form-data; boundary=a1", body), expected);
        assert_eq!(fields("Multipart/Form-Data; charset=utf-8; Boundary=\"a1\"", body), expected);
    }

    #[test]
    fn whatever_comes_in_is_read_or_is_nothing() {
        assert_eq!(fields("application/x-www-form-urlencoded", "a=%e9%zz+%"), one("a", "\u{fffd}%zz %"));
        for (kind, body) in [
            ("multipart/form-data", "--\r\n\r\n"),
            ("multipart/form-data; boundary=", "--\r\n"),
            ("multipart/form-data; boundary=x", "--x\r\n--x"),
            ("multipart/form-data; boundary=x", "--x\r\n\r\nvalue\r\n--x--"),
            ("application/json", "{\"a\":1}"),
            ("", ""),
        ] {
            assert_eq!(fields(kind, body), [], "{kind} {body:?}");
        }
        assert_eq!(fields("", &"a&".repeat(1_000)).len(), MOST_FIELDS);
    }
}
