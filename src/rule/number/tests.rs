//! Which paths there are, and what they answer.

use chrono::{DateTime, Utc};

use super::*;
use crate::model::{Contact, Fact};
use crate::rule::score::Trail;
use crate::rule::{Performed, Rating};

const RULES: &str = r#"
    on("reply", 10); clamp(0, 50);
    tier("warm", 20);
"#;

/// A contact whose score of `spark` was 10 on day 0, 20 on day 5 and 40 on day 8, and who had 100 followers on day 0 and 160
/// on day 9.
struct Lea {
    contact: Contact,
    performed: Performed,
    rating: Rating,
    models: BTreeMap<Name, Arc<ScoreModel>>,
}

fn lea() -> Lea {
    let mut table = ScoreModel::compile(RULES).unwrap().table().clone();
    let trail = |attribute: Option<&str>| Trail { attribute: attribute.map(Name::from), span: 30 * DAY };
    table.trails = vec![trail(None), trail(Some("followers"))];
    table.checklists = vec![("actions".into(), ["reply", "call", "song"].map(Name::from).to_vec())];
    let model = ScoreModel::from_table(table).unwrap();
    let (mut performed, mut rating) = (Performed::default(), Rating::default());
    let mut state = model.start();
    state.trails = vec![TrailState::default(); 2];
    for (day, value) in [(0, 10), (5, 20), (8, 40)] {
        performed.record(&"reply".into(), instant(day));
        state.trails[0].record(day * DAY, Some(value), 30 * DAY);
    }
    state.trails[1].record(0, Some(100), 30 * DAY);
    state.trails[1].record(9 * DAY, Some(160), 30 * DAY);
    state.value = 40;
    rating.apply(&Fact::Score { score: "spark".into(), value: 40 });
    rating.apply(&Fact::Tier { score: "spark".into(), from: None, to: Some("warm".into()), up: true });
    rating.models.insert("spark".into(), state);
    let contact = Contact::new("lea").attribute("followers", 160).attribute("city", "Lyon");
    Lea { contact, performed, rating, models: [("spark".into(), Arc::new(model))].into() }
}

fn instant(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(day * DAY).unwrap()
}

impl Lea {
    fn on_day(&self, day: i64) -> Facts<'_> {
        Facts::new(&self.contact, &self.performed, &self.rating).at(instant(day)).scored_by(&self.models)
    }

    fn ask(&self, path: &str, day: i64) -> Option<i64> {
        match Number::parse(path).unwrap().of(&self.on_day(day)) {
            Some(Value::Integer(number)) => Some(number),
            None => None,
            other => panic!("{path} is {other:?}"),
        }
    }
}

#[test]
fn every_path_has_its_answer() {
    let lea = lea();
    for (path, on_day_10) in [
        ("score.spark", Some(40)),
        ("score['spark']", Some(40)),
        ("score.spark.first", Some(10)),
        ("score.spark.last", Some(40)),
        ("score.spark.change", Some(30)),
        ("score.spark.change_48h", Some(0)),
        ("score.spark.change_3d", Some(20)),
        ("score.spark.change_1w", Some(30)),
        ("score.spark.change_10d", Some(30)),
        ("score.spark.change_11d", None),
        ("score.spark.projected_2d", Some(40)),
        // 40 and 20 more, within the bounds.
        ("score.spark.projected_3d", Some(50)),
        ("number.followers", Some(160)),
        ("number.followers.first", Some(100)),
        ("number.followers.change_2d", Some(60)),
        ("number.followers.projected_2d", Some(220)),
        ("number.city", None),
        ("number.unknown.change", None),
        ("score.unknown", None),
        ("score.unknown.change", None),
        ("event.reply.days", Some(2)),
        ("event[\"reply\"].count", Some(3)),
        ("event['app.login'].count", Some(0)),
        ("event['app.login'].days", None),
        ("done.actions.done", Some(1)),
        ("done.actions.of", Some(3)),
        ("done.unknown.of", None),
    ] {
        assert_eq!(lea.ask(path, 10), on_day_10, "{path}");
    }
    let tier = Number::parse("score.spark.tier").unwrap();
    assert_eq!(tier.of(&lea.on_day(10)), Some("warm".into()));
    assert_eq!(tier.path(), "score.spark.tier");
}

