//! What the random stories walk through.

use journeyman::Journey;

/// Journeys that use every kind of step, every trigger and every form of entering again.
pub(crate) fn journeys() -> Vec<Journey> {
    let welcome = r#"
journey: welcome
version: 1
zone: Europe/Paris
enter: { on: { event: signed_up } }
reenter: { after: 2d }
exit:
  - { on: { event: booked, where: { number: { at_least: 2 } } }, as: goal }
  - { on: { event: replied } }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing } }
  - { wait_until: { entry: +3d } }
  - { id: ask, wait_for: { any: [{ event: clicked, where: { number: 1 }, goto: thanks }, { event: seen }], within: 2d, otherwise: objection } }
  - { id: score, branch: { when: [{ if: { attribute: score, at_least: 50 }, goto: thanks }], else: next } }
  - { id: objection, send: { channel: sms, template: objection, purpose: marketing } }
  - { wait_until: { entry: 6d, time: "09:30" } }
  - { id: thanks, send: { channel: email, template: thanks, purpose: marketing } }
"#;
    let careful = r#"
journey: careful
version: 3
enter:
  - { on: { event: seen, where: { number: 0 } } }
  - { on: { event: clicked }, if: { not: { performed: booked } } }
reenter: always
steps:
  - { wait_until: { time: "02:30" } }
  - { id: try, send: { channel: email, template: a, purpose: marketing, refused: plan_b } }
  - { wait: 1d }
  - { id: again, branch: { when: [{ if: { performed: replied, since: entry }, goto: end }, { if: { attribute: age, below: 40 }, goto: try }], else: end } }
  - { id: plan_b, send: { channel: sms, template: b, purpose: onboarding, refused: end } }
  - { id: end, exit: done }
"#;
    let nightly = r#"
journey: nightly
version: 1
enter: { on: { event: booked } }
reenter: always
max_duration: 5d
steps:
  - { id: turn, wait: 1h }
  - { wait_until: { time: "23:45" } }
  - { id: note, send: { channel: sms, template: note, purpose: marketing }, goto: turn }
"#;
    let dated = r#"
journey: dated
version: 1
zone: Europe/Paris
enter:
  - { on: { date: event_at, offset: -1d, time: "10:00" } }
  - { on: { date: event_at, offset: +2h }, if: { not: { tag: gold } } }
  - { on: { attribute: age, becomes: { at_least: 60 } } }
reenter: { after: 12h, from: exit }
late: { grace: 6h, then: send }
steps:
  - { id: soon, send: { channel: sms, template: hello, purpose: marketing, window: "Tue-Sat 10:00-14:00 18:00-20:00", deadline: { within: 12h, then: send } } }
  - { id: comes, wait_until: { date: event_at, offset: +3h } }
  - { id: mark, set: { attributes: { age: 20 }, unset: [score], tags: [gold], untag: [blue] } }
  - { wait_until: { days: Mon-Fri, time: "09:00", window: "09:30-12:00" } }
  - { id: points, score: { name: spark, add: 15 } }
  - { id: more, score: { name: spark, add: -5 } }
  - { id: tell, emit: { event: seen, properties: { number: 0 } } }
"#;
    let points = r#"
journey: points
version: 2
opens: "2026-03-05T12:00"
closes: "2026-03-15T00:00"
enter:
  - { on: { score: spark, reaches: 50 } }
  - { on: { score: spark, falls_below: 20 } }
  - { on: { tier: spark, moves: up } }
  - { on: { segment: dormant, moves: in } }
  - { on: { keyword: [Oui] } }
  - { on: { host: invite, where: { number: { at_least: 1 } } } }
reenter: { concurrent: true, gap: 30m }
exit:
  - { on: { segment: dormant, moves: out } }
  - { on: { tier: spark, moves: down, to: cold }, as: goal }
