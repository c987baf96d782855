//! The numbered examples as real processes: each says what it should.
//!
//! `cargo test` builds the examples first; `cargo test --test examples` alone takes those that were built last.

use std::path::Path;
use std::process::Command;

fn page(name: &str) -> String {
    let deps = std::env::current_exe().unwrap();
    let target = deps.parent().and_then(Path::parent).unwrap();
    let path = target.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "run `cargo build --examples` first: there is no {}", path.display());
    let output = Command::new(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn examples_without_real_time_print_the_same_every_time() {
    for name in [
        "01_hello",
        "02_own_channel",
        "04_consent",
        "05_yaml_or_rust",
        "06_mermaid",
        "07_call_the_host",
        "08_offer_with_places",
        "09_edit_in_flight",
        "10_a_year_in_a_second",
        "11_conversation",
        "consent",
        "scoring",
        "links_axum",
    ] {
        insta::assert_snapshot!(name, page(name));
    }
}

#[test]
fn the_tokio_loop_sends_what_is_due_and_stops() {
    let page = page("03_host_loop_tokio");
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("Welcome!")).count(), 2, "{page}");
    assert_eq!(lines.iter().filter(|line| line.contains("Still there?")).count(), 1, "{page}");
    assert!(
        lines.iter().any(|line| line.starts_with("c-1: 2 message(s)") && line.contains("Completed")),
        "{page}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with("c-2: 1 message(s)") && line.contains("Goal")),
        "{page}"
    );
}