#[test]
fn days_are_full_days_and_never_less_than_none() {
    let lea = lea();
    let days = Number::parse("event.reply.days").unwrap();
    for (milliseconds, full) in [(8 * DAY, 0), (9 * DAY - 1, 0), (9 * DAY, 1), (10 * DAY - 1, 1), (0, 0)] {
        let at = DateTime::from_timestamp_millis(milliseconds).unwrap();
        assert_eq!(days.of(&lea.on_day(0).at(at)), Some(full.into()), "{milliseconds}");
    }
}

#[test]
fn what_counts_back_is_not_known_without_an_instant_nor_without_the_models() {
    let mut lea = lea();
    let facts = Facts { at: None, ..lea.on_day(10) };
    assert_eq!(Number::parse("event.reply.days").unwrap().of(&facts), None);
    assert_eq!(Number::parse("score.spark.change_3d").unwrap().of(&facts), None);
    assert_eq!(Number::parse("score.spark.change").unwrap().of(&facts), Some(30.into()));
    let alone = Facts { models: None, ..lea.on_day(10) };
    assert_eq!(Number::parse("score.spark").unwrap().of(&alone), Some(40.into()));
    assert_eq!(Number::parse("score.spark.change").unwrap().of(&alone), None);
    assert_eq!(Number::parse("done.actions.of").unwrap().of(&alone), None);
    // Nor where other rules counted the contact, whose trails were others.
    lea.rating.models.get_mut("spark").unwrap().model += 1;
    assert_eq!((lea.ask("score.spark", 10), lea.ask("score.spark.change", 10)), (Some(40), None));
    assert_eq!(lea.ask("number.followers.change", 10), None);
}

#[test]
fn how_often_is_not_known_where_the_names_were_too_many() {
    let mut lea = lea();
    for number in 0..Performed::MOST_NAMES {
        lea.performed.record(&format!("e{number}").into(), instant(1));
    }
    assert_eq!((lea.ask("event.reply.count", 9), lea.ask("event.unseen.count", 9)), (Some(3), None));
    assert_eq!((lea.ask("done.actions.done", 9), lea.ask("done.actions.of", 9)), (None, Some(3)));
}

#[test]
fn a_score_that_has_a_model_is_known_from_the_beginning() {
    let lea = lea();
    let nobody = (Performed::default(), Rating::default());
    let facts = Facts::new(&lea.contact, &nobody.0, &nobody.1).scored_by(&lea.models);
    assert_eq!(Number::parse("score.spark").unwrap().of(&facts), Some(0.into()));
    assert_eq!(Number::parse("score.spark.tier").unwrap().of(&facts), None);
}

#[test]
fn what_is_no_path_is_explained() {
    for (path, said) in [
        ("", "begin with score, number, event, done"),
        ("spark", "begin with score, number, event, done"),
        ("score", "name it, such as score.spark"),
        ("event", "name it, such as event['app.login'].days"),
        ("score.", "take it away"),
        ("score.spark.teir", "ask for tier, first"),
        ("score.spark.change_30", "ask for tier"),
        ("score.spark.change_1mo", "ask for tier"),
        ("score.spark.change_0d", "ask for tier"),
        ("score.spark.change_-1d", "ask for tier"),
        ("score.spark.change_99999999999999999999d", "ask for tier"),
        ("score.spark.change_36601d", "ask for tier"),
        ("number.followers.tier", "ask for first"),
        ("event.app.login.days", "a name with dots is written in brackets"),
        ("event.signed_up", "add .days or .count"),
        ("done.actions", "add .done or .of"),
        ("event['app.login'].dayz", "ask for days, count"),
        ("event['app.login']['days']", "brackets"),
        ("event[app.login].days", "stands in quotes"),
        ("event[''].days", "write the name"),
        ("event['a", "stands in quotes"),
        ("event['a\\'b'].days", "stands in quotes"),
        ("score.spark more", "goes on after a number"),
        ("score .spark", "name it"),
        ("score.é", "ends with a dot"),
    ] {
        let error = Number::parse(path).map(|number| format!("{number:?}")).unwrap_err().to_string();
        assert!(error.contains(said), "{path:?}: {error}");
    }
}
