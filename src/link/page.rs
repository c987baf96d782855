//! The pages behind links: plain HTML, one form, no script, nothing loaded, and every value escaped.

use super::Response;

/// In which language a page speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// The language of a contact's locale, such as `fr-CA`.
    pub(crate) fn of(locale: Option<&str>) -> Self {
        let language = locale.unwrap_or_default().split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") { Self::French } else { Self::English }
    }

    /// As a BCP 47 tag.
    pub(crate) fn tag(self) -> &'static str {
        self.say("en", "fr")
    }

    fn say(self, english: &'static str, french: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}

/// Asks whether one purpose on one channel shall end. `again` where the contact allowed it anew after the message.
pub(crate) fn ask(language: Language, purpose: &str, channel: &str, again: bool) -> Response {
    let title = language.say("Unsubscribe", "Se désabonner");
    let mut body = paragraph(&subject(language, purpose, channel));
    if again {
        body.push_str(&paragraph(language.say(
            "You subscribed again after this message was sent. Do you want to unsubscribe now?",
            "Vous vous êtes réabonné après l'envoi de ce message. Voulez-vous vous désabonner maintenant ?",
        )));
    }
    body.push_str(&form(&[("confirm", "yes")], title));
    body.push_str(&everything(language));
    page(200, language, title, &body)
}

/// Says that it has ended.
pub(crate) fn ended(language: Language) -> Response {
    let title = language.say("You are unsubscribed", "Vous êtes désabonné");
    let body =
        paragraph(language.say(
            "Nothing more of this kind will be sent to you.",
            "Plus rien de ce genre ne vous sera envoyé.",
        ));
    page(200, language, title, &body)
}

/// Lists what is allowed, each with a button that ends it.
pub(crate) fn preferences<'n>(
    language: Language,
    allowed: impl IntoIterator<Item = (&'n str, &'n str)>,
) -> Response {
    let title = language.say("What you receive", "Ce que vous recevez");
    let mut body = String::new();
    for (purpose, channel) in allowed {
        body.push_str(&paragraph(&subject(language, purpose, channel)));
        let button = language.say("Unsubscribe", "Se désabonner");
        body.push_str(&form(&[("purpose", purpose), ("channel", channel)], button));
    }
    body.push_str(&everything(language));
    page(200, language, title, &body)
}

/// Nothing is known of the link: forged, cut off, or of a message that is not kept any more.
pub(crate) fn unknown() -> Response {
    let body = [
        "This link leads nowhere. Open the one in your message again, or answer the message.",
        "Ce lien ne mène nulle part. Rouvrez celui de votre message, ou répondez au message.",
    ]
    .map(paragraph)
    .concat();
    page(404, Language::English, "Not found", &body)
}

/// The store did not answer, so nothing was changed.
pub(crate) fn later() -> Response {
    let body = [
        "Nothing was changed. Please try again in a minute.",
        "Rien n'a été changé. Réessayez dans une minute, s'il vous plaît.",
    ]
    .map(paragraph)
    .concat();
    page(503, Language::English, "Please try again", &body).with("Retry-After", "60")
}

/// The method is none that the link knows.
pub(crate) fn refused(allowed: &str) -> Response {
    page(405, Language::English, "Not allowed", "").with("Allow", allowed)
}

/// The body is larger than any form of ours.
pub(crate) fn too_large() -> Response {
    page(413, Language::English, "Too large", "")
}

fn everything(language: Language) -> String {
    form(&[("everything", "yes")], language.say("Stop everything", "Tout arrêter"))
}

fn subject(language: Language, purpose: &str, channel: &str) -> String {
    format!("{} ({}: {channel})", purpose, language.say("by", "par"))
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// Without an action, so that it posts to the page's own link.
fn form(fields: &[(&str, &str)], button: &str) -> String {
    let mut text = String::from("<form method=\"post\">");
    for (name, value) in fields {
        text.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
    }
    text.push_str(&format!("<button type=\"submit\">{}</button></form>\n", escape(button)));
    text
}

fn page(status: u16, language: Language, title: &str, body: &str) -> Response {
    let (tag, title) = (language.say("en", "fr"), escape(title));
    let style =
        "body{font-family:sans-serif;max-width:32em;margin:3em auto;padding:0 1em}button{font-size:1em}";
    Response::page(
        status,
        &format!(
            "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
        ),
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &Response) -> String {
        String::from_utf8(response.body.clone()).unwrap()
    }

    #[test]
    fn what_a_host_or_a_person_chose_is_escaped() {
        let bad = "\"><script>alert('x')</script>&\u{0}";
        for page in [ask(Language::English, bad, bad, true), preferences(Language::French, [(bad, bad)])] {
            let page = text(&page);
            assert!(!page.contains("<script") && !page.contains("'x'") && !page.contains('\0'), "{page}");
            assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"), "{page}");
        }
    }

    #[test]
    fn the_language_is_that_of_the_locale() {
        for (locale, language) in [
            (Some("fr"), Language::French),
            (Some("FR-ca"), Language::French),
            (Some("fr_FR"), Language::French),
            (Some("fry"), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(Language::of(locale), language, "{locale:?}");
        }
        assert!(text(&ask(Language::French, "a", "b", false)).contains("<html lang=\"fr\">"));
    }
}
