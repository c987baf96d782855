//! What is wrong with a recurrence or a calendar.

/// One problem of a definition of time: the field, a sentence, the next step. The caller knows the place around it.
///
/// ```
/// use journeyman::time::RecurrenceDefinition;
/// let never: RecurrenceDefinition = serde_json::from_str(r#"{"every": "year", "month": 2, "day": 31}"#)?;
/// let problems = never.compile().unwrap_err();
/// assert_eq!(problems[0].field, "day");
/// assert_eq!(problems[0].to_string(), "day: month 2 never has a day 31; write `day: last`, or a day that it has");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Which field of the definition.
    pub field: &'static str,
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub next: String,
}

impl Problem {
    pub(super) fn new(field: &'static str, sentence: impl Into<String>, next: impl Into<String>) -> Self {
        Self { field, sentence: sentence.into(), next: next.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.field, self.sentence, self.next)
    }
}
