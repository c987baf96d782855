//! What must hold of everything that was ever committed, under a name of its own.

use std::fmt;

/// Something that must hold after every commit, whatever failed on the way.
///
/// X speaks of executing journeys, S of scheduling, B of the outbox, C of consent, T of time, Q of places, R of scores, G of
/// segments. [`check`](super::check())
/// judges what a store alone can show; what needs the provider's side too is judged by whoever sees it, under the same
/// names.
///
/// ```
/// use journeyman::testing::Invariant;
/// assert_eq!(Invariant::ALL.len(), 74);
/// assert_eq!(Invariant::X1.to_string(), "X1");
/// assert!(Invariant::X1.sentence().starts_with("The steps of an enrollment"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // each is said by its sentence
pub enum Invariant {
    X1,
    X2,
    X3,
    X4,
    X5,
    X6,
    X7,
    X8,
    X9,
    X10,
    X11,
    X12,
    X13,
    X14,
    X15,
    X16,
    X17,
    X18,
    X19,
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    S7,
    B1,
    B2,
    B3,
    B4,
    B5,
    B6,
    B7,
    B8,
    C1,
    C2,
    C3,
    C4,
    C5,
    C6,
    C7,
    C8,
    C9,
    C10,
    C11,
    C12,
    C13,
    C14,
    C15,
    C16,
    C17,
    C18,
    C19,
    C20,
    C21,
    C22,
    C23,
    C24,
    C25,
    C26,
    C27,
    C28,
    C29,
    C30,
    T1,
    Q1,
    R1,
    R2,
    R3,
    R4,
    G1,
    G2,
    G3,
    G4,
}

