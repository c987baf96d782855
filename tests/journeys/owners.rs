//! Who owns a contact, and in whose name it is written to.

use journeyman::model::{Answer, DeliveryStatus, Value};

use crate::scene::Scene;

fn among(names: &str) -> String {
    format!(
        "{{ journey: owns, reenter: always, enter: {{ on: {{ event: go }} }}, steps: [{{ id: own, assign: {{ role: coach, \
         among: [{names}] }} }}] }}"
    )
}

fn owner_of(scene: &Scene) -> Option<Value> {
    scene.contact().attributes.get("owner_coach").cloned()
}

#[test]
fn an_owner_is_drawn_once_and_stays_while_it_is_among_them() {
    let text = among("ana, ben, zoe");
    let mut drawn = std::collections::BTreeSet::new();
    for number in 0..30 {
        let mut scene = Scene::whose(&format!("c{number}"), &[&text], |_| {});
        scene.event("go");
        let owner = owner_of(&scene).unwrap();
        let Value::Text(name) = &owner else { panic!("{owner:?}") };
        assert_eq!(scene.walked()[1], format!("03-02 09:00 owns.own assigned {name}"));
        drawn.insert(name.to_string());
        // A hand gave it to somebody else, and that holds.
        scene.know(|contact| contact.attribute("owner_coach", "ben"));
        scene.event("go");
        assert_eq!(owner_of(&scene), Some("ben".into()));
        // Whoever is not one of them is nobody's owner any more.
        scene.know(|contact| contact.attribute("owner_coach", "gone"));
        scene.event("go");
        assert_eq!(owner_of(&scene), Some(owner));
    }
    assert_eq!(drawn.len(), 3, "{drawn:?}");
}

const BY_HOST: &str = "
journey: owns
enter: { on: { event: go } }
steps:
  - { id: own, assign: { role: coach, channel: crm, within: 10m, refused: nobody, otherwise: silent } }
  - { id: has, exit: has }
  - { id: nobody, exit: nobody }
  - { id: silent, exit: silent }
";

#[test]
fn the_host_names_the_owner_by_its_result() {
    type Story = fn(&mut Scene);
    let stories: [(&str, Story); 4] = [
        ("has", |scene| scene.host_answers(Answer::of("ana"))),
        ("nobody", |scene| scene.host_answers(Answer::new())),
        ("nobody", |scene| scene.settles(DeliveryStatus::Parked)),
        ("silent", |scene| scene.until("03-02 09:10")),
    ];
    for (end, story) in stories {
        let mut scene = Scene::of(&[BY_HOST]);
        scene.event("go");
        let call = scene.messages()[0].call.clone().unwrap();
        assert_eq!((&*call.ask, call.with.get("role")), ("assign", Some(&Value::from("coach"))));
        story(&mut scene);
        assert!(scene.walked().last().unwrap().ends_with(&format!("exited by step {end}")), "{end}");
        assert_eq!(owner_of(&scene), (end == "has").then(|| "ana".into()));
    }
}

fn says(from: &str) -> String {
    format!(
        "
journey: says
reenter: always
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: say, send: {{ channel: email, template: hello, purpose: news, from: {from}, refused: nobody }} }}
  - {{ id: told, exit: told }}
  - {{ id: nobody, exit: nobody }}
"
    )
}

#[test]
fn without_an_owner_and_without_somebody_else_a_message_is_refused() {
    let mut scene = Scene::of(&[&says("{ owner: coach }")]);
    scene.event("go");
    assert_eq!(
        scene.walked()[1..],
        ["03-02 09:00 says.say refused noowner", "03-02 09:00 says.nobody exited by step nobody"]
    );
    scene.know(|contact| contact.attribute("owner_coach", "ana"));
    scene.event("go");
    assert_eq!(scene.said(), ["03-02 09:00 hello"]);
    let mut scene = Scene::of(&[&says("{ owner: coach, otherwise: team }")]);
    scene.event("go");
    assert_eq!(scene.said(), ["03-02 09:00 hello"]);
}
