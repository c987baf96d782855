"""Asks DuckDB the five questions of benches/audience.rs, over the same contacts and events.

    python3 -m venv target/peers && target/peers/bin/pip install duckdb==2.0.0
    JOURNEYMAN_SEGMENT_DATA=1 cargo bench --bench audience
    target/peers/bin/python benches/peers/segments.py

DuckDB gets what suits it: a table per kind of event in order of the instants, words as enumerations, one thread, everything in
memory. Times are CPU times of the process, the least of several rounds. The last columns compare with what the bench measured.
"""

import csv
import pathlib
import resource
import time

import duckdb

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "target" / "segment-data"
KINDS = ["email_opened", "page_viewed", "app_opened", "link_clicked", "video_watched", "message_replied", "purchase",
         "cart_filled", "form_sent", "call_booked"]
DAY = 86_400_000
NOW = 1_795_132_800_000
ROUNDS = 7


def alive(days):
    """The window of so many days, [e, e + W)."""
    return f"moment > {NOW - days * DAY} AND moment <= {NOW}"


ENGAGED = " UNION ALL ".join(
    f"SELECT contact FROM {kind} WHERE {alive(7)}"
    for kind in ["email_opened", "app_opened", "link_clicked", "message_replied"])
OPENED = f"SELECT contact FROM email_opened WHERE {alive(30)} GROUP BY contact HAVING count(*) >= 3"

QUESTIONS = {
    "S1": "SELECT count(*) FROM contacts WHERE country = 'FR' AND plan IN ('pro', 'team') AND score >= 700 AND vip "
          "AND NOT trial AND newsletter",
    "S2": f"SELECT count(*) FROM contacts WHERE newsletter AND id IN ({OPENED})",
    "S3": f"SELECT count(*) FROM contacts WHERE plan IN ('pro', 'team') AND created_at <= {NOW - 30 * DAY} "
          f"AND id NOT IN ({ENGAGED})",
    "S4": f"SELECT count(DISTINCT x.contact) FROM purchase x WHERE x.sku = 'X' AND x.moment > {NOW - 60 * DAY} "
          f"AND x.moment <= {NOW - 14 * DAY} AND NOT EXISTS (SELECT 1 FROM purchase y WHERE y.sku = 'Y' "
          f"AND y.contact = x.contact AND y.moment >= x.moment AND y.moment < x.moment + {14 * DAY} AND y.moment > {NOW - 60 * DAY} "
          f"AND y.moment <= {NOW})",
    "S5": f"SELECT count(*) FROM contacts WHERE newsletter AND NOT onboarding AND (vip OR beta) "
          f"AND (id IN ({OPENED}) OR (score >= 500 AND id IN ({ENGAGED}))) "
          f"AND id IN (SELECT contact FROM purchase WHERE {alive(90)} GROUP BY contact HAVING sum(amount) >= 100)",
}


def load():
    base = duckdb.connect(":memory:", config={"threads": 1})
    base.execute("CREATE TYPE country AS ENUM ('BE', 'CA', 'CH', 'DE', 'ES', 'FR', 'US')")
    base.execute("CREATE TYPE plan AS ENUM ('free', 'pro', 'team')")
    base.execute("CREATE TYPE sku AS ENUM ('A', 'B', 'C', 'D', 'E', 'F', 'X', 'Y')")
    base.execute("CREATE TABLE contacts (id INTEGER, country country, plan plan, score SMALLINT, created_at BIGINT, "
                 "vip BOOLEAN, trial BOOLEAN, beta BOOLEAN, newsletter BOOLEAN, onboarding BOOLEAN)")
    base.execute(f"COPY contacts FROM '{FOLDER}/contacts.csv' (HEADER)")
    for kind in KINDS:
        base.execute(f"CREATE TABLE {kind} (contact INTEGER, moment BIGINT, sku sku, amount SMALLINT)")
        base.execute(f"COPY {kind} FROM '{FOLDER}/{kind}.csv' (HEADER)")
    return base


def at_work():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    base = load()
    with open(FOLDER / "results.csv", newline="") as file:
        ours = {row["segment"]: row for row in csv.DictReader(file)}
    print(f"DuckDB {duckdb.__version__}, one thread, the least of {ROUNDS} rounds")
    print(f"{'segment':<9}{'contacts':>9}{'DuckDB, CPU ms':>16}{'columns, ms':>13}{'times':>8}")
    total, own, differs = 0.0, 0.0, []
    for name, question in QUESTIONS.items():
        base.execute(question).fetchall()
        best, rounds = float("inf"), 0.0
        before = at_work()
        for _ in range(ROUNDS):
            start = time.process_time()
            size = base.execute(question).fetchall()[0][0]
            best = min(best, (time.process_time() - start) * 1e3)
        rounds = (at_work() - before) * 1e3 / ROUNDS
        if size != int(ours[name]["contacts"]):
            differs.append(f"{name}: DuckDB counts {size}, the columns {ours[name]['contacts']}")
        mine = float(ours[name]["ms"])
        total, own = total + best, own + mine
        print(f"{name:<9}{size:>9}{best:>16.1f}{mine:>13.3f}{best / mine:>8.1f}   (mean {rounds:.1f} ms)")
    print(f"{'all five':<18}{total:>16.1f}{own:>13.3f}{total / own:>8.1f}")
    if differs:
        raise SystemExit("\n".join(differs))


if __name__ == "__main__":
    main()