late: { grace: 1h, then: skip }
spacing: skip
steps:
  - { id: lot, split: { ways: [{ weight: 50, goto: a }, { weight: 50, goto: b }] } }
  - { id: a, emit: { event: clicked, properties: { number: 1 } } }
  - { id: b, wait_for: { since: entry, any: [{ event: clicked }, { if: { score: spark, at_least: 60 } }, { segment: dormant, moves: in }], within: 1d } }
  - { id: turn, wait: 3h }
  - { id: ask, branch: { when: [{ if: { attribute: age, below: 40 }, goto: say }], else: say, unknown: back } }
  - { id: back, jump: { to: turn, most: 2 } }
  - { id: say, send: { channel: sms, template: proof, purpose: marketing, deadline: 6h } }
  - { id: again, send: { channel: email, template: proof, purpose: marketing } }
  - { id: out, leave: { journey: welcome } }
"#;
    let orders = r#"
journey: orders
version: 1
enter: { on: { event: booked } }
reenter: { one_per: number, after: 1d }
exit: [{ on: { event: replied }, if: { not: { tag: gold } } }]
late: { then: exit }
spacing: 30h
steps:
  - { id: first, send: { channel: sms, template: thanks, purpose: marketing } }
  - { id: sub, enter: { journey: child, within: 2d, results: [{ is: done, goto: fine }, { is: goal, goto: fine }] } }
  - id: wait
    wait_for:
      any: [{ keyword: stop }, { attribute: age }, { journey: welcome, ended: [goal, exit] }, { if: { tier: spark, is: hot } }]
      within: 1d
  - { id: fine, send: { channel: email, template: thanks, purpose: onboarding } }
"#;
    let child = r#"
journey: child
version: 1
enter: [{ on: { journey: welcome } }, { on: { form: contact } }]
reenter: always
spacing: merge
exit: [{ on: { score: spark, reaches: 30 }, as: goal }, { on: { host: invite } }]
steps:
  - { id: a, send: { channel: sms, template: note, purpose: marketing } }
  - { id: b, send: { channel: email, template: note, purpose: marketing } }
  - { id: w, wait_for: { any: [{ event: clicked }, { journey: orders }], within: 12h } }
  - { id: end, exit: done }
"#;
    let ping = r#"
journey: ping
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hear, wait_for: { any: [{ event: replied }, { event: pong }], within: 3d, otherwise: end } }
  - { id: say, emit: { event: ping }, goto: hear }
  - { id: end, exit: done }
"#;
    let pong = r#"
journey: pong
version: 1
holdout: 100
enter: { on: { event: signed_up } }
steps:
  - { id: hear, wait_for: { any: [{ event: ping }], within: 3d, otherwise: end } }
  - { id: say, emit: { event: pong }, goto: hear }
  - { id: end, send: { channel: email, template: note, purpose: onboarding } }
"#;
    let heat = r#"
journey: heat
version: 1
enter:
  - { on: { tier: heat, moves: up } }
  - { on: { mark: stuck, of: heat } }
  - { on: { mark: asleep, of: heat, moves: either } }
reenter: { concurrent: true, gap: 30m }
exit: [{ on: { tier: heat, moves: down }, as: goal }, { on: { mark: high, of: heat } }]
steps:
  - { id: ask, branch: { when: [{ if: { score: heat, at_least: 10 }, goto: more }, { if: { mark: stuck, of: heat }, goto: tell }], else: more } }
  - { id: more, score: { name: heat, add: 6 } }
  - { id: tell, emit: { event: clicked, properties: { number: 1 } } }
  - { id: turn, wait_for: { any: [{ score: heat, falls_below: 5 }, { mark: high, of: heat, moves: down }], within: 30h } }
  - { id: gold, set: { tags: [gold] } }
  - { id: say, send: { channel: email, template: note, purpose: onboarding } }
"#;
    [heat, welcome, careful, orders, points, child, dated, nightly, ping, pong]
        .map(|text| Journey::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}")))
        .into()
}
