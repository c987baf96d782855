//! What came back: an address that does not exist, a mailbox that is full, a complaint, a provider that blocks.
//!
//! The codes are [data](ROWS) with a source and a date. What no row knows is a soft bounce: it counts, and forbids nothing
//! by itself.

mod rows;
mod soft;

pub use rows::{ROWS, Row};
pub use soft::{SoftRule, Softs};

use serde::{Deserialize, Serialize};

/// What a provider's answer means for the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bounce {
    /// Nobody is there: never again, for any purpose.
    Hard,
    /// Not now: never again where it goes on, see [`SoftRule`].
    Soft,
    /// Our own fault, or the provider's: nothing is said of the person.
    Reputation,
    /// The person complained: no marketing any more.
    Complaint,
    /// The provider has it that the person wants no more: a withdrawal on this channel.
    Blocked,
    /// A machine answered for the person: nothing is said of it.
    Reply,
}

impl Bounce {
    /// The word for it, as events say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Reputation => "reputation",
            Self::Complaint => "complaint",
            Self::Blocked => "blocked",
            Self::Reply => "reply",
        }
    }
}

/// Reads the code of a provider: `smtp`, `arf`, `ses`, `brevo`, `mailgun`, `mailjet`, `postmark`, `sendgrid`, `twilio`, `telnyx`,
/// `apns`, `fcm`, `web-push`, `whatsapp`. Of SMTP the whole line may be given; its enhanced code (RFC 3463) is looked for. Whoever
/// reads a provider that is not among them itself says it in the [words](Bounce::word) of the house: `hard`, `complaint`, and so
/// on; of every provider the words are understood that most of them use, such as `spam` and `unsubscribed`. A code that is not known
/// is soft, which [`row`] tells apart.
///
/// ```
/// use journeyman::rule::bounce::{Bounce, read};
/// assert_eq!(read("smtp", "550 5.1.1 <lea@example.org> user unknown"), Bounce::Hard);
/// assert_eq!(read("smtp", "452 4.2.2 mailbox full"), Bounce::Soft);
/// assert_eq!(read("smtp", "554 5.7.1 refused by policy"), Bounce::Reputation);
/// assert_eq!(read("twilio", "21610"), Bounce::Blocked);
/// assert_eq!(read("brevo", "spam"), Bounce::Complaint);
/// assert_eq!(read("a-provider-of-ours", "complaint"), Bounce::Complaint);
/// assert_eq!(read("a-provider-of-ours", "SpamReport"), Bounce::Complaint);
/// ```
#[must_use]
pub fn read(provider: &str, code: &str) -> Bounce {
    row(provider, code).map_or(Bounce::Soft, |row| row.means)
}

/// The row that says what a code means; the longest one that it begins with.
#[must_use]
pub fn row(provider: &str, code: &str) -> Option<&'static Row> {
    let provider = provider.trim().to_lowercase();
    // A line can be long, and its code stands early in it.
    let code: String = code.trim().chars().take(MOST_LETTERS).flat_map(char::to_lowercase).collect();
    let code = match provider.as_str() {
        "smtp" => enhanced(&code).unwrap_or_else(|| code.split_whitespace().next().unwrap_or_default()),
        _ => code.as_str(),
    };
    let of = |provider: &str| {
        let own = ROWS.iter().filter(|row| row.provider == provider && row.is(code));
        own.max_by_key(|row| row.code.len())
    };
    of(&provider).or_else(|| of(ANY))
}

/// Whose words are read of every provider.
const ANY: &str = "any";

/// How much of a provider's line is looked at.
const MOST_LETTERS: usize = 500;

/// The enhanced status code of a line, such as `5.1.1`.
fn enhanced(line: &str) -> Option<&str> {
    let words = line.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.map(|word| word.trim_matches('.')).find(|word| {
        let mut parts = word.split('.');
        let class = parts.next().is_some_and(|class| ["2", "4", "5"].contains(&class));
        let rest: Vec<&str> = parts.collect();
        class && rest.len() == 2 && rest.iter().all(|part| (1..=3).contains(&part.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_own_code_and_says_where_it_is_from() {
        for entry in ROWS {
            let found = row(entry.provider, entry.code).unwrap();
            assert_eq!(found.code, entry.code, "{} {}", entry.provider, entry.code);
            assert!(!entry.source.is_empty() && entry.as_of.len() == 10, "{entry:?}");
            assert_eq!(entry.code, entry.code.to_lowercase(), "codes are compared in small letters");
        }
    }

    #[test]
    fn a_line_is_read_by_its_enhanced_code_and_else_by_its_reply_code() {
        assert_eq!(read("smtp", "550-5.1.10 RESOLVER.ADR.RecipientNotFound"), Bounce::Hard);
        assert_eq!(read("smtp", "5.1.19 something new"), Bounce::Soft);
        assert_eq!(
            read("smtp", "550 no such user 192.168.0.1"),
            Bounce::Soft,
            "without an enhanced code it counts"
        );
        assert_eq!(read("smtp", "554 blocked"), Bounce::Reputation);
        assert_eq!(read("smtp", ""), Bounce::Soft);
        assert_eq!(read("unheard-of", "5.1.1"), Bounce::Soft);
        assert_eq!(read("Postmark", "HardBounce"), Bounce::Hard);
        assert_eq!(read("smtp", "complaint"), Bounce::Complaint, "in the words of the house");
        assert_eq!(read("sendgrid", "blocked"), Bounce::Soft, "in its own words before those of the house");
        assert_eq!(read("APNs", "410 Unregistered"), Bounce::Hard);
    }
}
