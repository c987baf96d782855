//! The library: a script that declared a table, applied to a state.

use journeyman::model::Attributes;
use journeyman::rule::Performed;
use journeyman::rule::score::{EventId, Heard, ScoreModel, ScoreState};
use journeyman::time::Zone;

use crate::contender::{CONTACTS, Contender, DAY, Given, KINDS, START, each};

const SCRIPT: &str = r#"
on("email.opened", 1); on("link.clicked", 3); on("app.login", 5); on("message.replied", 10); on("action.done", 15);
decay(7 * days, -5);
clamp(0, 120);
"#;

/// Contacts, whose clocks go on for as long as events come.
pub(crate) struct Ours {
    model: ScoreModel,
    kinds: [EventId; 5],
    kept: Vec<(ScoreState, i64)>,
    properties: Attributes,
    performed: Performed,
    zone: Zone,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let model = ScoreModel::compile(SCRIPT).expect("the script declares a table");
        let kinds = KINDS.map(|kind| model.event(kind).expect("a rule is about it"));
        let (properties, performed, zone) = (Attributes::new(), Performed::default(), Zone::utc());
        let kept = vec![(model.start(), START); CONTACTS];
        Self { kept, model, kinds, properties, performed, zone }
    }
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        "journeyman"
    }

    fn repeats(&self) -> usize {
        80
    }

    #[inline]
    fn score(&mut self, given: &Given) -> i64 {
        let (state, now) = &mut self.kept[given.contact];
        *now += given.idle_days * DAY;
        self.model.pass(state, *now, &self.zone, &mut |_, _| {});
        let heard = Heard::new(&self.properties, *now, *now, &self.zone, &self.performed);
        self.model.hear(state, self.kinds[given.kind as usize], &heard, &mut |_| {});
        state.value
    }

    each!();
}
