use std::collections::BTreeSet;
use std::thread;

use journeyman::Diagnostic;
use journeyman::rule::score::ScoreModel;

/// The least stack on which a host may compile scripts.
const STACK: usize = if cfg!(debug_assertions) { 2 << 20 } else { 512 << 10 };

/// Scripts that try to use up time, memory or the stack, to reach what they must not, or to confuse who reads them.
fn scripts() -> Vec<String> {
    let many = |text: &str, count: usize| text.repeat(count);
    let around = |open: &str, middle: &str, close: &str, count: usize| {
        format!("{}{middle}{};", open.repeat(count), close.repeat(count))
    };
    let mut scripts: Vec<String> = [
        // Time.
        "loop {}",
        "while true {}",
        "do {} while true",
        "do { } until false",
        "loop { on(\"a\", 1); }",
        "for n in 0..9223372036854775807 {}",
        "for n in range(0, 1000000000, 1) {}",
        "for n in range(1000000000, 0, -1) { tag(\"a\"); }",
        "for a in 0..1000 { for b in 0..1000 { for c in 0..1000 {} } }",
        "loop { try { loop {} } catch { continue; } }",
        "try { loop {} } catch (e) { }",
        "fn f() { loop {} } f();",
        "let n = 0; loop { n += 1; if n < 0 { break; } }",
        "for letter in \"abcdefgh\" { loop {} }",
        "let i = 0; while i < 100000 { i += 1; } on(\"a\", i);",
        "sleep(5);",
        "let t = timestamp(); loop { if t.elapsed > 5 { break; } }",
        // Calls and the stack.
        "fn f() { f() } f();",
        "fn f(n) { f(n + 1) } f(0);",
        "fn f() { g() } fn g() { f() } f();",
        "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } } on(\"a\", fib(60));",
        "fn f(n) { try { f(n + 1) } catch { f(n + 1) } } f(0);",
        "fn f(x) { !f(!x) } when(\"a\", f(tag(\"b\")), 1);",
        "fn f(a) { for x in [1] { f(a) } } f(1);",
        "fn f(n) { switch n { 0 => 1, _ => f(n - 1) } } f(1000);",
        "fn f() { `${f()}` } f();",
        "let s = \"eval(s)\"; eval(s);",
        "eval(\"loop {}\");",
        "let f = Fn(\"f\"); f.call();",
        "fn f() { call(Fn(\"f\")) } f();",
        "let f = |x| x; f.call(1);",
        "let f = |x| f.call(x); f.call(1);",
        "let m = #{}; let f = |x| m.x = x; f.call(f);",
        "fn on(a, b) { on(a, b) } on(\"a\", 1);",
        "fn f(x) { x.f() } f(tag(\"a\"));",
        "fn f() { this.f() } f();",
        "let f = Fn(\"x\").curry(1);",
        // Memory.
        "let s = \"x\"; loop { s += s; }",
        "let s = \"x\"; loop { s = s + s + s; }",
        "let s = `x`; loop { s = `${s}${s}`; }",
        "let a = [1]; loop { a = [a, a]; }",
        "let a = [1]; for n in 0..100 { a = [a, a, a, a]; }",
        "let a = []; loop { a += 1; }",
        "let a = []; loop { a.push(a); }",
        "let a = [0]; a.pad(1000000000, 0);",
        "let b = blob(1000000000);",
        "let s = \"a\"; s.pad(1000000000, 'b');",
        "let m = #{a: 1}; loop { m = #{a: m, b: m}; }",
        "let m = #{}; for n in 0..1000 { m[`k${n}`] = n; }",
        "let s = \"aa\"; loop { s.replace(\"a\", \"aaaa\"); }",
        "let a = [1, 2, 3]; loop { a.sort(); }",
        "let a = [1]; a.sort(|x, y| 1);",
        "let c = tag(\"a\"); loop { c = c & c; } when(\"x\", c, 1);",
        "let c = tag(\"a\"); for n in 0..100 { c = !c; } when(\"x\", c, 1);",
        "let c = tag(\"a\"); for n in 0..100 { c = (c || tag(\"b\")) && tag(\"c\"); } when(\"x\", c, 1);",
        "for n in 0..1000 { on(`event-${n}`, 1); }",
        "for n in 0..100 { tier(`tier-${n}`, n); }",
        "for n in 0..100 { threshold(`mark-${n}`, n); }",
        "for n in 0..100 { trail(attribute(`a${n}`), 1 * days); }",
        "for n in 0..100 { checklist(`list-${n}`, [\"a\"]); }",
        "let r = on(\"a\", 1); for n in 0..1000 { r.where(x == n); }",
        // What is not there.
        "import \"std\" as s;",
        "import \"/etc/passwd\" as p; on(\"a\", 1);",
        "export let x = 1;",
        "open(\"/etc/passwd\");",
        "system(\"rm -rf /\");",
        "let x = rand(); on(\"a\", x);",
        "print(\"hello\"); on(\"a\", 1);",
        "debug(1);",
        "let e = parse_json(\"{}\");",
        "exit(1);",
        "std::process::exit(1);",
        "global::x;",
        "this.x = 1;",
        "type_of(1);",
        "is_def_fn(\"on\", 2);",
        "let x = 1; x.tag = 2;",
        "spawn(1);",
        "throw \"nobody \\u0000 reads\\nthis\";",
        "throw tag(\"a\");",
        "throw [1, 2];",
        // Sums.
        "on(\"a\", 9223372036854775807 + 1);",
        "on(\"a\", -9223372036854775807 - 2);",
        "on(\"a\", 4611686018427387904 * 2);",
        "on(\"a\", 1 / 0);",
        "on(\"a\", 1 % 0);",
        "let x = -9223372036854775807 - 1; on(\"a\", -x);",
        "let x = -9223372036854775807 - 1; on(\"a\", x / -1);",
        "let x = -9223372036854775807 - 1; on(\"a\", abs(x));",
        "on(\"a\", 2 ** 64);",
        "on(\"a\", 2 ** -1 + 0.5);",
        "on(\"a\", 99999999999999999999);",
        "on(\"a\", 0x1ffffffffffffffff);",
        "on(\"a\", 1.0 / 0.0);",
        "when(\"a\", b > 1.0e300, 1);",
        "when(\"a\", b > 0.0 / 0.0, 1);",
        "peak(\"a\", 7 * days, 1.0e18);",
        "on(\"a\", 1).lasting(9223372036854775807);",
        "decay(106751991168 * days, -1);",
        "let a = [1]; on(\"a\", a[-9223372036854775807]);",
        "let a = [1]; on(\"a\", a[1]);",
        "on(\"a\", 1).cap(1).cap(2, days).where(1);",
        "let x = 5; on(\"a\", x[99]);",
        // What confuses the reader.
        "on(\"\\u202e\", 1)!;",
        "\u{0}",
        "\u{feff}\u{202e}on(\"a\", 1)",
        "on(\"a\u{0}\nb\", 1);",
        "о(\"a\", 1);",
        "\u{1f600}",
        "on(\u{201c}email.opened\u{201d}, 1);",
        "on('a\", 1);",
        "'",
        "\"",
        "`${",
        "`${`${`${`",
        "/*",
        "/* /* */",
        "#!/bin/sh",
        "\\",
        "}",
        "on(",
        "|||||",
        "&&&&",
        "|| ||",
        "!",
        "let",
        "fn",
        "fn on",
        "custom(",
        "custom(\"a\", |c| c.x);",
        "custom (\"a\", |c| { loop {} });",
        "custom/**/(\"a\", |c| 1);",
        "let custom = 1; custom(\"a\", 1);",
        "$ % & / ( ) = ?",
        "if followers > 1 { on(\"a\", 1); }",
        "while followers < 1 {}",
        "switch followers { 1 => on(\"a\", 1) }",
        "let x = followers; x += 1;",
        "for x in followers {}",
        "followers.x.y.z;",
        "followers[0];",
        "followers(1);",
        "tag(\"a\").cap(1);",
        "when(\"a\", when, 1).cap(2).silent();",
        "on(on, on);",
        "clamp(tier, tag);",
        "",
        " ",
        ";;;;",
        "// nothing",
    ]
    .map(str::to_owned)
    .into();
    for count in [40, 500, 3_900] {
        scripts.extend([
            around("(", "1", ")", count),
            around("[", "1", "]", count),
            around("{", "1", "}", count),
            around("!", "true", "", count),
            around("-", "1", "", count),
            around("#{a:", "1", "}", count / 2),
            around("`${", "1", "}`", count / 2),
            around("if true {", "1", "}", count / 2),
            around("tag(", "1", ")", count),
            around("x[", "1", "]", count),
            format!("let x = {}1;", many("1 + ", count)),
            format!("when(\"a\", {}tag(\"b\"), 1);", many("tag(\"b\") && ", 40 + count / 8)),
            format!("when(\"a\", {}b, 1);", many("!", count)),
        ]);
    }
    scripts.extend([
        format!("on(\"{}\", 1);", many("x", 129)),
        format!("on(\"{}\", 1);", many("x", 4_000)),
        format!("{};", many("x", 8_000)),
        format!("fn f({}a) {{}}", (0..1_000).map(|n| format!("a{n},")).collect::<String>()),
        format!("switch 1 {{ {} }}", (0..800).map(|n| format!("{n}=>1,")).collect::<String>()),
        (0..600).map(|n| format!("let a{n}=1;")).collect(),
        (0..300).map(|n| format!("fn f{n}(){{}}")).collect(),
        format!("one_of(x, [{}1]);", many("1,", 64)),
        format!("if true {{}} {}", many("else if true {} ", 500)),
        format!("on(\"a\", 1){};", many(".cap(1)", 1_000)),
        format!("a{};", many(".a", 2_000)),
        format!("a{};", many("?.a", 2_000)),
        format!("on(\"a\", 1); {}", many(" ", 8 * 1_024)),
        many("1;", 1_000_000),
        many("é", 2_000_000),
    ]);
    scripts
}

