//! Bugs that are planted on purpose, to show that the simulator's invariants can fail, each by its own name, and that the second
//! opinion on segments (`tests/segments`) can tell.
//!
//! They exist only where the crate is built with `--cfg seeded_bugs`; in any other build [`is_on`] is a constant `false`.

/// A bug that others really had, and what must catch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // each is said by its sentence
#[allow(unreachable_pub)] // public in the build that plants them
#[cfg_attr(not(seeded_bugs), allow(dead_code))]
pub enum Bug {
    UnfencedCommit = 1,
    MessagesInASecondTransaction,
    IdPerAttempt,
    AmbiguousBeginCounts,
    ConsentAtPlanning,
    UnfencedAnswer,
    NewIdAfterATimeout,
    LeaseByTheWorkersClock,
    TimerByTheWorkersClock,
    LeaseWithoutEnd,
    CheckedThenInserted,
    ErasureSparesTheOutbox,
    FinishedBeginsAgain,
    PoisonStopsTheBatch,
    AttemptsCountedAtTheEnd,
    ReadAtTheClaim,
    TimerOutlivesTheExit,
    AnswersByPosition,
    PermitFromTheBegin,
    NewestVersionInFlight,
    DueAfterItsInstant,
    LocalTimeInUtc,
    WithdrawalWaitsItsTurn,
    AnybodyLifts,
    QuietHoursInUtc,
    ExitLeavesMessages,
    RenderedAnew,
    WaitsFromTheWake,
    EntersAgain,
    DrawsAnew,
    JumpsForEver,
    EndUntold,
    WindowInUtc,
    AnswerTwice,
    CallForgets,
    UndoForwards,
    PlaceTwice,
    PlaceKept,
    EditionForgotten,
    MigrationLosesThePlace,
    EnrollsEverybody,
    EjectForgets,
    HeldRuns,
    ImportTriggers,
    NumbersUnasked,
    DecayAfterItsInstant,
    ClampAtTheEnd,
    NoHysteresis,
    SeedForgetsWhatCame,
    ComputesTooEarly,
    FlipLate,
    WindowClosed,
    DefinitionOpensDoors,
    SeedForgetsStreams,
    CountsStaleCommits,
    ErasureKeepsTheCount,
    LaterDeadlineKept,
    OneFewerKept,
    NewestByArrival,
    SameAnswerForgetsItsEnd,
    EqualInstantsCollapse,
    SecondAfterFirst,
    RetractionKeepsSequences,
    CalendarDaysInUtc,
    CountsFromReceipt = 65,
    StartGivesEverything,
    SilenceAllows,
    LateClickCounts,
    LooksWithdraw,
    LinkGivesBack,
    StopAfterItsEvent,
    BounceMarksTheContact,
    ErasureFreesTheAddress,
    TrackingByTheToken,
    MachinesOpen,
    AnySaleCounts,
    NumberInTheLog,
    CapCheckedThenBegun = 78,
    PlaceBackOnAnyAnswer,
    PriorityForgotten,
    LegalHoursInUtc,
    ProofOfEventsAlone,
    OptOutInOneLanguage,
    SegmentsByLetters,
    FirstReasonAlone,
    OwedUnasked,
    SilenceBySweep,
    RowBeforeItsDate,
    MinorsAskNobody,
    MergeWidens,
    PreferenceUnheard,
    StepWithdrawsOnRecordAlone,
    OldKeyForgotten,
    PreferredTimeInUtc = 94,
    ProfilingGoesOn = 95,
    RemovalForgotten = 96,
    ValidityUnsaid = 97,
    EditionOfThePolicyAlone = 98,
    OneIdForEveryYes = 99,
    TeamHoursElapsed = 100,
    ExportUnasked = 101,
    StartGivesAnOlderStop = 102,
    WaitsByNoRules = 103,
    LawCountsNothing = 105,
    SilenceIsNo = 106,
    StepByNoRules = 107,
    WantedIsTooLate = 108,
    DeferralForgotten = 109,
    ErasureTakesReasons = 110,
    ProvidersTrackAnybody = 111,
    ConfirmsNothing = 112,
    KeywordWithinAWord = 113,
    AccentsAsWritten = 114,
    OpeningsKeepAlive = 115,
    MailWithoutAWayOut = 116,
    FirstOpeningSkipped = 117,
    RightForTheOldKey = 118,
    OneIdOneAct = 119,
    WayOutUnasked = 120,
    ErasureTakesDecisions = 121,
}

