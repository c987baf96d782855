//! The words of the families, as data. Sources: 47 CFR 64.1200(a)(10) as amended by the FCC in 2024 (stop, quit, end,
//! revoke, opt out, cancel, unsubscribe); the sets of CTIA and of the gateways (STOPALL, ARRET, REMOVE, TD, HELP, INFO,
//! START, UNSTOP); the French operators' STOP and AIDE. As of 2026-11-20.

/// What a keyword asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Family {
    /// To be left alone.
    Stop,
    /// To get again what a stop ended.
    Start,
    /// To be helped.
    Help,
}

/// The single words of a family, as [`tokens`](super::tokens) writes them.
///
/// ```
/// use journeyman::rule::inbound::{Family, words_of};
/// assert!(words_of(Family::Stop).contains(&"arret") && words_of(Family::Help).contains(&"aide"));
/// ```
#[must_use]
pub fn words_of(family: Family) -> &'static [&'static str] {
    match family {
        Family::Stop => STOP,
        Family::Start => &["start", "unstop", "reprendre", "reprise", "reabonnement", "reabonner"],
        Family::Help => &["help", "info", "infos", "aide", "aidez-moi"],
    }
}

const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop-all",
    "stop-sms",
    "stop-pub",
    "arret",
    "arreter",
    "arrete",
    "arretez",
    "desabonner",
    "desabonne",
    "desabonnez",
    "desabonnez-moi",
    "desabonnement",
    "desinscrire",
    "desinscription",
    "desinscrivez-moi",
    "resilier",
    "unsubscribe",
    "optout",
    "opt-out",
    "quit",
    "end",
    "revoke",
    "cancel",
    "remove",
    "td",
];

/// Phrases of several words that are a stop when they are the whole text.
pub const STOP_PHRASES: &[&[&str]] = &[
    &["opt", "out"],
    &["stop", "all"],
    &["stop", "it"],
    &["me", "desabonner"],
    &["je", "me", "desabonne"],
    &["desabonnez", "moi"],
    &["me", "desinscrire"],
    &["je", "me", "desinscris"],
    &["desinscrivez", "moi"],
    &["unsubscribe", "me"],
    &["remove", "me"],
    &["ne", "plus", "recevoir"],
    &["plus", "de", "sms"],
    &["plus", "de", "mails"],
    &["plus", "de", "messages"],
    &["no", "more", "texts"],
    &["no", "more", "messages"],
    &["no", "more", "emails"],
];

/// Words of a family that mean much else beside: nothing but politeness may stand with them.
pub(super) const WEAK: &[&str] = &["quit", "end", "revoke", "cancel", "remove", "td", "resilier"];

/// What is said beside a keyword and changes nothing.
pub(super) const POLITE: &[&str] = &[
    "merci",
    "mercii",
    "svp",
    "stp",
    "s",
    "il",
    "vous",
    "te",
    "plait",
    "bonjour",
    "bonsoir",
    "salut",
    "coucou",
    "cordialement",
    "bonne",
    "bon",
    "journee",
    "soiree",
    "soir",
    "beaucoup",
    "d",
    "avance",
    "par",
    "monsieur",
    "madame",
    "desole",
    "desolee",
    "ok",
    "please",
    "pls",
    "plz",
    "thanks",
    "thank",
    "you",
    "thx",
    "ty",
    "hello",
    "hi",
    "hey",
    "kindly",
    "sorry",
    "sir",
    "madam",
    "now",
    "maintenant",
    "immediatement",
    "immediately",
];

/// What a keyword may name as that which shall end.
pub(super) const THINGS: &[&str] = &[
    "sms",
    "pub",
    "pubs",
    "publicite",
    "publicites",
    "promo",
    "promos",
    "spam",
    "spams",
    "mail",
    "mails",
    "email",
    "emails",
    "e-mail",
    "e-mails",
    "message",
    "messages",
    "text",
    "texts",
    "texto",
    "textos",
    "newsletter",
    "newsletters",
    "all",
    "tout",
    "tous",
    "toutes",
    "toute",
    "a",
    "au",
    "to",
    "le",
    "la",
    "les",
    "l",
    "des",
    "de",
    "du",
    "vos",
    "votre",
    "ces",
    "ce",
    "cette",
    "the",
    "these",
    "this",
    "your",
    "et",
    "and",
];