fn problems(script: &str, custom: bool) -> Vec<Diagnostic> {
    let compiled = ScoreModel::builder().custom(custom).compile(script);
    compiled.map_or_else(|error| error.diagnostics, |_| Vec::new())
}

/// Runs on a thread with the least stack that is promised to do.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap()
}

/// Whether somebody can read it: a known code, a place in the script, a sentence and a next step, on one line each.
fn is_clear(problem: &Diagnostic) -> bool {
    let told = [&problem.place, &problem.sentence, &problem.next];
    let line = |text: &&String| !text.is_empty() && text.len() < 400 && !text.contains(char::is_control);
    problem.code.starts_with(['R', 'J'])
        && problem.place.starts_with("line ")
        && problem.place.contains(", position ")
        && told.iter().all(line)
}

#[test]
fn every_hostile_script_ends_in_a_clear_error() {
    let scripts = scripts();
    assert!(scripts.iter().collect::<BTreeSet<_>>().len() >= 150);
    let unclear: Vec<String> = on_a_small_stack(move || {
        let mut unclear = Vec::new();
        for script in scripts {
            let problems = problems(&script, false);
            if problems.is_empty() || !problems.iter().all(is_clear) {
                let begin: String = script.chars().take(80).collect();
                unclear.push(format!("{begin:?} {problems:?}"));
            }
        }
        unclear
    });
    assert!(unclear.is_empty(), "{}", unclear.join("\n"));
}