#[cfg(not(seeded_bugs))]
pub(crate) const fn is_on(_: Bug) -> bool {
    false
}

#[cfg(seeded_bugs)]
pub(crate) fn is_on(bug: Bug) -> bool {
    planted() == Some(bug)
}

#[cfg(seeded_bugs)]
pub use planting::{plant, planted};

#[cfg(seeded_bugs)]
mod planting {
    use std::cell::Cell;

    use super::Bug;
    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// The bug that is planted on this thread.
    pub fn planted() -> Option<Bug> {
        PLANTED.get()
    }

    /// Plants a bug on this thread, or none.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    use Bug::*;

    impl Bug {
        /// All of them, by number.
        pub const ALL: [Bug; 119] = [
            UnfencedCommit,
            MessagesInASecondTransaction,
            IdPerAttempt,
            AmbiguousBeginCounts,
            ConsentAtPlanning,
            UnfencedAnswer,
            NewIdAfterATimeout,
            LeaseByTheWorkersClock,
            TimerByTheWorkersClock,
            LeaseWithoutEnd,
            CheckedThenInserted,
            ErasureSparesTheOutbox,
            FinishedBeginsAgain,
            PoisonStopsTheBatch,
            AttemptsCountedAtTheEnd,
            ReadAtTheClaim,
            TimerOutlivesTheExit,
            AnswersByPosition,
            PermitFromTheBegin,
            NewestVersionInFlight,
            DueAfterItsInstant,
            LocalTimeInUtc,
            WithdrawalWaitsItsTurn,
            AnybodyLifts,
            QuietHoursInUtc,
            ExitLeavesMessages,
            RenderedAnew,
            WaitsFromTheWake,
            EntersAgain,
            DrawsAnew,
            JumpsForEver,
            EndUntold,
            WindowInUtc,
            AnswerTwice,
            CallForgets,
            UndoForwards,
            PlaceTwice,
            PlaceKept,
            EditionForgotten,
            MigrationLosesThePlace,
            EnrollsEverybody,
            EjectForgets,
            HeldRuns,
            ImportTriggers,
            NumbersUnasked,
            DecayAfterItsInstant,
            ClampAtTheEnd,
            NoHysteresis,
            SeedForgetsWhatCame,
            ComputesTooEarly,
            FlipLate,
            WindowClosed,
            DefinitionOpensDoors,
            SeedForgetsStreams,
            CountsStaleCommits,
            ErasureKeepsTheCount,
            LaterDeadlineKept,
            OneFewerKept,
            NewestByArrival,
            SameAnswerForgetsItsEnd,
            EqualInstantsCollapse,
            SecondAfterFirst,
            RetractionKeepsSequences,
            CalendarDaysInUtc,
            CountsFromReceipt,
            StartGivesEverything,
            SilenceAllows,
            LateClickCounts,
            LooksWithdraw,
            LinkGivesBack,
            StopAfterItsEvent,
            BounceMarksTheContact,
            ErasureFreesTheAddress,
            TrackingByTheToken,
            MachinesOpen,
            AnySaleCounts,
            NumberInTheLog,
            CapCheckedThenBegun,
            PlaceBackOnAnyAnswer,
            PriorityForgotten,
            LegalHoursInUtc,
            ProofOfEventsAlone,
            OptOutInOneLanguage,
            SegmentsByLetters,
            FirstReasonAlone,
            OwedUnasked,
            SilenceBySweep,
            RowBeforeItsDate,
            MinorsAskNobody,
            MergeWidens,
            PreferenceUnheard,
            StepWithdrawsOnRecordAlone,
            OldKeyForgotten,
            PreferredTimeInUtc,
            ProfilingGoesOn,
            RemovalForgotten,
            ValidityUnsaid,
            EditionOfThePolicyAlone,
            OneIdForEveryYes,
            ExportUnasked,
            StartGivesAnOlderStop,
            WaitsByNoRules,
            LawCountsNothing,
            SilenceIsNo,
            StepByNoRules,
            WantedIsTooLate,
            DeferralForgotten,
            ErasureTakesReasons,
            ProvidersTrackAnybody,
            ConfirmsNothing,
            KeywordWithinAWord,
            AccentsAsWritten,
            OpeningsKeepAlive,
            MailWithoutAWayOut,
            FirstOpeningSkipped,
            RightForTheOldKey,
            OneIdOneAct,
            WayOutUnasked,
            ErasureTakesDecisions,
        ];