use Invariant::*;

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Invariant; 74] = [
        X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15, X16, X17, X18, X19, S1, S2, S3, S4,
        S5, S6, S7, B1, B2, B3, B4, B5, B6, B7, B8, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13,
        C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C25, C26, C27, C28, C29, C30, T1, Q1, R1, R2,
        R3, R4, G1, G2, G3, G4,
    ];

    /// Its short name, such as `X1`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            X1 => "X1",
            X2 => "X2",
            X3 => "X3",
            X4 => "X4",
            X5 => "X5",
            X6 => "X6",
            X7 => "X7",
            X8 => "X8",
            X9 => "X9",
            X10 => "X10",
            X11 => "X11",
            X12 => "X12",
            X13 => "X13",
            X14 => "X14",
            X15 => "X15",
            X16 => "X16",
            X17 => "X17",
            X18 => "X18",
            X19 => "X19",
            S1 => "S1",
            S2 => "S2",
            S3 => "S3",
            S4 => "S4",
            S5 => "S5",
            S6 => "S6",
            S7 => "S7",
            B1 => "B1",
            B2 => "B2",
            B3 => "B3",
            B4 => "B4",
            B5 => "B5",
            B6 => "B6",
            B7 => "B7",
            B8 => "B8",
            C1 => "C1",
            C2 => "C2",
            C3 => "C3",
            C4 => "C4",
            C5 => "C5",
            C6 => "C6",
            C7 => "C7",
            C8 => "C8",
            C9 => "C9",
            C10 => "C10",
            C11 => "C11",
            C12 => "C12",
            C13 => "C13",
            C14 => "C14",
            C15 => "C15",
            C16 => "C16",
            C17 => "C17",
            C18 => "C18",
            C19 => "C19",
            C20 => "C20",
            C21 => "C21",
            C22 => "C22",
            C23 => "C23",
            C24 => "C24",
            C25 => "C25",
            C26 => "C26",
            C27 => "C27",
            C28 => "C28",
            C29 => "C29",
            C30 => "C30",
            T1 => "T1",
            Q1 => "Q1",
            R1 => "R1",
            R2 => "R2",
            R3 => "R3",
            R4 => "R4",
            G1 => "G1",
            G2 => "G2",
            G3 => "G3",
            G4 => "G4",
        }
    }

    /// What must hold, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            X1 => {
                "The steps of an enrollment are numbered from 0 without a gap, begin with its entry, follow the edges of its journey version and never go back in time."
            }
            X2 => "No visit of a node is consumed twice.",
            X3 => {
                "An enrollment that has not ended stands where its last step led, on the version it entered."
            }
            X4 => {
                "The commits of a contact raise its revision one by one and never go back in time or in the mailbox."
            }
            X5 => {
                "An enrollment that ended has no state, takes no step and says nothing that its end took back."
            }
            X6 => "Nobody is in a journey twice at once, or enters it more often than it allows.",
            X7 => "The state, steps, messages and consents of a contact are the fold of its mail.",
            X8 => "One input or one timer leads an enrollment through no more nodes than the step budget.",
            X9 => "A contact draws the same lot at a split, whenever it passes.",
            X10 => "A jump is taken no more often than it may.",
            X11 => "A call is answered at most once, and what was answered leads on.",
            X12 => "What a run did is undone newest first, once, where its end asks for it.",
            X13 => {
                "A migration moves each run once, to the step that its map names, and does with its wait what the map says."
            }
            X14 => "Only who qualifies is enrolled at a publication.",
            X15 => "Who was ejected enters again only when an operator lets it in.",
            X16 => "A held run takes no step of its own.",
            X17 => "An import that is to trigger nothing opens no journey.",
            X18 => "What a step computes is what its expression makes of all that is known when it is taken.",
            X19 => {
                "The size of a segment is the number of those not erased whose state says that they are in it."
            }
            S1 => {
                "Every enrollment that has not ended waits for a timer, an event or a delivery that can still come."
            }
            S2 => {
                "What waits for an instant happens at it: never before, and later only where a pause held it."
            }
            S3 => "Once nothing fails any more, everything that is due happens.",
            S4 => "Of two workers that hold one contact, only one commits.",
            S5 => "A wait for a local time ends exactly once.",
            S6 => "Nothing waits for ever behind what is due later.",
            S7 => "A message is decided while its send window is open where the contact lives.",
            B1 => {
                "Every send that was decided has one message under its derived id, and no message is without one."
            }
            B2 => {
                "A channel that honours ids accepts a message once, and is called no more often than attempts have begun."
            }
            B3 => {
                "The status of a message agrees with its attempts, content and answer, and a final answer stays final."
            }
            B4 => {
                "What the outbox says of a message is what its contact was told and what the provider knows."
            }
            B5 => "Every attempt to deliver a message carries the same bytes.",
            B6 => "The outcome of one message of a batch depends on the channel's answer for it alone.",
            B7 => "Every content says a published edition of its template.",
            B8 => "The numbers that a message says are those that its contact had when it was taken.",
            C1 => {
                "Every message was allowed by the consents of its contact, whose chain is unbroken and whose fold is the standing."
            }
            C2 => "A message is handed over within the life of its permit.",
            C3 => "What a withdrawal forbids is not begun after it, unless a later grant allows it again.",
            C4 => "Of an erased contact nothing personal is left, and nothing more is handed over.",
            C5 => "The quiet hours of the policy hold.",
            C6 => {
                "Contacts that are one allow no more than both did, what is told of either reaches the one that goes on, and each thing counts once."
            }
            C7 => {
                "No message begins that the acts of its contact, each at its instant, do not allow, or that whoever has its address forbids."
            }
            C8 => "What a contact allows is what its acts come to, in whatever order they were told.",
            C9 => {
                "No link and no look at one gives a right or takes one away, what is asked by the button of a page is in force, and the head of every mail that is not owed has a way out."
            }
            C10 => "A STOP that came in is in force before any journey hears of it.",
            C11 => {
                "Nothing is begun for an address that came back for good, nor where somebody was erased but for what is owed, whoever has it and under whichever key."
            }
            C12 => {
                "An opening or a click is an event only where it was a person's, and allowed when it was made."
            }
            C13 => "A sale carries its own family of products alone, and no objection is outweighed by one.",
            C14 => "No personal value is in a log or an error.",
            C15 => {
                "Nothing begins outside the hours of the law, wherever its reader may be, and nothing waits for them longer than until they open."
            }
            C16 => "No window of a cap holds more begins than it allows.",
            C17 => {
                "Of what is ready together for one contact, the higher priority takes the place that a cap leaves."
            }
            C18 => {
                "A message that nobody is owed says how to stop such messages, where the policy asks for it."
            }
            C19 => "What is owed is said by a template that declares it, and by no other.",
            C20 => {
                "Who objects to marketing, or is too young, is in no score, tier or segment for it until a newer yes."
            }
            C21 => {
                "A third party is told of nobody without a yes to that, and of each yes that ended once, after the last call that told it something."
            }
            C22 => "Who was not heard of for longer than the policy allows is told nothing that is not owed.",
            C23 => "A minor is told only what a guardian allowed.",
            C24 => {
                "A message goes by the first of its channels that permits it, the preferred one before the others."
            }
            C25 => "A proof says what happened, and whoever changes it is refused.",
            C26 => {
                "What is said when its contact likes it is said in that hour, on the contact's clock, unless a deadline is sooner."
            }
            C27 => {
                "What must not arrive late says until when it may, the same at every attempt, no attempt begins later, and nothing else is lost for being late."
            }
            C28 => {
                "A decision is what the rules that it names make of what was known, it names them wherever it is read, and a rule changes none that is before its date."
            }
            C29 => "What is refused or put off names everything that stands in its way.",
            C30 => "A short message costs what an encoder needs for the letters that leave.",
            Q1 => "No offer gives more places than it has and each to one run.",
            T1 => "One big tick equals many small ones.",
            R1 => "A score is what its rules make of everything that was told, each at its instant.",
            R2 => "A score is never outside its bounds.",
            R3 => "A rule that fails in its script leaves the score, and whatever waits, as they were.",
            R4 => {
                "A contact is in the tier that its score allows, with hysteresis and stay, and each move is told once."
            }
            G1 => {
                "A contact is in a segment exactly where its definition, asked of everything known by then, says so."
            }
            G2 => "The order in which events arrive makes no difference to who is in a segment.",
            G3 => {
                "Entering and leaving a segment follow each other, each at its own instant, counted, and told once."
            }
            G4 => "Whoever is asked again at the same instant moves nowhere.",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invariant_has_a_place_a_name_and_a_sentence_of_its_own() {
        let codes: std::collections::BTreeSet<&str> = Invariant::ALL.iter().map(|one| one.code()).collect();
        let sentences: std::collections::BTreeSet<&str> =
            Invariant::ALL.iter().map(|one| one.sentence()).collect();
        assert_eq!((codes.len(), sentences.len()), (74, 74));
        assert!(Invariant::ALL.iter().all(|one| one.sentence().ends_with('.')));
        assert!(Invariant::ALL.is_sorted());
    }
}
