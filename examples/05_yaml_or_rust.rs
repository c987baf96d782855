//! A journey is a definition, however it is written: YAML, JSON or Rust. What is wrong with one is said all at once.

use journeyman::journey::Reenter;
use journeyman::rule::PredicateDefinition;
use journeyman::time::Span;
use journeyman::{BuildError, Journey};

const WRITTEN: &str = r#"
journey: welcome
version: 1
zone: Europe/Paris
enter: { on: { event: signed_up } }
reenter: { after: 1mo }
exit: [{ on: { event: call.booked }, as: goal }]
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 2d }
  - { id: fans, branch: { when: [{ if: { attribute: followers, at_least: 1000 }, goto: offer }], else: advice } }
  - { id: offer, send: { channel: email, template: offer, purpose: marketing }, goto: end }
  - { id: advice, send: { channel: email, template: advice, purpose: marketing } }
  - { id: end, exit: completed }
"#;

const BROKEN: &str = r#"
journey: Welcome!
version: 0
steps:
  - { id: hello, send: { channel: email, template: hello } }
  - { id: again, wait: 2d, goto: helo }
  - { id: never, wait_until: { time: "25:00" } }
"#;

fn main() -> Result<(), BuildError> {
    let written = Journey::from_yaml(WRITTEN)?;
    let built = Journey::builder("welcome")
        .zone("Europe/Paris")
        .enter_on("signed_up")
        .reenter(Reenter::after(Span::months(1)))
        .goal("call.booked")
        .send("hello", "email", "hello", "onboarding")
        .wait(Span::days(2))
        .branch("fans", PredicateDefinition::attribute_at_least("followers", 1_000), "offer", "advice")
        .send("offer", "email", "offer", "marketing")
        .goto("end")
        .send("advice", "email", "advice", "marketing")
        .exit("end", "completed")
        .build()?;
    println!("the same definition: {}", written.definition == built.definition);
    println!("the same hash:       {}", written.hash == built.hash);

    println!("\nand one that is broken:");
    match Journey::from_yaml(BROKEN) {
        Ok(_) => println!("  nothing was found"),
        Err(problems) => problems.diagnostics.iter().for_each(|problem| println!("  {problem}")),
    }
    Ok(())
}