        /// Those that the second opinion on segments must catch (`tests/segments`); the simulator does not look for them.
        pub const OF_SEGMENTS: [Bug; 4] =
            [EqualInstantsCollapse, SecondAfterFirst, RetractionKeepsSequences, CalendarDaysInUtc];

        /// Those that the tests of consent must catch (`tests/consent_planted`): what they break is a pure function, and is named
        /// as the contract of consent names it.
        pub const OF_CONSENT: [Bug; 4] =
            [StartGivesAnOlderStop, ConfirmsNothing, OpeningsKeepAlive, OneIdOneAct];
        /// Those that the tests of merges must catch (`tests/consent_merge`): they need three records of one person, which the
        /// simulator draws too rarely.
        pub const OF_MERGES: [Bug; 1] = [SilenceIsNo];
        /// Those that the obligations of a store must catch (`tests/store_memory`): two workers must ask at one instant for the
        /// last place of one contact, which the simulator draws too rarely.
        pub const OF_STORES: [Bug; 1] = [CapCheckedThenBegun];
        /// Those that the second opinion on team hours must catch (`tests/consent_hours`).
        pub const OF_HOURS: [Bug; 1] = [TeamHoursElapsed];

        /// Its number, as `SEEDED_BUG` names it.
        pub fn number(self) -> u8 {
            self as u8
        }