/// Words that make a short text a probable stop, wherever they stand in it.
pub(super) const INTENTS: &[&str] = &[
    "stop",
    "stopall",
    "stopped",
    "stopping",
    "arreter",
    "arrete",
    "arretez",
    "desabonner",
    "desabonne",
    "desabonnez",
    "desabonnez-moi",
    "desabonnement",
    "desinscrire",
    "desinscris",
    "desinscrivez",
    "desinscrivez-moi",
    "desinscription",
    "unsubscribe",
    "unsubscribed",
    "optout",
    "opt-out",
];

/// Phrases that are a probable stop in a text of any length.
pub(super) const PROBABLE_PHRASES: &[&[&str]] = &[
    &["ne", "plus", "recevoir"],
    &["ne", "veux", "plus", "recevoir"],
    &["ne", "souhaite", "plus", "recevoir"],
    &["veux", "plus", "recevoir"],
    &["souhaite", "plus", "recevoir"],
    &["ne", "plus", "etre", "contacte"],
    &["ne", "plus", "etre", "contactee"],
    &["ne", "me", "contactez", "plus"],
    &["ne", "m", "ecrivez", "plus"],
    &["ne", "m", "envoyez", "plus"],
    &["n", "envoyez", "plus"],
    &["plus", "de", "sms"],
    &["plus", "de", "messages"],
    &["plus", "de", "mails"],
    &["plus", "de", "pub"],
    &["arretez", "de", "m"],
    &["arretez", "de", "me"],
    &["arrete", "de", "m"],
    &["arrete", "de", "me"],
    &["laissez", "moi", "tranquille"],
    &["laissez-moi", "tranquille"],
    &["fichez", "moi", "la", "paix"],
    &["foutez", "moi", "la", "paix"],
    &["retirez", "moi"],
    &["retirez-moi"],
    &["enlevez", "moi"],
    &["enlevez-moi"],
    &["supprimez", "moi"],
    &["supprimez-moi"],
    &["supprimez", "mon", "numero"],
    &["supprimez", "mes", "donnees"],
    &["effacez", "mon", "numero"],
    &["me", "desabonner"],
    &["me", "desinscrire"],
    &["opt", "out"],
    &["leave", "me", "alone"],
    &["remove", "me"],
    &["remove", "my", "number"],
    &["delete", "my", "number"],
    &["take", "me", "off"],
    &["lose", "my", "number"],
    &["stop", "texting"],
    &["stop", "messaging"],
    &["stop", "emailing"],
    &["stop", "contacting"],
    &["stop", "sending"],
    &["stop", "writing"],
    &["stop", "calling"],
    &["stop", "spamming"],
    &["do", "not", "text"],
    &["do", "not", "contact"],
    &["do", "not", "message"],
    &["do", "not", "email"],
    &["don", "t", "text"],
    &["don", "t", "contact"],
    &["don", "t", "message"],
    &["don", "t", "email"],
    &["no", "more", "texts"],
    &["no", "more", "messages"],
    &["no", "more", "emails"],
    &["unsubscribe", "me"],
];

/// Words right after which an intent is denied.
pub(super) const DENIALS: &[&str] = &["dont", "not", "never", "cant", "wont"];

/// What stands before the `t` of a denial that an apostrophe parts, such as `don't`.
pub(super) const SHORTENED: &[&str] = &["don", "can", "won"];

/// What people write when they mean a stop.
pub(super) const MISSPELT: &[&str] =
    &["sotp", "stpo", "tsop", "stoper", "stopez", "stopper", "stoppe", "stops", "sttop"];

/// Words that are long enough to be known by two mistakes.
pub(super) const LONG: &[&str] =
    &["unsubscribe", "desabonner", "desabonnement", "desinscrire", "desinscription", "desabonnez"];
