//! What a journey may say and had better not: read with its templates and the policy that it is sent under.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::check::place_of;
use super::{Journey, NodeKind, Send};
use crate::error::Diagnostic;
use crate::model::Name;
use crate::rule::law::{LegalOptOut, WayOut, WaysOut};
use crate::rule::permit::ever_opens;
use crate::rule::sms::{Loss, misuses, names_a_stop, transliterate, worst_case};
use crate::rule::template::Source;
use crate::rule::{OptOut, Policy, TemplateDefinition};
use crate::time::Zone;

/// What a journey is read with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Surroundings<'s> {
    /// The sending rules.
    pub policy: &'s Policy,
    /// The templates, as their authors wrote them; one that is not among them is not read.
    pub templates: &'s BTreeMap<Name, &'s TemplateDefinition>,
    /// The zone of a journey without one of its own.
    pub zone: &'s Zone,
    /// From when on a window must open.
    pub now: DateTime<Utc>,
    /// Whether mail gets links, and so a way out in its head.
    pub links: bool,
}

impl<'s> Surroundings<'s> {
    /// What a journey is read with.
    #[must_use]
    pub fn new(
        policy: &'s Policy,
        templates: &'s BTreeMap<Name, &'s TemplateDefinition>,
        zone: &'s Zone,
        now: DateTime<Utc>,
    ) -> Self {
        Self { policy, templates, zone, now, links: true }
    }

    /// The same for an engine that gives no links.
    #[must_use]
    pub fn without_links(self) -> Self {
        Self { links: false, ..self }
    }
}

/// What reading a journey answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lints {
    /// What is not published: the policy forbids it.
    pub refused: Vec<Diagnostic>,
    /// What is published, and somebody should look at.
    pub warnings: Vec<Diagnostic>,
}

/// Reads every send of a journey with its template and the policy.
///
/// Refused is a marketing message that does not say how to stop such messages, where the policy asks for it and has no words
/// to add (`J131`), and one without a way out that a profile of the policy asks for (`J139`). Warned of are a marketing message by SMS without such words where the policy asks for nothing (`J130`), a
/// word that networks act on asked for as an answer to something else (`J132`), a purpose without a basis where others have one
/// (`J133`), hours in which nothing can ever be said (`J134`), a purpose and a channel for which no consent is asked anywhere (`J135`), letters outside the GSM alphabet, with
/// their places and what they cost (`J136`), a link to unsubscribe from what is owed, which changes nothing (`J137`), and marketing mail of an engine that
/// gives no links (`J138`).
///
/// ```
/// use std::collections::BTreeMap;
/// use journeyman::Journey;
/// use journeyman::journey::{Surroundings, lint};
/// use journeyman::rule::{OptOut, Policy, TemplateDefinition};
/// use journeyman::time::Zone;
/// let journey = Journey::builder("offers").enter_on("x").send("offer", "sms", "offer", "marketing").build()?;
/// let template = TemplateDefinition::new("offer").text("Dernière chance !");
/// let (templates, zone) = (BTreeMap::from([("offer".into(), &template)]), Zone::utc());
/// let now = "2026-11-23T10:00:00Z".parse()?;
///
/// let strict = Policy::new("2026-11").opt_out(OptOut::france());
/// let lints = lint(&journey, &Surroundings::new(&strict, &templates, &zone, now));
/// assert_eq!(lints.refused[0].code, "J131");
///
/// let adding = Policy::new("2026-11").opt_out(OptOut::france().words("STOP au 36111"));
/// assert!(lint(&journey, &Surroundings::new(&adding, &templates, &zone, now)).refused.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn lint(journey: &Journey, surroundings: &Surroundings<'_>) -> Lints {
    let mut lints = Lints::default();
    for (step, node) in journey.nodes.iter().enumerate() {
        if let NodeKind::Send(send) = &node.kind {
            let place = format!("{}.send", place_of(journey, step));
            Reader { journey, surroundings, send, place: place.clone(), lints: &mut lints }.read();
            // What it falls back to is said as well.
            for (channel, template) in &send.others {
                let send = &Send { channel: channel.clone(), template: template.clone(), ..send.clone() };
                Reader { journey, surroundings, send, place: place.clone(), lints: &mut lints }.read();
            }
        }
    }
    lints
}

/// The channel whose messages have a head.
const MAIL: &str = "email";
/// The links that lead out.
const LINKS: [&str; 2] = ["link.unsubscribe", "link.preferences"];

/// Reads one send.
struct Reader<'r> {
    journey: &'r Journey,
    surroundings: &'r Surroundings<'r>,
    send: &'r Send,
    place: String,
    lints: &'r mut Lints,
}

