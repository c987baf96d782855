//! What a host allows a script.

use super::{Failure, ScoreModel};
use crate::error::BuildError;
use crate::model::Contact;
use crate::rule::script;

/// Compiles scripts with what a host allows them beside declarations.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScoreModelBuilder {
    custom: bool,
}

impl ScoreModelBuilder {
    /// Whether scripts may have functions of their own, `custom("fit", |c| ...)`. They are run for a contact whenever an
    /// attribute changes: hundreds of times slower than a rule, in the same sandbox and of at most 10,000 operations.
    #[must_use]
    pub fn custom(mut self, allowed: bool) -> Self {
        self.custom = allowed;
        self
    }

    /// Runs a script once and takes what it declares. Spans are elapsed time; a bare name is an attribute in `when` and a
    /// property of the event in `where`; both sides of `&&` and `||` are always read.
    ///
    /// ```
    /// use journeyman::rule::score::ScoreModel;
    /// let script = r#"
    ///     on("email.opened", 1);                                  // points for an event
    ///     on("link.clicked", 3).cap(9, 1 * days);                 // at most 9 a day
    ///     on("purchase", 20).where(amount >= 100 && currency == "EUR");
    ///     on("order", points(amount).per(10).at_most(50));        // points from a property
    ///     once("profile.completed", 5);
    ///     on("visit", 2).lasting(30 * days).silent();             // gone after a while, and no engagement
    ///     decay(7 * days, -5);                                    // for every full week of silence
    ///     clamp(0, 120);
    ///     tier("hot", 80).hysteresis(2).stay(2 * days);
    ///     tier("warm", 60);
    ///     when("size", between(followers, 1000, 15000), 20);      // for as long as it is true
    ///     when("vip", tag("vip") || plan == "gold", 5);
    ///     threshold("milestone", 60);
    ///     stagnation("stuck", 14 * days);
    ///     inactivity("asleep", 30 * days);
    ///     peak("on-fire", 7 * days, 3.0).at_least(5);
    ///     badge("ten-replies", "message.replied", 10);
    ///     challenge("march", "track.published", 4);
    ///     trail(30 * days);
    ///     trail(followers, 30 * days);
    ///     checklist("actions", ["profile.completed", "call.booked"]);
    /// "#;
    /// let model = ScoreModel::builder().compile(script).unwrap();
    /// assert_eq!((model.table().rules.len(), model.table().marks.len()), (8, 6));
    /// ```
    ///
    /// # Errors
    /// [`BuildError`] with every problem; places are lines and positions of the script.
    pub fn compile(self, source: &str) -> Result<ScoreModel, BuildError> {
        ScoreModel::of(script::declare(source, self.custom)?, source)
    }
}

impl ScoreModel {
    /// Compiles scripts that may do more than declare.
    ///
    /// ```
    /// use journeyman::model::Contact;
    /// use journeyman::rule::score::ScoreModel;
    /// let script = r#"custom("fit", |c| if c.followers > 1000 { 10 } else { 0 });"#;
    /// assert!(ScoreModel::compile(script).is_err()); // nobody allowed it
    /// let model = ScoreModel::builder().custom(true).compile(script).unwrap();
    /// let points = model.custom_points("fit", &Contact::new("lea").attribute("followers", 2_000));
    /// assert_eq!(points, Some(Ok(10)));
    /// ```
    #[must_use]
    pub fn builder() -> ScoreModelBuilder {
        ScoreModelBuilder::default()
    }

    /// The points that a custom function finds for a contact; `None` where no rule has this name.
    #[must_use]
    pub fn custom_points(&self, rule: &str, contact: &Contact) -> Option<Result<i64, Failure>> {
        let function = self.custom.iter().find(|function| function.rule() == rule)?;
        Some(function.points(contact))
    }
}
