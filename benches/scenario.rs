//! Scenarios of many contacts: ten thousand people walk the seven-day sequence of `examples/welcome` in thirty virtual days.
//! `cargo bench --bench scenario`.
//!
//! `together` tells all sign-ups at one instant, `apart` one a minute, so that almost every instant has one contact; `read` is
//! the reading of the file and `timeline` what is printed of it.

#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use journeyman::sim::Scenario;

fn text(contacts: usize, sign_up: &str) -> String {
    format!(
        r#"
scenario: welcome
start: 2026-03-23T09:00:00+01:00
end: 30d
zone: Europe/Paris
journeys: journey.yaml
templates: templates.yaml
contacts:
  - count: {contacts}
    id: "artist-{{n}}"
    locale: fr
    attributes:
      first_name: "Léa {{n}}"
      score: 78
      status: Émergent
      target_level: Confirmé
      strengths: [Voix 18/20]
      weaknesses: [Régularité 6/20]
      recommended_service: Coaching de sortie
    addresses: {{ email: "artist-{{n}}@example.org", sms: "+3363998{{n}}" }}
    consents: [{{ purpose: [onboarding, marketing], channels: [email, sms] }}]
inputs:
  - {{ at: "+10m", contacts: all, event: prospect.signed_up{sign_up} }}
"#
    )
}

fn read(text: &str) -> Scenario {
    Scenario::from_yaml(text, |path| match path {
        "journey.yaml" => Ok(include_str!("../examples/welcome/journey.yaml").to_owned()),
        _ => Ok(include_str!("../examples/welcome/templates.yaml").to_owned()),
    })
    .unwrap()
}

fn scenarios(criterion: &mut Criterion) {
    let contacts = if common::is_test() { 100 } else { 10_000 };
    let (together, apart) = (text(contacts, ""), text(contacts, ", apart: 1m"));
    let mut group = criterion.benchmark_group("scenario");
    group.sample_size(10);
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(&together))));
    for (name, text) in [("together", &together), ("apart", &apart)] {
        let scenario = read(text);
        let summary = scenario.run().unwrap().summary();
        assert_eq!(summary.sent.values().sum::<usize>(), 6 * contacts, "{summary}");
        group.bench_function(name, |bencher| bencher.iter(|| scenario.run().unwrap()));
    }
    let timeline = read(&together).run().unwrap();
    group.bench_function("timeline", |bencher| {
        bencher.iter(|| (timeline.to_string().len(), timeline.json_lines().len()));
    });
    group.finish();
}

criterion_group!(benches, scenarios);
criterion_main!(benches);
