//! The hours in which the law, the carriers or the trade let marketing be said: dated data, one profile a country.
//!
//! A [`Policy`](crate::rule::Policy) names its profiles; without one nothing of this is asked. Then `permit` asks, beside
//! quiet hours and before a send window, whether every row that concerns the channel and the reader is open, on every clock
//! that may be the reader's. What is closed defers with [`Reason::LegalHours`] or [`Reason::Holiday`], to the first instant
//! at which nothing is; where that does not come within 400 days, it refuses. A deadline beats a send window, never these.
//!
//! ```
//! use journeyman::Contact;
//! use journeyman::model::{Permit, Reason};
//! use journeyman::rule::law::Profile;
//! use journeyman::rule::permit::{Question, permit};
//! use journeyman::rule::{Policy, Standing};
//! use journeyman::time::Zone;
//!
//! let policy = Policy::new("2026-11").profile(Profile::named("fr")?).territory_in("country");
//! let zone = Zone::named("Europe/Paris")?; // the host's, and not this contact's
//! let jean = Contact::new("jean").attribute("country", "FR").address("sms", "+262692000001"); // Réunion
//! let nothing_said = Standing::default();
//! let question = Question::new(&jean, &nothing_said, "sms", "marketing");
//! // 20 December 2027 is a holiday there, and the evening before a Sunday.
//! let answer = permit(&question, &policy, &zone, "2027-12-19T18:00:00Z".parse()?);
//! let reasons = vec![Reason::NoConsent, Reason::LegalHours, Reason::Holiday];
//! assert_eq!(answer, Permit::Refuse { reasons });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This is not legal advice. What a row says is checked against what it names as its source and on the date that it names;
//! a host whose lawyers read it otherwise writes a profile of its own ([`Profile::read`]).
//!
//! # The profiles
//!
//! | profile | channel, where | hours on the reader's clock | holidays | force | source |
//! |---|---|---|---|---|---|
//! | `fr` | voice | Mon-Fri 10-13, 14-20 | no | law, from 2023-03-01 | C. conso D. 223-9 (décret 2022-1313) |
//! | | sms, mms | Mon-Sat 08:30-20 | no | operators | AF2M code; Bouygues Telecom, SFR |
//! | `fr-wide` | sms, mms | Mon-Sat 08-22 | no | operators | what all of them block: 22-08, Sundays, holidays |
//! | `de` | voice | Mon-Fri 08-20, Sat 09-18 | no | practice, from 2015 | Branchenkodex CCV/DDV; § 7 UWG names no hours |
//! | `gb` | sms, mms | 09-20 | yes | practice | DMA code, "antisocial times" |
//! | `us` | sms, mms, voice | 08-21 | yes | law | 47 CFR 64.1200(c)(1) |
//! | | NJ MA | 08-20 | yes | law | tables of 2025-11 and 2026-04, see the data |
//! | | FL, OK, MD | 08-20 | yes | law, from 2021-07, 2022-11, 2024-01 | Fla. 501.616(6), Okla. 15-775C.4, Md. 14-4502 |
//! | | MS | Mon-Sat 08-20 | yes | law | tables |
//! | | AL LA | Mon-Sat 08-20 | no | law | tables |
//! | | CT, NV | 09-20 | yes | law, CT from 2023-10 | Conn. 42-288a; tables |
//! | | TX | Mon-Sat 09-21, Sun 12-21 | yes | law, from 2025-09-01 | Tex. Bus. & Com. 301.051, SB 140 |
//! | | RI | Mon-Fri 09-18, Sat 10-17 | no | law | R.I. Gen. Laws 5-61-2(2), 5-61-3.6 |
//! | | KY; MI MN NM | 10-21; 09-21 | yes | law | tables |
//!
//! Rows of a state stand beside the federal one, and both must be open. The tables of the states contradict each other (CA, IL
//! and NJ most of all); the narrower hours are taken. Email and push have no row: no law names hours for them. The rows of
//! `fr` for voice hold also where consent would lift them. A window is half-open and on the local clock, instant by instant,
//! so that a jump of the clocks or a leap day is nothing special; nothing begins in its last two minutes ([`Profile::margin`]).
//!
//! # Caps
//!
//! | profile | channels, where | most | force | source |
//! |---|---|---|---|---|
//! | `fr`, `fr-wide` | voice | 4 in 30 days | law, from 2023-03-01 | C. conso D. 223-9 (décret 2022-1313) |
//! | `us` | sms, mms and voice together, FL; OK; MD | 3 in 24 hours | law, from 2021-07, 2022-11, 2024-01 | Fla. 501.616(6), Okla. 15-775C.4, Md. 14-4502 |
//!
//! They stand beside those of the host ([`Cap`](crate::rule::Cap)), slide as these do, and defer with the reason
//! [`Cap`](crate::model::Reason::Cap) under the name of their profile. Counted are begins of messages whose purpose the policy names
//! and that are not owed; a policy that names no purpose is not counted for. The three statutes of the states count what is of one
//! subject: all of marketing is taken for one. The sixty days after a no in a call (D. 223-9) are for the host to note as a withdrawal.
//!
//! # Ways out
//!
//! | profile | channels | one of | force | source |
//! |---|---|---|---|---|
//! | `fr`, `fr-wide` | sms, mms | `STOP au 36###` and its like in the text | law | CPCE L. 34-5; AF2M, code of conduct SMS+ |
//! | | email, push | head, link; link | law | CPCE L. 34-5; GDPR 7(3) and 21 |
//! | | whatsapp | link, a word to send back | law | CPCE L. 34-5; GDPR 7(3) and 21 |
//! | `de` | email; sms, mms, whatsapp; push | head, link; link, word; link | law | § 7 (2) and (3) UWG; GDPR 7(3) and 21 |
//! | `gb` | email; sms, mms, whatsapp; push | head, link; link, word; link | law | PECR 2003, reg. 23; UK GDPR 7(3) and 21 |
//! | `us` | email | link | law | 15 U.S.C. 7704(a)(3) and (5) (CAN-SPAM: clearly displayed) |
//!
//! Every marketing message is asked in its final words, when it begins: one that offers none of the ways out is refused
//! ([`NoOptOut`](crate::model::Reason::NoOptOut)), and a journey that cannot offer one is not published (`J139`). The links and
//! the head are those that the [engine](crate::engine::EngineBuilder::links) makes. Where the channel or the provider adds a way out
//! by itself (words, a button, a setting), the policy says so: [`OptOut::carried`](crate::rule::OptOut::carried).
//!
//! # Public holidays
//!
//! They are computed ([`Territory::holidays`]) from `data/holidays.json`: France in the thirteen zones of
//! etalab/jours-feries-france (Code du travail L. 3133-1 and L. 3134-13, loi 83-550); the sixteen German Länder, nine days of
//! all of them and their own; the nations of the United Kingdom with substitutes and single proclamations; United States
//! federal days (5 U.S.C. 6103), the day and the weekday that stands in for it. Not in them: days of a commune (Augsburg,
//! 8 August), usage without a statute that etalab leaves out (Good Friday in Guadeloupe, 24 September in New Caledonia),
//! holidays of single US states.
//!
//! # Where somebody is
//!
//! [`Recipient::of`] says from what; `data/territories.json` and `data/phones.json` hold codes, zones, French postcodes and the
//! prefixes of numbers. Several candidates are all asked: `+33` alone may be Alsace, so Good Friday is closed; `+590` is
//! shared by Guadeloupe, Saint-Martin and Saint-Barthélemy; an area code that the table does not know is any state. Where
//! nothing at all is known, every territory of the profiles is a candidate, and for France that never opens: say where your
//! contacts are, or name a [home](crate::rule::Policy::at_home).
//!
//! # Editions
//!
//! Every row has the dates on which it is in force, so that one added for tomorrow changes nothing of today, and an older
//! answer is found again with the newer table. Whatever changes in `data` raises the edition of the profiles, which stands in
//! the version of the rules ([`Policy::edition`](crate::rule::Policy::edition)) that is recorded with what is begun.
//!
//! [`Reason::LegalHours`]: crate::model::Reason::LegalHours
//! [`Reason::Holiday`]: crate::model::Reason::Holiday

mod clock;
mod free_days;
mod holiday;
mod legal;
mod legal_cap;
mod legal_opt_out;
mod places;
mod prefixes;
mod profile;
mod recipient;
mod tables;
mod territory;

pub use legal::{Legal, Opening};
pub use legal_cap::LegalCap;
pub(super) use legal_cap::{caps_on, full};
pub(crate) use legal_opt_out::WaysOut;
pub use legal_opt_out::{LegalOptOut, WayOut};
pub(super) use legal_opt_out::{opt_outs_on, unmet};
pub use profile::{Force, LegalHours, Profile, ProfileError};
pub use recipient::Recipient;
pub(super) use recipient::{Whereabouts, is_place};
pub use territory::{Territory, UnknownTerritory};