impl Reader<'_> {
    fn read(&mut self) {
        self.hours();
        self.purpose();
        self.consent();
        let policy = self.surroundings.policy;
        let by_law = self.ways_out_by_law();
        if by_law.is_empty() {
            self.way_out();
        }
        let Some(template) = self.surroundings.templates.get(&self.send.template).copied() else { return };
        self.unsubscribes(template);
        if !policy.is_short(&self.send.channel) {
            self.lawful_way_out(&by_law, template);
            return;
        }
        let variants = template.variants.iter().filter_map(|variant| variant.text.as_ref());
        let texts: Vec<String> = template
            .text
            .iter()
            .chain(variants)
            .map(|text| Source::read(text, template).words().to_owned())
            .collect();
        if self.opt_out(&texts, by_law.is_empty()) {
            self.lawful_way_out(&by_law, template);
        }
        self.reserved(&texts);
        self.letters(template);
    }

    fn warn(&mut self, code: &'static str, field: &str, sentence: String, next: impl Into<String>) {
        let place = format!("{}.{field}", self.place);
        self.lints.warnings.push(Diagnostic::new(code, place, sentence, next));
    }

    /// The rules and the window together leave some instant.
    fn hours(&mut self) {
        let Surroundings { policy, zone, now, .. } = *self.surroundings;
        let Send { channel, purpose, window, .. } = self.send;
        let zone = self.journey.zone.as_ref().unwrap_or(zone);
        if !ever_opens(channel, purpose, policy, zone, window.as_ref(), now) {
            let sentence =
                format!("the rules for {purpose} by {channel} leave no instant at which it may be said");
            let next = "widen the window, or mend the hours of the policy";
            self.warn("J134", if window.is_some() { "window" } else { "channel" }, sentence, next);
        }
    }

    /// A policy that says what its purposes rest on says it of each.
    fn purpose(&mut self) {
        let (policy, purpose) = (self.surroundings.policy, &self.send.purpose);
        let by_law = policy.has_caps_by_law(&self.send.channel);
        if (by_law || !policy.purposes.is_empty()) && policy.find(purpose).is_none() {
            let more = if by_law { ", and no cap of the law counts it" } else { "" };
            let sentence =
                format!("the policy does not say what {purpose} rests on, so that it rests on consent{more}");
            self.warn("J133", "purpose", sentence, "name it in the policy, with its basis");
        }
    }

    /// Somebody is asked somewhere.
    fn consent(&mut self) {
        let (paths, Send { channel, purpose, .. }) = (&self.surroundings.policy.paths, self.send);
        let asks = paths.iter().any(|path| path.purpose == *purpose && path.channel == *channel);
        let is_owed = self.surroundings.policy.basis(purpose).is_owed();
        if !asks && !paths.is_empty() && !is_owed {
            let sentence = format!("nobody is asked anywhere to allow {purpose} by {channel}");
            let next =
                "ask for it in a form and name that in the policy (asked), or say it on another channel";
            self.warn("J135", "channel", sentence, next);
        }
    }

    /// Mail that is not owed says in its head how to unsubscribe, and the links of the engine say it.
    fn way_out(&mut self) {
        let Send { channel, purpose, .. } = self.send;
        let policy = self.surroundings.policy;
        let is_carried = policy.opt_outs_of(channel, purpose).any(|row| row.carried);
        if **channel == *MAIL && !self.surroundings.links && !is_carried && policy.is_marketing(purpose) {
            let sentence =
                format!("the head of {purpose} by {channel} says nothing of how to unsubscribe (RFC 8058)");
            let next = "give the engine's builder links: the keys, and where the host serves them";
            self.warn("J138", "channel", sentence, next);
        }
    }

    /// From what a contract or a law demands nobody can unsubscribe; a link that says so does nothing.
    fn unsubscribes(&mut self, template: &TemplateDefinition) {
        let purpose = &self.send.purpose;
        let says = serde_json::to_string(template).is_ok_and(|text| text.contains("link.unsubscribe"));
        if says && self.surroundings.policy.basis(purpose).is_owed() {
            let sentence = format!("it has a link to unsubscribe from {purpose}, which is owed and goes on");
            let next = "leave the link out, or give {{ link.preferences }}";
            self.warn("J137", "template", sentence, next);
        }
    }

    /// What the law asks of such a message today, wherever its reader may be.
    fn ways_out_by_law(&self) -> Vec<LegalOptOut> {
        let Surroundings { policy, zone, now, .. } = *self.surroundings;
        let zone = self.journey.zone.as_ref().unwrap_or(zone);
        let today = zone.local(now).date();
        let rows = policy.ways_out_by_law(&self.send.channel, &self.send.purpose);
        rows.into_iter().filter(|row| row.is_in_force(today)).cloned().collect()
    }

    /// Every wording can offer a way out that the law asks for; whether it does is asked when it is said.
    fn lawful_way_out(&mut self, rows: &[LegalOptOut], template: &TemplateDefinition) {
        let Surroundings { policy, links, .. } = *self.surroundings;
        let Send { channel, purpose, .. } = self.send;
        let wordings = template.wordings();
        let is_met = |row: &LegalOptOut, (text, html): &(Option<&String>, Option<&String>)| {
            let text = text.map_or("", |text| text.as_str());
            let html = html.map_or("", |html| html.as_str());
            let is_linked = |part: &str| LINKS.iter().any(|link| part.contains(link));
            let own = policy.opt_outs_of(channel, purpose);
            let words = Source::read(text, template).words().to_owned();
            let said = own.fold(words, |said, own| own.complete(&said).unwrap_or(said));
            let link = || links && (is_linked(text) || is_linked(html));
            row.is_met(&WaysOut { head: links && **channel == *MAIL, link: &link, text: &said })
        };
        let Some(row) = rows.iter().find(|row| !wordings.iter().all(|wording| is_met(row, wording))) else {
            return;
        };
        let next = row.by.iter().map(|way| match (way, row.phrases.first()) {
            (WayOut::Head, _) => "give the engine's builder links".to_owned(),
            (WayOut::Reply, Some(phrase)) => {
                format!("write {phrase:?}, or give the policy a row of opt_outs with the words")
            }
            (WayOut::Reply, None) => "write which word stops it".to_owned(),
            (WayOut::Link, _) => {
                "give the engine's builder links, and the text {{ link.unsubscribe }}".to_owned()
            }
        });
        let next = next.collect::<Vec<_>>().join("; or ");
        let next = format!("{next}; where the channel adds it by itself, say so (OptOut::carried)");
        let sentence = format!(
            "it offers no way out of {purpose} by {channel} that is enough for {} (as of {})",
            row.source, row.as_of
        );
        let place = format!("{}.template", self.place);
        self.lints.refused.push(Diagnostic::new("J139", place, sentence, next));
    }

    /// A marketing message says how to stop such messages, or the words are added; answers whether no row of the policy refuses it.
    fn opt_out(&mut self, texts: &[String], free: bool) -> bool {
        let refused = self.lints.refused.len();
        let policy = self.surroundings.policy;
        let Send { channel, purpose, .. } = self.send;
        let rows: Vec<&OptOut> = policy.opt_outs_of(channel, purpose).collect();
        for row in rows.iter().filter(|row| row.complete("").is_none()) {
            if !texts.is_empty() && texts.iter().all(|text| row.is_said(text)) {
                continue;
            }
            let by = row.country.as_deref().map_or(String::new(), |country| format!(" in {country}"));
            let sentence = format!(
                "it does not say how to stop {purpose} by {channel}, which is asked{by} by {} (as of {})",
                row.source, row.as_of
            );
            let next = match row.accepts.first() {
                Some(phrase) => format!("write it, such as {phrase:?}, or give the policy the words to add"),
                None => "give the policy the words to add".to_owned(),
            };
            let place = format!("{}.template", self.place);
            self.lints.refused.push(Diagnostic::new("J131", place, sentence, next));
        }
        let says = !texts.is_empty() && texts.iter().all(|text| names_a_stop(text));
        if rows.is_empty() && free && !says && policy.is_marketing(purpose) {
            let sentence = format!("it does not say how to stop {purpose} by {channel}");
            let next = "write it, or give the policy a row of opt_outs with the words to add";
            self.warn("J130", "template", sentence, next);
        }
        self.lints.refused.len() == refused
    }

    /// What networks act on is not asked for as an answer to something else.
    fn reserved(&mut self, texts: &[String]) {
        let mut words: Vec<String> =
            texts.iter().flat_map(|text| misuses(text)).map(|misuse| misuse.word.to_uppercase()).collect();
        words.sort();
        words.dedup();
        if !words.is_empty() {
            let sentence = format!("it asks for the answer {}, which networks act on", words.join(", "));
            let next = "ask for another word; this one may never reach you";
            self.warn("J132", "template", sentence, next);
        }
    }

    /// Letters outside the GSM alphabet are named, with what they cost.
    fn letters(&mut self, template: &TemplateDefinition) {
        let policy = self.surroundings.policy;
        let rows = policy.opt_outs_of(&self.send.channel, &self.send.purpose);
        let added: Vec<&str> = rows.filter_map(|row| row.words.as_deref()).collect();
        let worst = worst_case(template, &added.join(" "));
        if worst.offending.is_empty() {
            return;
        }
        let shown: Vec<String> = worst.offending.iter().take(8).map(ToString::to_string).collect();
        let more = if worst.offending.len() > shown.len() { " and others" } else { "" };
        let mut plainly = template.clone();
        let variants = plainly.variants.iter_mut().filter_map(|variant| variant.text.as_mut());
        for text in plainly.text.iter_mut().chain(variants) {
            *text = transliterate(text, Loss::Sign).text;
        }
        let price = match (worst.segments, worst_case(&plainly, &added.join(" ")).segments) {
            (Some(now), Some(then)) => format!("; it takes up to {now} segments, {then} without"),
            _ => String::new(),
        };
        let sentence = format!("letters outside the GSM alphabet: {}{more}{price}", shown.join("; "));
        let next = "look at what rule::sms::transliterate offers, and declare longest for what is put in";
        self.warn("J136", "template", sentence, next);
    }
}
