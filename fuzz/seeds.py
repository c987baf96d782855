#!/usr/bin/env python3
"""Writes the seeds of the corpora: from the fixtures and examples of the crate, and by hand where nothing of the kind
exists. Run it after changing it: python3 fuzz/seeds.py. Files it did not write (found inputs) stay as they are."""

import json
import random
import re
import sqlite3
from pathlib import Path

HERE = Path(__file__).resolve().parent
CRATE = HERE.parent
CORPUS = HERE / "corpus"


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(content if isinstance(content, bytes) else content.encode())


def drawn(target, count, length):
    """Bytes that a target draws from; none of them begins as a text would."""
    chance = random.Random(target)
    for number in range(count):
        first = chance.choice([0, 1, 2, 3])
        write(target, f"drawn-{number:02}", bytes([first]) + chance.randbytes(length * (1 + number % 4)))


def fixtures(ending, folder="tests/fixtures/broken"):
    return sorted((CRATE / folder).glob(f"*.{ending}"))


def head(**more):
    return {"journey": "x", "version": 1, "enter": {"on": {"event": "signed_up"}}, **more}


def definitions():
    for path in fixtures("yaml")[::2]:
        write("definition_yaml", path.stem, path.read_bytes())
    for path in fixtures("json"):
        write("definition_json", path.stem, path.read_bytes())
    welcome = (CRATE / "examples/welcome/journey.yaml").read_text()
    write("definition_yaml", "welcome", welcome)
    texts = re.findall(r'r#"\n(journey: .*?)"#', (CRATE / "tests/definitions.rs").read_text(), re.S)
    for number, text in enumerate(texts[:4]):
        write("definition_yaml", f"told-{number}", text)
    send = {"channel": "email", "template": "hello", "purpose": "onboarding"}
    wait_for = {"any": [{"event": "clicked", "where": {"cta": "book"}, "goto": "end"}], "within": "2d"}
    tag = {"tag": "vip"}
    deep = tag
    for _ in range(31):
        deep = {"not": deep}
    good = {
        "send": head(steps=[{"send": send}]),
        "refused": head(steps=[{"id": "a", "send": {**send, "refused": "a"}}, {"wait": "1s", "goto": "a"}]),
        "refused-on": head(steps=[{"send": {**send, "refused": "end"}}, {"wait": "1d"}, {"id": "end", "exit": "done"}]),
        "every-second": head(reenter="always", steps=[{"id": "a", "wait": "1s"}, {"send": send, "goto": "a"}]),
        "hundred-years": head(reenter={"after": "36600d"}, max_duration="36600d", steps=[{"wait": "1180mo"}, {"wait": "876000h"}]),
        "lord-howe": head(zone="Australia/Lord_Howe", steps=[{"wait_until": {"entry": "1mo", "time": "02:15"}}, {"wait_until": {"time": "02:15"}}, {"send": send}]),
        "wait-for": head(exit=[{"on": {"event": "paid"}, "as": "goal"}], steps=[{"wait_for": wait_for}, {"send": send}, {"id": "end", "exit": "done"}]),
        "branch": head(steps=[{"branch": {"when": [{"if": {"attribute": "score", "at_least": 40, "below": 60.5}, "goto": "end"}], "else": "next"}}, {"wait": "1d"}, {"id": "end", "exit": "done"}]),
        "deep": head(enter={"on": {"event": "e"}, "if": deep}, steps=[{"wait": "1d"}]),
        "rush": head(steps=[{"send": send} for _ in range(63)]),
        "values": head(enter={"on": {"event": "e", "where": {"a": {"instant": "9999-12-31T23:59:59Z"}, "b": {"date": "2028-02-29"}, "c": {"decimal": "0.10"}, "d": {"one_of": [1, "x", True, [1, [2]]]}}}}, steps=[{"wait": "1d"}]),
        "head": head(opens="2026-03-29T02:30", closes="9998-01-01T00:00", holdout=100, spacing="merge", late={"grace": "2h", "then": "exit"}, reenter={"after": "1mo", "from": "exit", "one_per": "order", "concurrent": True, "gap": "10m"}, steps=[{"wait": "1d"}]),
        "triggers": head(enter=[{"on": on} for on in [
            {"form": "signup", "where": {"step": 2}}, {"keyword": ["OUI", "été"], "channel": "sms"}, {"attribute": "plan", "becomes": "premium"},
            {"segment": "dormant", "moves": "in"}, {"tier": "spark", "moves": "up", "to": "gold"}, {"score": "spark", "reaches": 75},
            {"score": "spark", "falls_below": -9223372036854775808}, {"date": "ends_at", "offset": "-36600d", "time": "02:15"},
            {"schedule": {"every": "year", "month": 2, "day": 29, "leap": "mar_1"}}, {"journey": "x", "ended": ["goal", "done"]}, {"host": "invite"}]],
            exit=[{"on": {"segment": "customers", "moves": "in"}, "if": {"tier": "spark", "is": "gold"}, "as": "goal"}], steps=[{"wait": "1d"}]),
        "steps": head(reenter="always", steps=[
            {"id": "a", "send": {**send, "window": "Sun 02:15-02:45", "deadline": {"within": "1s", "then": "send"}}},
            {"wait_until": {"date": "ends_at", "offset": "-7d", "days": "Fri-Mon", "window": "22:00-02:00"}},
            {"set": {"attributes": {"ends_at": {"date": "9999-12-31"}}, "unset": ["a"], "tags": ["t"], "untag": ["u"]}},
            {"score": {"name": "spark", "add": 9223372036854775807}}, {"emit": {"event": "signed_up", "properties": {"a": [1]}}},
            {"wait_for": {"any": [{"if": {"score": "spark", "at_least": 0}}, {"segment": "s", "moves": "out"}], "since": "ever", "within": "1s"}},
            {"split": {"ways": [{"weight": 0, "goto": "next"}, {"weight": 100, "goto": "b"}], "salt": "x"}}, {"wait": "1s"},
            {"id": "b", "enter": {"journey": "x", "within": "1d", "results": [{"is": "goal", "goto": "next"}], "otherwise": "next"}},
            {"leave": {"journey": "x"}}, {"wait": "1d"}, {"jump": {"to": "a", "most": 65535}}]),
        "emits-its-own-door": head(reenter={"gap": "1s", "concurrent": True}, steps=[{"emit": {"event": "signed_up"}}, {"wait_for": {"any": [{"event": "signed_up"}], "within": "1s"}}]),
        "all-at-once": head(version=4294967295, description="é\u0000\u202e", steps=[{"wait_until": {"time": "23:59"}}, {"exit": "done"}]),
    }
    hostile = {
        "rush-too-long": head(steps=[{"send": send} for _ in range(64)]),
        "deeper": head(enter={"on": {"event": "e"}, "if": {"not": deep}}, steps=[{"wait": "1d"}]),
        "span-too-long": head(steps=[{"wait": "99999999999999999999mo"}]),
        "span-sum": head(steps=[{"wait": "1181mo36600d"}]),
        "months": head(max_duration="18446744073709551615mo", steps=[{"wait": "1d"}]),
        "version": {**head(steps=[{"wait": "1d"}]), "version": 4294967296},
        "minus": {**head(steps=[{"wait": "-1d"}]), "version": -1},
        "circle": head(steps=[{"id": "a", "branch": {"when": [{"if": tag, "goto": "a"}], "else": "a"}}]),
        "times": head(steps=[{"wait_until": {"time": text}} for text in ["24:00", "23:60", "2:5", "-1:00", "09:30:00", "٠٩:٣٠"]]),
        "no-ways": head(steps=[{"branch": {"when": [], "else": "next"}}, {"wait_for": {"any": [], "within": "0s"}}]),
    }
    for name, definition in {**good, **hostile}.items():
        write("definition_json", name, json.dumps(definition, ensure_ascii=False))
        write("definition_yaml", f"flow-{name}", json.dumps(definition, ensure_ascii=False))
    for path in (CORPUS / "definition_yaml").glob("seed-flow-*"):
        if path.name.removeprefix("seed-flow-") not in ("lord-howe", "wait-for", "branch", "values", "refused", "every-second", "hundred-years", "rush"):
            path.unlink()
    write("definition_json", "surrogate", '{"journey": "\\ud800", "version": 1}')
    write("definition_json", "number", '{"journey": "x", "version": 1e999, "steps": [{"wait": 1e-400}]}')
    write("definition_yaml", "bomb", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\njourney: x\nversion: 1\nsteps: [*b,*b,*b,*b,*b]\n")
    write("definition_yaml", "alias", "journey: x\nversion: 1\nenter: { on: { event: e } }\nsteps:\n  - &w { wait: 2h }\n  - *w\n  - *w\n")
    write("definition_yaml", "merge", "a: &a { <<: *a }\njourney: x\nversion: 1\n")
    write("definition_yaml", "words", "journey: no\nversion: 0x1\nenter: { on: { event: null } }\nsteps: [ { wait: ~ }, { exit: !!str 1 } ]\n")
    write("definition_yaml", "documents", "journey: x\nversion: 1\n---\njourney: y\nversion: 1\n")
    write("definition_yaml", "folded", "journey: >-\n  x\nversion: 1\nenter:\n  on:\n    event: |\n      e\nsteps:\n- wait: 1d\n")
    drawn("definition_json", 16, 120)
    drawn("definition_yaml", 16, 120)


def events():
    event = lambda **more: json.dumps({"contact": "lea", "name": "signed_up", **more}, ensure_ascii=False)
    said = lambda kind, **more: json.dumps({kind: more}, ensure_ascii=False)
    evidence = {"source": "form", "wording": "v1"}
    lea = said("identify", id="lea", attributes={"first_name": "Léa"}, addresses={"email": {"value": "l@x"}}, zone="Europe/Paris")
    yes = said("consent", contact="lea", purpose="onboarding", channel="email", status="granted", evidence=evidence)
    nested = lambda depth: json.loads("[" * depth + "]" * depth)
    cases = {
        "story": [lea, yes, event(), "+3600", event(name="link.clicked"), "+200000", event(name="paid")],
        "twice": [event(id="1"), event(id="1"), "+10", event(id="1")],
        "late": [event(at="2026-03-23T07:00:00Z"), event(at="2026-02-01T00:00:00Z")],
        "future": [event(at="2026-04-23T07:00:00Z"), event(at="9998-12-31T00:00:00Z"), "+3000000"],
        "odd-instants": [event(at=at) for at in ["1969-12-31T23:59:59.999Z", "9999-12-31T23:59:60Z", "+262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z", "2026-03-29T02:30:00+02:00", "2026-03-23T08:00:00.123456789Z"]],
        "deep": [event(properties={"p": nested(8)}), event(properties={"p": nested(9)}), event(properties={"p": nested(100)})],
        "deep-contact": [said("identify", id="lea", attributes={"a": nested(9)})],
        "empty-names": [event(contact=""), event(contact=" "), event(name=""), event(id=" ")],
        "long-names": [event(contact="x" * 256), event(contact="x" * 257), event(name="é" * 128), event(name="é" * 129)],
        "numbers": [event(properties={"a": 9223372036854775807, "b": 18446744073709551615, "c": -0.0, "d": 1e-28, "e": 1.5})],
        "decimals": [event(properties={"a": {"decimal": "79228162514264337593543950335"}, "b": {"decimal": "-0.000"}})],
        "dates": [event(properties={"a": {"date": "+262142-12-31"}, "b": {"instant": "-0001-01-01T00:00:00Z"}})],
        "texts": [event(properties={"a": "\u0000\u202e\ufeff", "": "", " ": "x"})],
        "zone": [said("identify", id="lea", zone="Mars/Olympus"), said("identify", id="lea", zone="Pacific/Apia"), event()],
        "address": [said("identify", id="lea", addresses={"email": {"value": "a@x\r\nBcc: b@x"}}), said("identify", id="lea", addresses={"": {"value": "x"}})],
        "take-away": [said("identify", id="lea", attributes={"a": 1}, tags=["t"]), said("identify", id="lea", unset=["a", "b"], untag=["t"]), "+1"],
        "inner": [said("resume", journey="greeting"), said("delivery", message="00" * 16, attempt=1, at="2026-03-23T08:00:00Z", status="accepted"), said("suppression", channel="email", address="00" * 16)],
        "withdrawn": [said("consent", contact="lea", purpose="p", channel="email", status="withdrawn", evidence=evidence), said("withdrawal", contact="lea", evidence=evidence)],
        "consents": [lea, yes, yes, said("consent", contact="lea", purpose="", channel="email", status="granted", evidence=evidence)],
        "far": ["+3999999", event(), "+3999999", event(at="2026-03-23T08:00:00Z")],
        "pending": [event(at=f"2027-01-{1 + day % 28:02}T00:00:00Z", name=f"e{day}") for day in range(63)],
        "no-json": ["{", '{"contact": 1}', "+x", ""],
    }
    for name, lines in cases.items():
        write("event_ingest", name, "\n".join(lines))
    drawn("event_ingest", 16, 60)


def predicates():
    ask = lambda asked, **more: json.dumps({"if": asked, **more}, ensure_ascii=False)
    attribute = lambda **more: {"attribute": "a", **more}
    deep = {"tag": "t"}
    for _ in range(31):
        deep = {"not": deep}
    cases = {
        "tag": ask({"tag": "t"}, tags=["t"]),
        "performed": ask({"performed": "seen", "since": "entry"}, events=["seen", "seen"]),
        "band": ask(attribute(at_least=40, below=60), attributes={"a": 59.99}),
        "one-of": ask(attribute(one_of=["x", 1, True, {"date": "2026-03-23"}]), attributes={"a": {"date": "2026-03-23"}}),
        "contains": ask(attribute(contains="é"), attributes={"a": ["é", ["é"]]}),
        "contains-text": ask(attribute(contains=""), attributes={"a": ""}),
        "missing": ask({"all": [attribute(exists=False), {"not": attribute(below=1)}]}),
        "any": ask({"any": [{"tag": "t"}, {"all": [{"tag": "u"}, {"performed": "seen"}]}]}, tags=["u"], events=["seen"]),
        "integers": ask(attribute(above=9223372036854775807), attributes={"a": {"decimal": "9223372036854775807.5"}}),
        "decimals": ask(attribute(at_most={"decimal": "0.1000000000000000000000000000"}), attributes={"a": 0.1}),
        "instants": ask(attribute(**{"is": {"instant": "9999-12-31T23:59:59.999Z"}}), attributes={"a": {"instant": "9999-12-31T23:59:59.999999Z"}}),
        "lists": ask(attribute(**{"is": [1, [2]]}), attributes={"a": [1, [2]]}),
        "depth-32": ask(deep, tags=["t"]),
        "depth-33": ask({"not": deep}),
        "depth-64": ask(json.loads('{"not":' * 60 + '{"tag":"t"}' + "}" * 60)),
        "empty-list": ask({"all": []}),
        "two-questions": ask({"tag": "t", "performed": "seen"}),
        "no-question": ask({}),
        "no-comparison": ask(attribute()),
        "since-alone": ask({"tag": "t", "since": "ever"}),
        "one-of-nothing": ask(attribute(one_of=[])),
        "not-json": '{"if": {"tag": ',
        "unknown-field": ask({"tags": "t"}),
        "wide": ask({"any": [attribute(**{"is": number}) for number in range(300)]}, attributes={"a": 299}),
        "wider": ask({"any": [{"tag": "t"}] * 1001}),
    }
    for name, text in cases.items():
        write("predicate", name, text)
    drawn("predicate", 16, 40)


def templates():
    part = lambda *parts: "\n---\n".join(parts)
    loop = "{% for a in contact.many %}{% for b in contact.many %}{{ a }}{% endfor %}{% endfor %}"
    nest = "".join(f"{{% for {b} in [[{a},{a}]] %}}" for a, b in zip(["contact.l"] + [f"x{n}" for n in range(29)], [f"x{n}" for n in range(30)]))
    cases = {
        "plain": part("<p>Bonjour {{ contact.first_name }}</p>", "Bonjour {{ contact.first_name }}", "Bonjour"),
        "filters": part("{{ contact.first_name | upper | trim | lower | capitalize | default('toi') }}"),
        "loop": part("<ul>{% for item in contact.l %}<li>{{ loop.index }} {{ item }}</li>{% else %}-{% endfor %}</ul>"),
        "nested": part("{% for items in contact.nested %}{% for item in items %}{{ item }}{% endfor %}{% endfor %}"),
        "whole": part("{{ contact }}", "{{ contact }}"),
        "index": part("{{ contact[contact.key] }}{{ contact['a'] }}{{ contact.l[0] }}{{ contact.l[-1] }}"),
        "slice": part("{{ contact.a[1:] }}{{ contact.l[:2] }}{{ contact.first_name[::-1] }}"),
        "attribute": part("<a href='{{ contact.a }}' title=\"{{ contact.first_name }}\">x</a>"),
        "script": part("<script>var a = '{{ contact.a }}';</script><!-- {{ contact.a }} -->"),
        "if": part("{% if contact.n >= 45 and not contact.b %}a{% elif contact.a in contact.l %}b{% else %}c{% endif %}"),
        "defined": part("{% if contact.b is not defined %}{{ contact.id }}{{ contact.locale }}{% endif %}"),
        "comments": part("{# {{ contact.b #}{{ '{{' }}{{ \"%}\" }}"),
        "trim": part("a {{- contact.n -}} b {%- if contact.n -%} c {%- endif +%} d"),
        "subject": part("x", "x", "{{ contact.s }}", '{"s": "a\\r\\nBcc: b"}'),
        "given": part("{{ contact.x }}", "{{ contact.y }}", "z", '{"x": ["<", {"decimal": "1.50"}], "y": {"instant": "2026-03-23T08:00:00Z"}}'),
        "sum": part("{{ contact.a ~ contact.a }}"),
        "times": part("{{ 'a' * 1000000000 }}"),
        "indent": part("{{ contact.a | indent(1000000000) }}"),
        "safe": part("{{ contact.a | safe }}{{ contact.a | e }}"),
        "set": part("{% set a = contact.a %}{{ a }}"),
        "macro": part("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        "include": part("{% include 'html' %}{% extends 'text' %}"),
        "raw": part("{% raw %}{{ contact.a }}{% endraw %}{% autoescape false %}{{ contact.a }}{% endautoescape %}"),
        "call": part("{{ range(1000000000) }}{{ contact.a.upper() }}{{ loop() }}"),
        "divide": part("{{ 1 / 0 }}{{ 1 // 0 }}{{ -9223372036854775808 // -1 }}{{ 2 ** 64 }}"),
        "minus": part("{{ " + "-" * 300 + "1 }}{{ -contact.n - 1 }}"),
        "loops": part(loop),
        "loops-of-lists": part(nest + "{{ x29 }}" + "{% endfor %}" * 30),
        "loops-compared": part(nest + "{% if x29 == x29 %}x{% endif %}" + "{% endfor %}" * 30),
        "large": part("{% for a in contact.many %}{% if contact.large | upper == a %}x{% endif %}{% endfor %}"),
        "large-in": part("{% for a in contact.many %}{% if contact.large ~ 'x' in contact.large %}x{% endif %}{% endfor %}"),
        "many-in": part("{% for a in contact.many %}{% if 'x' in contact.many %}x{% endif %}{% endfor %}"),
        "elif": part("{% if contact.b %}" + "{% elif contact.b %}" * 65 + "{% endif %}"),
        "brackets": part("{{ " + "(" * 200 + "1" + ")" * 200 + " }}"),
        "unclosed": part("{{ contact.a", "{% if", "{#"),
        "braces": part("{{ {'a': 1} }}{{ contact.a }}}"),
        "quotes": part("{{ 'it\\'s' }}{{ \"\\u{3c}\\x3c\\n\" }}"),
    }
    for name, text in cases.items():
        write("template_render", name, text)


def rows():
    golden = sqlite3.connect(f"file:{CRATE}/tests/fixtures/golden/schema-1.db?mode=ro&immutable=1", uri=True)
    head, tail = b'{"v":1,"d":', b"}"
    for table, column in [("state", "hot"), ("contact", "cold"), ("input", "body"), ("outbox", "body"), ("outbox", "content"), ("outbox", "answer"), ("commit_log", "steps"), ("consent", "body"), ("definition", "body"), ("job", "kind")]:
        found = golden.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY length({column}) DESC LIMIT 1")
        for number, (row,) in enumerate(found):
            write("stored_row", f"{table}-{column}-{number}", f"{table}.{column}\n".encode() + bytes(row).removeprefix(head).removesuffix(tail))
    hot = lambda **more: "state.hot\n" + json.dumps({"now": 1774252800000, **more})
    waiting = {"until": {"at": 1774252900000}}
    enrollment = lambda **more: {"id": "00" * 16, "journey": "greeting", "version": 1, "entered_at": 1774252800000, "node": "step-2", "arrived_at": 1774252800000, "ordinal": 0, "waiting": waiting, **more}
    least, most = -8334601228800000, 8210266876799999
    cases = {
        "empty": "state.hot\n",
        "null": "state.hot\nnull",
        "version": 'state.hot\n{"v":2,"d":{}}',
        "ordinal": hot(enrollments=[enrollment(ordinal=4294967295)]),
        "node": hot(enrollments=[enrollment(node="nowhere")]),
        "journey": hot(enrollments=[enrollment(journey="nowhere")]),
        "same-twice": hot(enrollments=[enrollment(), enrollment()]),
        "from-the-past": hot(enrollments=[enrollment(entered_at=least, arrived_at=least, waiting={"until": {"at": least}})]),
        "from-the-future": hot(now=most, enrollments=[enrollment(entered_at=most, arrived_at=most, waiting={"event": {"until": most}}, expires_at=most)]),
        "alternative": hot(enrollments=[enrollment(waiting={"matched": {"at": 0, "alternative": 65535}})]),
        "wrong-wait": hot(enrollments=[enrollment(node="greet", waiting={"event": {"until": 1774252900000}})]),
        "permit": hot(enrollments=[enrollment(node="greet", waiting={"permit": {"until": 0}})]),
        "entries": hot(entries={"greeting": 9223372036854775807}),
        "performed": hot(performed={"seen": {"count": 18446744073709551615, "first_at": 0, "last_at": most}}),
        "out-of-range": hot(now=9223372036854775807),
        "standing": 'contact.cold\n{"contact":{"id":"lea"},"standing":{"length":18446744073709551615}}',
        "standing-mail": 'input.body\n{"consent":{"contact":"lea","purpose":"p","channel":"email","status":"granted","evidence":{"source":"s","wording":"w"}}}',
        "other-contact": 'contact.cold\n{"contact":{"id":"tom","zone":"Nowhere","addresses":{"email":{"value":"t@x"}}}}',
        "deep": "contact.cold\n" + '{"contact":{"id":"lea","attributes":{"a":' + "[" * 120 + "]" * 120 + "}}}",
        "deeper": "contact.cold\n" + '{"contact":{"id":"lea","attributes":{"a":' + "[" * 2000,
        "delivery": 'input.body\n{"delivery":{"message":"' + "00" * 16 + '","attempt":1,"at":"2026-03-23T08:00:00Z","status":"accepted"}}',
        "event-far": 'input.body\n{"event":{"contact":"lea","name":"signed_up","at":"+262142-12-31T23:59:59Z"}}',
        "message": 'outbox.body\n{"version":4294967295,"node":"x","template":"hello","purpose":"onboarding","decided_at":' + str(most) + "}",
        "journey-wedged": 'definition.body\n{"journey":{"journey":"greeting","version":1,"enter":[],"steps":[]}}',
        "template": 'definition.body\n{"template":{"template":"hello","text":"{{ contact.a ~ 1 }}"}}',
        "job": 'job.kind\n{"resume":{"journey":"nowhere"}}',
        "text": "state.hot\ntext {}",
        "int": "contact.cold\nint 1",
        "input-id": "input.id\nblob 123",
        "input-id-text": "input.id\ntext 0123456789abcdef",
        "received": "input.received_at\nint 9223372036854775807",
        "message-id": "outbox.id\nblob x",
        "enrollment": "outbox.enrollment\nnull",
        "no-journey": "outbox.journey\nint 99",
        "status": "outbox.status\nint 9",
        "attempts": "outbox.attempts\nint 4294967295",
        "attempts-more": "outbox.attempts\nint 4294967296",
        "answers": "outbox.answers\nint 4294967295",
        "answers-text": "outbox.answers\ntext many",
        "not-before": "outbox.not_before\nint -9223372036854775808",
        "ready": "outbox.ready_at\nreal 1.5",
        "external": "contact.external\nblob \x00",
        "epoch": "contact.epoch\nint 9223372036854775807",
        "revision": "state.revision\nint 9223372036854775807",
        "revision-text": "state.revision\ntext x",
        "read": "state.read_seq\nint 9223372036854775807",
        "read-minus": "state.read_seq\nint -1",
        "due": "state.due_at\nint -9223372036854775808",
        "due-text": "state.due_at\ntext soon",
        "last": "unread.last\nint 9223372036854775807",
        "term": "term.word\nblob \x01",
        "high-water": "head.high_water\nint 9223372036854775807",
        "head": "head.revision\nint -1",
        "pause": "pause.since\nint 9223372036854775807",
    }
    for name, text in cases.items():
        write("stored_row", name, text)
    for place, leaf, value in [("state.hot", 0, most), ("state.hot", 9, "1"), ("state.hot", 4, 4294967295), ("contact.cold", 3, "Nowhere"), ("contact.cold", 8, -1), ("input.body", 1, "signed_up"), ("outbox.body", 0, 99), ("commit_log.steps", 2, -1), ("consent.body", 0, 7), ("definition.body", 3, "x")]:
        write("stored_row", f"leaf-{place}-{leaf}", f"{place}\nleaf {leaf} {json.dumps(value)}")
    drawn("stored_row", 10, 6)


def scripts():
    for path in fixtures("rhai", "tests/fixtures/broken/scripts"):
        write("score_script", path.stem, path.read_bytes())
    cases = {
        "whole": '''on("email.opened", 1);  on("link.clicked", 3).cap(9, 1 * days);  on("purchase", 20).where(amount >= 100 && currency == "EUR");
on("order", points(amount).per(10).at_most(50));  once("profile.completed", 5);  on("visit", 2).lasting(30 * days).silent();
decay(7 * days, -5);  clamp(0, 120);
tier("spark-ready", 80).hysteresis(2).stay(2 * days);  tier("mona-possible", 60);
when("growth", growth > 5.0, 15);  when("genre", one_of(genre, ["rap", "pop"]), 10);  when("size", between(followers, 1000, 15000), 20);
when("city", known(city), 5);  when("solo", !team, 10);  when("vip", tag("vip") || plan == "gold", 5);
threshold("milestone", 60);  stagnation("stuck", 14 * days);  inactivity("asleep", 30 * days);  peak("on-fire", 7 * days, 3.0).at_least(5);
badge("ten-replies", "message.replied", 10);  challenge("march", "track.published", 4);
trail(30 * days);  trail(followers, 30 * days);  checklist("actions", ["profile.completed", "call.booked"]);''',
        "custom": 'custom("fit", |c| if c.followers > 1000 { 10 } else { 0 });',
        "custom-helper": 'fn reach(c) { c.followers + c.fans } custom("fit", |c| reach(c) / 2.0);',
        "custom-loop": 'custom("fit", |c| loop {});',
        "custom-text": 'custom("fit", |c| { let s = c.city; for n in 0..64 { s += s; } s });',
        "computed": 'let base = 2; fn twice(n) { n * 2 } for genre in ["rap", "pop"] { when(`likes ${genre}`, genre in ["a", genre], twice(base)); }',
        "deep": 'let c = tag("a"); for n in 0..20 { c = !c; } when("x", c, 1);',
        "deeper": 'let c = tag("a"); for n in 0..30 { c = (c || tag("b")) && tag("c"); } when("x", c, 1);',
        "brackets": "(" * 31 + "1" + ")" * 31 + "; on('a', 1);",
        "recursion": 'fn f(n) { if n > 0 { f(n - 1) } else { 1 } } on("a", f(2));',
        "quotes": "on('a', 1).where(b == \"it's\" || c == 'x');",
        "comments": '/* && /* || */ */ on("a", 1); // \'',
        "wide": "".join(f'on("e{n}",1);' for n in range(257)),
    }
    for name, text in cases.items():
        write("score_script", name, text)
    drawn("score_script", 24, 60)


definitions()
events()
predicates()
templates()
scripts()
rows()