        /// The code of the invariant that must catch it.
        pub fn invariant(self) -> &'static str {
            match self {
                UnfencedCommit | LeaseByTheWorkersClock => "S4",
                MessagesInASecondTransaction => "B1",
                IdPerAttempt | AmbiguousBeginCounts | NewIdAfterATimeout | AttemptsCountedAtTheEnd => "B2",
                ConsentAtPlanning | WithdrawalWaitsItsTurn | AnybodyLifts => "C3",
                UnfencedAnswer | AnswersByPosition => "B6",
                TimerByTheWorkersClock | WaitsFromTheWake => "S2",
                LeaseWithoutEnd | PoisonStopsTheBatch | DueAfterItsInstant => "S6",
                CheckedThenInserted => "X2",
                ErasureSparesTheOutbox => "C4",
                FinishedBeginsAgain => "B3",
                ReadAtTheClaim => "X7",
                TimerOutlivesTheExit => "S1",
                PermitFromTheBegin => "C2",
                NewestVersionInFlight => "X1",
                LocalTimeInUtc => "S5",
                QuietHoursInUtc => "C5",
                ExitLeavesMessages => "X5",
                RenderedAnew => "B5",
                EntersAgain => "X6",
                DrawsAnew => "X9",
                JumpsForEver => "X10",
                EndUntold => "S1",
                WindowInUtc => "S7",
                AnswerTwice => "X11",
                CallForgets => "S1",
                UndoForwards => "X12",
                PlaceTwice => "Q1",
                PlaceKept => "X12",
                EditionForgotten => "B7",
                MigrationLosesThePlace => "X13",
                EnrollsEverybody => "X14",
                EjectForgets => "X15",
                HeldRuns => "X16",
                ImportTriggers => "X17",
                NumbersUnasked => "B8",
                DecayAfterItsInstant | ClampAtTheEnd | SeedForgetsWhatCame => "R1",
                NoHysteresis => "R4",
                ComputesTooEarly => "X18",
                WindowClosed | SeedForgetsStreams => "G1",
                LaterDeadlineKept | OneFewerKept => "G1",
                EqualInstantsCollapse | SecondAfterFirst | RetractionKeepsSequences | CalendarDaysInUtc => {
                    "G1"
                }
                NewestByArrival => "G2",
                SameAnswerForgetsItsEnd => "G4",
                TeamHoursElapsed => "I30",
                FlipLate | DefinitionOpensDoors => "G3",
                CountsStaleCommits | ErasureKeepsTheCount => "X19",
                CountsFromReceipt | LateClickCounts => "C8",
                StartGivesEverything | SilenceAllows => "C7",
                LooksWithdraw | LinkGivesBack | MailWithoutAWayOut => "C9",
                StopAfterItsEvent | KeywordWithinAWord | AccentsAsWritten => "C10",
                BounceMarksTheContact | ErasureFreesTheAddress => "C11",
                TrackingByTheToken | MachinesOpen | ProvidersTrackAnybody => "C12",
                AnySaleCounts => "C13",
                NumberInTheLog => "C14",
                CapCheckedThenBegun | PlaceBackOnAnyAnswer | LawCountsNothing => "C16",
                PriorityForgotten => "C17",
                LegalHoursInUtc | RowBeforeItsDate | FirstOpeningSkipped => "C15",
                ProofOfEventsAlone | DeferralForgotten | ErasureTakesReasons | ErasureTakesDecisions => "C25",
                OptOutInOneLanguage | WayOutUnasked => "C18",
                SegmentsByLetters => "C30",
                StartGivesAnOlderStop => "I16",
                FirstReasonAlone => "C29",
                ConfirmsNothing => "I2",
                OneIdOneAct => "I1",
                OpeningsKeepAlive => "I22",
                OwedUnasked => "C19",
                SilenceBySweep => "C22",
                MinorsAskNobody => "C23",
                ProfilingGoesOn => "C20",
                RemovalForgotten | OneIdForEveryYes | ExportUnasked => "C21",
                MergeWidens | SilenceIsNo | RightForTheOldKey => "C6",
                PreferenceUnheard => "C24",
                StepWithdrawsOnRecordAlone => "C7",
                OldKeyForgotten => "C11",
                PreferredTimeInUtc => "C26",
                ValidityUnsaid | WantedIsTooLate => "C27",
                EditionOfThePolicyAlone | WaitsByNoRules | StepByNoRules => "C28",
            }
        }

