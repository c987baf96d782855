//! The sending rules of a program, as data.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::bounce::SoftRule;
use super::cap::{self, Cap, Counted};
use super::law::{self, LegalOptOut, Profile, WaysOut, Whereabouts};
use super::{Basis, Minors, OptOut, Purpose, Retention, Standing, TRACKING, Use, sharing};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Contact, Name};
use crate::seeded::{Bug, is_on};
use crate::time::{DailyWindow, Zone};

/// Hours in which nothing of certain purposes is said on a channel.
///
/// ```
/// use journeyman::rule::QuietHours;
/// let quiet = QuietHours::new("sms", "20:00-08:30".parse()?).for_purpose("marketing");
/// # Ok::<(), journeyman::time::WindowError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuietHours {
    /// On which channel.
    pub channel: Name,
    /// For which purposes; all of them where none is named.
    pub purposes: Vec<Name>,
    /// When, in the contact's own zone.
    pub window: DailyWindow,
}

impl QuietHours {
    /// Quiet hours for every purpose on a channel.
    #[must_use]
    pub fn new(channel: impl Into<Name>, window: DailyWindow) -> Self {
        Self { channel: channel.into(), purposes: Vec::new(), window }
    }

    pub(super) fn concerns(&self, channel: &str, purpose: &str) -> bool {
        *self.channel == *channel
            && (self.purposes.is_empty() || self.purposes.iter().any(|name| **name == *purpose))
    }

    /// Limits them to a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }
}

/// The sending rules of a program: data, with a version that every answer carries.
///
/// The default keeps what is said on the channel `sms` for the purpose `marketing`, and for no other, out of the hours from 20:00 until
/// 08:30, which French operators enforce (AF2M, code of conduct for SMS and MMS marketing). Hours are counted on the clock
/// of the contact; where it has no zone, on that of its journey, else of the [engine](crate::engine::EngineBuilder::zone), which is UTC
/// unless said. Public holidays, Sundays, other channels and purposes are for a [profile](Policy::profile).
///
/// ```
/// use journeyman::rule::law::Profile;
/// use journeyman::rule::{Minors, OptOut, Policy, Purpose, Retention};
/// let policy = Policy::new("ours-1")
///     .profile(Profile::named("fr")?)
///     .territory_in("territory")
///     .at_home("FR-75")
///     .purpose(Purpose::consent("newsletter").confirmed())
///     .purpose(Purpose::contract("confirmations").sparing_hours())
///     .purpose(Purpose::tracking())
///     .purpose(Purpose::profiling())
///     .opt_out(OptOut::france().words("STOP au 36111"))
///     .minors(Minors::new("age", 15))
///     .retention(Retention::three_years().heard_by("app.login"));
/// policy.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Policy {
    /// Which edition of the rules this is.
    pub version: Name,
    /// All quiet hours; each that applies is asked.
    pub quiet: Vec<QuietHours>,
    /// The hours of the law; each that concerns the reader and the channel is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// The attribute that says in which territory a contact is, such as `FR-67`, `RE` or `US-FL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<Name>,
    /// The attribute that holds a contact's postcode; French ones are understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Name>,
    /// The territory of contacts of whom nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Name>,
    /// How much may be said to one contact; each that applies is asked before a message begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// When soft bounces say that nobody is there.
    #[serde(default, skip_serializing_if = "SoftRule::is_default")]
    pub soft: SoftRule,
    /// What messages must say of how to stop them; each row that applies is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opt_outs: Vec<OptOut>,
    /// Where consents are asked for; where none is named, nobody knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<ConsentPath>,
    /// What things are said for; one that is not named rests on consent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// Who is too young to allow anything alone; nobody unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minors: Option<Minors>,
    /// How long somebody who is not heard of is told anything; for ever unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The attribute that says at which time of day a contact likes to be told what purposes ask it for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<Name>,
}

impl Policy {
    /// Rules of one's own: as long as nothing is added, consent and suppression alone are asked.
    #[must_use]
    pub fn new(version: impl Into<Name>) -> Self {
        Self {
            version: version.into(),
            quiet: Vec::new(),
            profiles: Vec::new(),
            territory: None,
            postcode: None,
            home: None,
            caps: Vec::new(),
            soft: SoftRule::default(),
            opt_outs: Vec::new(),
            paths: Vec::new(),
            purposes: Vec::new(),
            minors: None,
            retention: None,
            preferred: None,
        }
    }

    /// Sets when soft bounces say that nobody is there.
    #[must_use]
    pub fn soft_bounces(mut self, soft: SoftRule) -> Self {
        self.soft = soft;
        self
    }

    /// Adds quiet hours.
    #[must_use]
    pub fn quiet(mut self, quiet: QuietHours) -> Self {
        self.quiet.push(quiet);
        self
    }