/// Where functions are allowed they change nothing for who declares; what calls them is switched off.
#[test]
fn functions_open_no_door() {
    let open: Vec<String> = on_a_small_stack(|| {
        let scripts = scripts().into_iter().filter(|script| !script.contains("custom"));
        scripts.filter(|script| problems(script, true).is_empty()).collect()
    });
    assert!(open.is_empty(), "{open:?}");
}

/// As deep as the limits allow at once: nested expressions in functions that call each other.
#[test]
fn what_is_as_deep_as_allowed_does_no_harm() {
    on_a_small_stack(|| {
        for depth in 1..34 {
            for (open, close) in [
                ("(1+", ")"),
                ("[", "][0]"),
                ("if true {", "} else {0}"),
                ("{let x=", ";x}"),
                ("`${", "}`"),
                ("#{a:", "}.a"),
                ("switch 1 {_=>", "}"),
                ("!", ""),
                ("-", ""),
                ("attribute(", ")"),
                ("(true && ", ")"),
                ("try {", "} catch {0}"),
                ("for x in [1] {", "}"),
                ("loop { break ", ";}"),
                ("do { return ", ";} while true"),
            ] {
                let around = |inside: &str, depth: usize| {
                    format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
                };
                // What stands outside functions may be deeper.
                let (nested, outer) = (|inside| around(inside, depth), |inside| around(inside, depth + 11));
                let recursion = format!("fn f(n) {{ {} }} {};", nested("f(n-1)"), outer("f(20)"));
                let method = format!("fn f(n) {{ {} }} 1.f(1);", nested("n.f(n)"));
                for script in [recursion, method, format!("on(\"a\", 1); {};", nested("1"))] {
                    problems(&script, false);
                    problems(&script, true);
                }
            }
        }
    });
}

/// The same for a condition in a journey: it is an expression, with the same limits.
#[test]
fn no_hostile_condition_passes() {
    let passed: Vec<String> = on_a_small_stack(|| {
        let asked = |script: &String| {
            let definition = serde_json::json!({
                "journey": "x", "version": 1, "enter": { "on": { "event": "e" }, "if": { "script": script } },
                "steps": [{ "wait": "1d" }],
            });
            journeyman::Journey::from_json(&definition.to_string()).is_ok()
        };
        scripts().into_iter().filter(|script| script.len() < 100_000).filter(asked).collect()
    });
    assert_eq!(passed, [] as [&str; 0]);
}