        /// What it does wrong.
        pub fn sentence(self) -> &'static str {
            match self {
                UnfencedCommit => "a commit is applied whatever its lease and revision say",
                MessagesInASecondTransaction => {
                    "the messages of a commit follow in a transaction of their own"
                }
                IdPerAttempt => "each attempt hands the message over under an id of its own",
                AmbiguousBeginCounts => "a begin whose outcome is unknown is treated as begun",
                ConsentAtPlanning => "consent is asked when a message is decided and not when it begins",
                UnfencedAnswer => "an answer is taken for whatever attempt is the current one",
                NewIdAfterATimeout => "after an unknown outcome the message goes out under a new id",
                LeaseByTheWorkersClock => "a worker's clock judges whether a lease is over",
                TimerByTheWorkersClock => "a worker's clock judges what is due",
                LeaseWithoutEnd => "what was claimed and not committed is never handed out again",
                CheckedThenInserted => "an id is looked up in one call and inserted in the next",
                ErasureSparesTheOutbox => "an erasure cancels no message and blanks no content",
                FinishedBeginsAgain => "a message that was settled after it was taken begins again",
                PoisonStopsTheBatch => "a batch that the store refuses is tried again whole",
                AttemptsCountedAtTheEnd => "an attempt is counted when it is settled and not when it begins",
                ReadAtTheClaim => "mail counts as read when it is handed out",
                TimerOutlivesTheExit => "a contact that waits for nothing keeps its last due time",
                AnswersByPosition => "the answers for a batch are matched by their place",
                PermitFromTheBegin => "a permit counts from the begin, however old the judgement is",
                NewestVersionInFlight => "people in flight follow the newest version",
                DueAfterItsInstant => "a contact is due after its instant and not at it",
                LocalTimeInUtc => "a local time of day is taken in UTC",
                WithdrawalWaitsItsTurn => "a withdrawal is only appended to the mailbox",
                AnybodyLifts => "anybody's grant lifts a denial of a shared address",
                QuietHoursInUtc => "quiet hours are judged in UTC",
                ExitLeavesMessages => "an exit takes no message back",
                RenderedAnew => "each attempt renders the message anew",
                WaitsFromTheWake => "a wait counts from when the engine woke",
                EntersAgain => "a journey is entered again while it lasts, and sooner than it allows",
                DrawsAnew => "a split draws another lot at every passage",
                JumpsForEver => "nobody counts how often a jump was taken",
                EndUntold => "nobody tells a journey that the one it entered has ended",
                WindowInUtc => "send windows are judged in UTC",
                AnswerTwice => "an answer is taken for whatever call the contact waits for",
                CallForgets => "the time-out of a call is never due",
                UndoForwards => "what a run did is undone oldest first",
                PlaceTwice => "each attempt to ask for a place asks for another one",
                PlaceKept => "a run that ends gives no place back",
                EditionForgotten => "a template that replaces another leaves no edition",
                MigrationLosesThePlace => "a migration lets every wait begin anew",
                EnrollsEverybody => "a publication does not ask who may pass its doors",
                EjectForgets => "nobody remembers that an operator took a contact out",
                HeldRuns => "a run that is held walks on",
                ImportTriggers => "an import opens journeys although nobody asked for it",
                NumbersUnasked => {
                    "a worker that is new renders what it took before it knew that numbers are read"
                }
                DecayAfterItsInstant => "a silence counts from when the engine woke",
                ClampAtTheEnd => "the bounds of a score are kept once for everything that one event brings",
                NoHysteresis => "a tier is left as soon as the score is below it",
                SeedForgetsWhatCame => "a score counted anew is taken although more was told meanwhile",
                ComputesTooEarly => "a step computes of what was known before it sets anything",
                FlipLate => "a segment that time moves is left when the engine woke, and not at its instant",
                WindowClosed => "an event still counts at the instant at which its window is over",
                DefinitionOpensDoors => "whom a new definition moves passes the doors that wait for moves",
                SeedForgetsStreams => "a new segment begins without the history that it asks for",
                CountsStaleCommits => "who moves in a commit that is refused is counted all the same",
                ErasureKeepsTheCount => "an erased contact still counts in the segments that it was in",
                LaterDeadlineKept => "what is due sooner than before is waited for as long as before",
                OneFewerKept => "of the newest events one fewer is kept than are counted",
                NewestByArrival => "the newest events are those that arrived last",
                SameAnswerForgetsItsEnd => {
                    "an answer that is found unchanged forgets when it will next change"
                }
                EqualInstantsCollapse => "two events of one instant are one",
                SecondAfterFirst => {
                    "the second event of a sequence does not count at the instant of the first"
                }
                RetractionKeepsSequences => "what is retracted still counts in sequences",
                CalendarDaysInUtc => "local days of segments are taken in UTC",
                TeamHoursElapsed => "a deadline in team hours is counted in hours of every day",
                CountsFromReceipt => "an act counts from when it was received, whatever it says",
                StartGivesEverything => "a START gives back whatever was ever withdrawn on its channel",
                SilenceAllows => "who never said anything allows everything",
                LateClickCounts => {
                    "a double opt-in counts from its click, though it was withdrawn since the request"
                }
                LooksWithdraw => "looking at an unsubscribe link withdraws",
                LinkGivesBack => "an unsubscribe link can be asked to give back",
                StopAfterItsEvent => "a journey hears of a STOP before it is in force",
                BounceMarksTheContact => "a hard bounce is kept with the contact and not for its address",
                ErasureFreesTheAddress => "an erasure forgets that its addresses are denied",
                TrackingByTheToken => "a visit is tracked because its message was",
                MachinesOpen => "the visit of a program counts as a person's",
                AnySaleCounts => "a sale of any family carries the purpose",
                NumberInTheLog => "the log says from where a text came",
                CapCheckedThenBegun => {
                    "a cap is counted when a message is taken, and not asked again when it begins"
                }
                PlaceBackOnAnyAnswer => "whatever is not accepted gives its place under a cap back",
                PriorityForgotten => "the message that was decided first takes the place that a cap leaves",
                LegalHoursInUtc => "the hours of the law are taken in UTC",
                ProofOfEventsAlone => "the digest of a proof leaves its decisions out",
                OptOutInOneLanguage => {
                    "what a text must say of how to stop it is added to the first language alone"
                }
                SegmentsByLetters => "a letter counts as one unit of a short message",
                FirstReasonAlone => "the first reason why a contact may not be told hides the others",
                OwedUnasked => "what is owed is said by any template",
                SilenceBySweep => "a silence is judged by a sweep, and no sweep comes",
                RowBeforeItsDate => "a row of the law holds before its date",
                MinorsAskNobody => "a minor allows for itself",
                ProfilingGoesOn => "scores and segments go on counting whoever objects",
                RemovalForgotten => "a yes that ended is told to no third party",
                OneIdForEveryYes => "a third party knows a contact by one id, under whichever yes it is told",
                ExportUnasked => "nobody asks again when a third party is told",
                SilenceIsNo => "what a merge ended without a no counts as one in the next merge",
                LawCountsNothing => "the caps of the law are written down and not counted",
                WaitsByNoRules => "what is put off does not say by which rules",
                StepByNoRules => "a step that refuses a message does not say by which rules",
                DeferralForgotten => "a proof forgets that a message was put off once it is sent",
                ErasureTakesReasons => "an erasure takes the reasons along for which nothing was said",
                ProvidersTrackAnybody => "an opening that a provider tells is kept of anybody",
                ConfirmsNothing => "a yes is believed to confirm a request that nobody made",
                KeywordWithinAWord => "a keyword is found within another word",
                AccentsAsWritten => "a keyword is no keyword without its accent",
                OpeningsKeepAlive => "an opening counts as a sign of the person",
                MailWithoutAWayOut => "the head of a mail says nothing of how to unsubscribe",
                FirstOpeningSkipped => "what waits for the hours of the law waits a day longer than it must",
                RightForTheOldKey => {
                    "a right for one address ends with the key that its fingerprint was made by"
                }
                WayOutUnasked => "nobody asks whether a message offers the way out that the law asks for",
                ErasureTakesDecisions => "an erasure takes what steps decided without a message",
                OneIdOneAct => "of two acts under one id of the host's the second is taken for the first",
                WantedIsTooLate => "a message is lost to a deadline after which it is said all the same",
                StartGivesAnOlderStop => "a START gives back what an older STOP took too",
                MergeWidens => "of two contacts that are one, what either allows is allowed",
                PreferenceUnheard => "channels are asked as they are written, whichever is preferred",
                StepWithdrawsOnRecordAlone => "a step withdraws on record and not at the gate",
                OldKeyForgotten => "what was denied under a former key is not looked up under the newer one",
                PreferredTimeInUtc => "a preferred time of day is taken in UTC",
                ValidityUnsaid => {
                    "the end of the hours counts when a message begins, and its provider never hears of it"
                }
                EditionOfThePolicyAlone => {
                    "a permit names the version of its policy and not the tables of the law in it"
                }
            }
        }
    }
}