    /// Keeps to the hours of a profile; call it again for further ones, and all are kept to.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profiles.push(profile);
        self
    }

    /// Names the attribute that says in which territory a contact is.
    #[must_use]
    pub fn territory_in(mut self, attribute: impl Into<Name>) -> Self {
        self.territory = Some(attribute.into());
        self
    }

    /// Names the attribute that holds a contact's postcode.
    #[must_use]
    pub fn postcode_in(mut self, attribute: impl Into<Name>) -> Self {
        self.postcode = Some(attribute.into());
        self
    }

    /// Says where contacts are of whom nothing is known: a territory or a country, as ISO 3166 writes it.
    #[must_use]
    pub fn at_home(mut self, territory: impl Into<Name>) -> Self {
        self.home = Some(territory.into());
        self
    }

    /// Names the attribute that says at which time of day a contact likes to be spoken to, `18:30` or `18:00-20:00` on its own
    /// clock. It narrows the send window of purposes that are said
    /// [`at_preferred_time`](crate::rule::Purpose::at_preferred_time); it opens nothing, and where it leaves no instant, or a
    /// deadline is sooner, it is left aside.
    #[must_use]
    pub fn preferred_time_in(mut self, attribute: impl Into<Name>) -> Self {
        self.preferred = Some(attribute.into());
        self
    }

    /// Which rules these are: the version, and the edition of each profile.
    ///
    /// ```
    /// use journeyman::rule::Policy;
    /// use journeyman::rule::law::Profile;
    /// let policy = Policy::new("ours-7").profile(Profile::named("fr")?);
    /// assert_eq!(&*policy.edition(), "ours-7+fr@2026-11-23.2");
    /// # Ok::<(), journeyman::rule::law::ProfileError>(())
    /// ```
    #[must_use]
    pub fn edition(&self) -> Name {
        if self.profiles.is_empty() {
            return self.version.clone();
        }
        let profiles = self.profiles.iter().map(|profile| format!("+{}@{}", profile.name, profile.edition));
        format!("{}{}", self.version, profiles.collect::<String>()).into()
    }

    /// Adds a cap.
    #[must_use]
    pub fn cap(mut self, cap: Cap) -> Self {
        self.caps.push(cap);
        self
    }

    /// What must be known of what was said before; `None` where nothing is capped.
    #[must_use]
    pub fn counted(&self) -> Option<Counted> {
        self.counted_on(|_| true)
    }

    /// The same for caps that concern some channels: who has none of them counts nothing.
    pub(crate) fn counted_on(&self, channel: impl Fn(&str) -> bool) -> Option<Counted> {
        let any = |channels: &[Name]| channels.is_empty() || channels.iter().any(|name| channel(name));
        let by_law = self.profiles.iter().flat_map(|profile| &profile.caps);
        let windows = by_law.filter(|cap| any(&cap.channels)).map(|cap| cap.per);
        let named = self.purposes.iter().filter(|purpose| Self::counts_by_law(purpose));
        Counted::of(
            self.caps.iter().filter(|cap| any(&cap.channels)),
            (windows, named.map(|purpose| &purpose.name)),
        )
    }

    /// Whether messages of a purpose are counted by the caps of the law: of those that are named, all that it holds to its hours.
    pub(super) fn counts_by_law(purpose: &Purpose) -> bool {
        !purpose.basis.is_owed() && !purpose.spares().hours && !is_on(Bug::LawCountsNothing)
    }

    fn is_capped_by_law(&self, channel: &str, purpose: &str) -> bool {
        self.find(purpose).is_some_and(Self::counts_by_law) && self.has_caps_by_law(channel)
    }

    /// Whether a profile caps what is said on a channel.
    pub(crate) fn has_caps_by_law(&self, channel: &str) -> bool {
        law::caps_on(&self.profiles, channel).next().is_some()
    }

    /// Whether a message counts for a cap, whoever it is for.
    #[must_use]
    pub fn is_capped(&self, channel: &str, purpose: &str) -> bool {
        let by_host = self.caps.iter().any(|cap| cap.concerns(channel, purpose));
        (by_host && !self.basis(purpose).is_owed()) || self.is_capped_by_law(channel, purpose)
    }

    /// Whether a cap asks for a tier.
    pub(crate) fn asks_tiers(&self) -> bool {
        self.caps.iter().any(|cap| cap.tier.is_some())
    }

    /// Asks whether the rules can hold; an engine whose rules cannot publishes nothing.
    ///
    /// # Errors
    /// [`BuildError`] with everything that is wrong at once: `J140` for a cap without purposes, `J141` for a number or a
    /// window that cannot be, `J142` for a cap without a name of its own, `J145` for one that
    /// names what is owed; `J125` for a purpose of sharing that does not rest on consent, `J126` for one without a third party of
    /// its own, `J127` for a field that is told twice, or to nobody; `J128` for a purpose of tracking or profiling that asks
    /// nobody; `J129` for a home that is no place.
    pub fn check(&self) -> Result<(), BuildError> {
        let mut problems = cap::problems_of(self);
        problems.extend(sharing::problems_of(self));
        problems.extend(self.unasked());
        problems.extend(self.homeless());
        BuildError::unless_empty(problems)
    }

    /// The purposes of tracking and profiling that rest on what nobody can refuse. What is kept on a person's device, or read from
    /// it, asks for consent alone (ePrivacy directive, art. 5(3); loi 78-17, art. 82).
    fn unasked(&self) -> impl Iterator<Item = Diagnostic> {
        let named = self.purposes.iter().enumerate();
        named.filter_map(|(place, purpose)| {
            let tracks = purpose.usage == Use::Tracking || *purpose.name == *TRACKING;
            let is_lawful = match &purpose.usage {
                _ if tracks => purpose.basis == Basis::Consent,
                Use::Profiling => !purpose.basis.is_owed(),
                _ => true,
            };
            let sentence = || format!("{} watches people who cannot refuse it", purpose.name);
            let place = format!("policy.purposes[{place}].basis");
            let next = "let it rest on consent: Purpose::tracking, Purpose::profiling";
            (!is_lawful).then(|| Diagnostic::new("J128", place, sentence(), next))
        })
    }

    /// A home that is neither a territory nor a country frees everybody from every law, or holds nobody to one.
    fn homeless(&self) -> Option<Diagnostic> {
        let home = self.home.as_ref().filter(|home| !law::is_place(home))?;
        let sentence = format!("{home:?} is no territory and no country");
        let next = "write a code of ISO 3166 in capitals, such as FR, FR-75, RE or BE";
        Some(Diagnostic::new("J129", "policy.home".to_owned(), sentence, next))
    }

    /// Adds what messages on a channel must say of how to stop them.
    #[must_use]
    pub fn opt_out(mut self, row: OptOut) -> Self {
        self.opt_outs.push(row);
        self
    }

    /// Says where consent to a purpose on a channel is asked for. Once one is named, a journey that sends where no consent is
    /// asked for is warned about.
    #[must_use]
    pub fn asked(mut self, at: impl Into<Name>, purpose: impl Into<Name>, channel: impl Into<Name>) -> Self {
        self.paths.push(ConsentPath { at: at.into(), purpose: purpose.into(), channel: channel.into() });
        self
    }

    /// Whether messages of a purpose are held to what the law says of marketing; so is one that nobody described.
    #[must_use]
    pub fn is_marketing(&self, purpose: &str) -> bool {
        !purpose.is_empty() && !self.basis(purpose).is_owed()
    }

    /// Whether scores and segments that are for a purpose are profiling for marketing, which an objection stops: all that
    /// declare none are, and all but those for what is owed.
    ///
    /// ```
    /// use journeyman::rule::{Policy, Purpose};
    /// let policy = Policy::default().purpose(Purpose::legal_obligation("exclusion"));
    /// assert!(policy.is_profiling(None) && !policy.is_profiling(Some("exclusion")));
    /// ```
    #[must_use]
    pub fn is_profiling(&self, purpose: Option<&str>) -> bool {
        purpose.is_none_or(|purpose| !self.basis(purpose).is_owed())
    }

    /// Whether a contact may not be profiled for marketing: it objected or took its yes back (GDPR art. 21(2) and (3)), or it
    /// is too young (recitals 38 and 71), or another record of the person that became part of it, until then, was so.
    pub(crate) fn stops_profiling(
        &self,
        contact: &Contact,
        standing: &Standing,
        merged: Option<i64>,
    ) -> bool {
        self.is_minor(contact) || standing.refuses_profiling(self, merged)
    }

    pub(crate) fn is_minor(&self, contact: &Contact) -> bool {
        self.minors.as_ref().is_some_and(|minors| minors.include(&contact.attributes))
    }

    /// Whether messages on a channel are short ones, counted in segments: `sms`, and every channel that a row of `opt_outs`
    /// names and does not say to be [carried](OptOut::carried).
    #[must_use]
    pub fn is_short(&self, channel: &str) -> bool {
        channel == "sms" || self.opt_outs.iter().any(|row| *row.channel == *channel && !row.carried)
    }

    /// The rows that say what a message must say of how to stop such messages.
    pub(crate) fn opt_outs_of(&self, channel: &str, purpose: &str) -> impl Iterator<Item = &OptOut> {
        let named = move |row: &OptOut| row.purposes.iter().any(|name| **name == *purpose);
        let is_marketing = self.is_marketing(purpose);
        let concerns = move |row: &&OptOut| {
            *row.channel == *channel && (named(row) || row.purposes.is_empty() && is_marketing)
        };
        self.opt_outs.iter().filter(concerns)
    }

    /// The text of a message with what it must say of how to stop such messages, for an address.
    ///
    /// # Errors
    /// [`NoOptOut`] where a row has no words to add, and the text does not say it.
    pub fn completed(&self, channel: &str, purpose: &str, to: &str, text: &str) -> Result<String, NoOptOut> {
        let mut completed = text.to_owned();
        for row in self.opt_outs_of(channel, purpose).filter(|row| row.reaches(to)) {
            completed = row.complete(&completed).ok_or_else(|| NoOptOut { asked_by: row.source.clone() })?;
        }
        Ok(completed)
    }

    /// The row of the law that a message to a contact does not meet, as it would be handed over: it offers no way out that is
    /// enough where the contact may be.
    pub(crate) fn lacks(
        &self,
        (channel, purpose): (&str, &str),
        contact: &Contact,
        zone: &Zone,
        now: DateTime<Utc>,
        ways: &WaysOut<'_>,
    ) -> Option<&LegalOptOut> {
        if self.profiles.is_empty() || !self.is_marketing(purpose) {
            return None;
        }
        let to = contact.addresses.get(channel).map_or("", |to| &*to.value);
        let mut own = self.opt_outs_of(channel, purpose);
        if own.any(|row| row.carried && row.reaches(to)) {
            return None;
        }
        let reader = || Whereabouts::of(contact, channel, self, zone);
        law::unmet(&self.profiles, channel, ways, zone.local(now).date(), reader)
    }

    /// The rows of the law that say which ways out marketing on a channel offers, but where a channel says it by itself to some; a
    /// journey is asked for all of them, because its readers may be anywhere.
    pub(crate) fn ways_out_by_law(&self, channel: &str, purpose: &str) -> Vec<&LegalOptOut> {
        let is_carried = self.opt_outs_of(channel, purpose).any(|row| row.carried);
        if is_carried || !self.is_marketing(purpose) {
            return Vec::new();
        }
        law::opt_outs_on(&self.profiles, channel).map(|(_, row)| row).collect()
    }

    /// Names a purpose; a second one of the name takes the place of the first.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purposes.retain(|other| other.name != purpose.name);
        self.purposes.push(purpose);
        self
    }

    /// Says who is too young to allow anything alone: a guardian must.
    #[must_use]
    pub fn minors(mut self, minors: Minors) -> Self {
        self.minors = Some(minors);
        self
    }

    /// Says how long somebody who is not heard of is told anything that is not owed. What was heard before this was in force
    /// is not known: tell the newest event of each contact with its own instant, or it counts as lapsed.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// The purpose of a name, where it is named.
    #[must_use]
    pub fn find(&self, purpose: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|named| *named.name == *purpose)
    }

    /// What allows a purpose.
    #[must_use]
    pub fn basis(&self, purpose: &str) -> &Basis {
        self.find(purpose).map_or(&Basis::Consent, |purpose| &purpose.basis)
    }

    /// The purposes that no withdrawal stops.
    pub fn owed(&self) -> impl Iterator<Item = &Name> {
        self.purposes.iter().filter(|purpose| purpose.basis.is_owed()).map(|purpose| &purpose.name)
    }

    /// The purposes that no message is for.
    pub fn unsaid(&self) -> impl Iterator<Item = &Name> {
        let unsaid = self.purposes.iter().filter(|purpose| purpose.usage != Use::Message);
        unsaid.map(|purpose| &purpose.name)
    }

    /// The purposes by which third parties are told, each with its party.
    pub fn partners(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.purposes.iter().filter_map(|purpose| Some((&purpose.name, purpose.partner()?)))
    }

    /// Whether standings keep the instants of what is said: a policy that names nothing new keeps them as they were.
    pub(crate) fn keeps_instants(&self) -> bool {
        !self.purposes.is_empty() || self.minors.is_some() || self.retention.is_some()
    }
}

/// A message does not say how to stop such messages, and nothing can be added to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not say how to stop such messages, which is asked by: {asked_by}")]
#[non_exhaustive]
pub struct NoOptOut {
    /// Who asks for it.
    pub asked_by: Name,
}

/// Where consent to a purpose on a channel is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsentPath {
    /// The form, the page, the counter.
    pub at: Name,
    /// What for.
    pub purpose: Name,
    /// By which channel.
    pub channel: Name,
}

impl Default for Policy {
    fn default() -> Self {
        let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let night = DailyWindow::new(time(20, 0), time(8, 30));
        Self::new("2026-11").quiet(QuietHours::new("sms", night).for_purpose("marketing"))
    }
}
