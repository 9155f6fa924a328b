"""`semel sink postgres`: what is in the table, what is refused, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterable

import pytest
from certificates import Certificates
from cluster import Cluster, Record, wait_for
from conftest import TopicFactory
from job import Page
from postgres import Database
from process import Semel
from sink_job import Sink

SinkFactory = Callable[..., Sink]


@pytest.fixture
def sink(cluster: Cluster, semel: Semel, database: Database, topic: TopicFactory) -> SinkFactory:
    def create(*options: str, partitions: int = 1) -> Sink:
        return Sink(cluster, semel, database, topic("in", partitions=partitions), options)
    return create


def send(sink: Sink, values: Iterable[bytes | None], **fields: Any) -> None:
    sink.cluster.produce(sink.source, [Record(value, **fields) for value in values])


def test_each_event_becomes_a_row(sink: SinkFactory, database: Database) -> None:
    main = sink(partitions=3)
    main.produce(3_000, 3)
    aborted = main.cluster.transaction()
    aborted.send(main.source, [Record(b'{"id": -1}', partition=1)])
    aborted.abort()
    main.cluster.wait_stable(main.source, 1)
    summary = main.run().summary()
    assert (summary["read"], summary["rows"], summary["duplicates"], summary["invalid"]) == (3_000, 3_000, 0, 0)
    main.check()
    assert main.cluster.lag(main.group, main.source) == 0, "the group shows it too"
    row = database.rows("SELECT event, length(fingerprint), kafka_topic FROM events WHERE kafka_partition = 2 AND kafka_offset = 5")
    assert row == [['{"id": 17, "text": "event 17"}', "32", main.source]]

    main.produce(30, 3)
    page = Page()
    process = main.start(*page.flags)
    page.wait_ready(process)
    main.wait_count(3_030, process)
    wait_for(lambda: page.total("semel_sink_records_total", 'outcome="row"') == 30, "counted")
    assert page.total("semel_lag") == 0
    process.term()
    assert process.wait(20) == 0, process.describe()
    main.check()


def test_columns(sink: SinkFactory, database: Database) -> None:
    main = sink("--column", "id:bigint=json:/id", "--column", "amount:numeric=json:/order/amount",
                "--column", "paid:boolean=json:paid", "--column", "at:timestamptz=json:/at", "--column", "tags:jsonb=json:/tags",
                "--column", "name=json:/name", "--column", "k=key", "--column", "trace=header:trace", "--column", "p=partition",
                "--column", "o=offset", "--column", "written=timestamp", "--column", "f=fingerprint", "--key", "json:/id")
    event = {"id": 9007199254740993, "order": {"amount": 1}, "paid": True, "at": "2026-11-23T12:28:33.123456+03:00",
             "tags": ["a\tb", "c\\d", "e\nf", "\u0416\U0001F98A"], "name": "N\\.\t\r\n\"'"}
    value = json.dumps(event).replace('"amount": 1', '"amount": 12345678901234567890.0123456789')
    send(main, [value.encode()], key=b"\\N", headers=(("trace", b"abc"),), timestamp=1764000000123)
    send(main, [b'{"id":"2","order":null}', None])
    main.run()
    types = dict(database.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                               "WHERE attrelid = 'events'::regclass AND attnum > 0"))
    assert types["amount"] == "numeric" and types["at"] == "timestamp with time zone" and types["p"] == "integer"
    found = json.loads(database.sql("SELECT to_jsonb(e) FROM (SELECT id::text, amount::text, paid, at AT TIME ZONE 'UTC' AS at, tags, "
                                    "name, k, trace, p, o, written AT TIME ZONE 'UTC' AS written FROM events WHERE o = 0) e"))
    assert found == {"id": "9007199254740993", "amount": "12345678901234567890.0123456789", "paid": True,
                     "at": "2026-11-23T09:28:33.123456", "tags": event["tags"], "name": event["name"], "k": "\\N", "trace": "abc",
                     "p": 0, "o": 0, "written": "2025-11-24T16:00:00.123"}
    assert database.sql("SELECT count(*) FROM events WHERE num_nulls(amount, paid, at, tags, name, k, trace) = 7") == "2"
    assert database.sql("SELECT id, f IS NULL FROM events WHERE o > 0 ORDER BY o") == "2|f\n|t"
    printed = main.semel.run("fingerprint", "--key", "json:/id", stdin=value.encode()).stdout
    assert database.sql("SELECT f FROM events WHERE o = 0") in printed


def test_bad_records_go_to_the_dead_letter_topic(sink: SinkFactory, database: Database, topic: TopicFactory) -> None:
    """What we find ourselves, and what only the table refuses; the rest of the batch is written."""
    letters = topic("dead", partitions=2)
    main = sink("--on-invalid", f"topic:{letters}", "--column", "n:bigint=json:/n", "--column", "big:jsonb=json:/big",
                "--column", "o=offset")
    database.sql("CREATE TABLE events (n bigint NOT NULL CHECK (n <> 13), big jsonb, o bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    bad = {100: (b"not json", "not one valid JSON"), 200: (b'{"n":"x"}', "column n: is no whole number"),
           300: (b'{"n":13}', "check constraint"), 301: (b'{"n":13}', "check constraint"),
           400: (b'{"big":1}', "column n: is null"), 500: (b'{"n":1,"big":"\\u0000"}', "\\u0000"),
           600: (b'{"n":1,"big":1e200000}', "numeric"), 999: (b'{"n":13}', "check constraint")}
    database.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN RAISE 'not this one' USING ERRCODE = 'SH001'; END $$; "
                 "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.n = 14) EXECUTE FUNCTION refuse()")
    bad[800] = (b'{"n":14}', "not this one (SQLSTATE SH001)")
    database.sql("INSERT INTO events VALUES (0, NULL, 700)")
    bad[700] = (b'{"n":700}', "unique constraint")  # deferred, yet told from a failed commit
    send(main, [bad[i][0] if i in bad else json.dumps({"n": i + 1_000}).encode() for i in range(1_000)],
         key=b"k", headers=(("own", b"1"),), timestamp=1764000000123)
    summary = main.run().summary()
    assert (summary["rows"], summary["invalid"]) == (1_000 - len(bad), len(bad))
    assert database.sql("SELECT count(*), count(DISTINCT n) FROM events") == f"{1_001 - len(bad)}|{1_001 - len(bad)}"
    assert main.position() == {0: 1_000}

    dead = {int(dict(r.headers)["semel-offset"] or b""): r for r in main.cluster.read_all(letters)[0]}
    assert sorted(dead) == sorted(bad)
    for offset, (value, reason) in bad.items():
        record = dead[offset]
        headers = dict(record.headers)
        assert (record.value, record.key, record.timestamp) == (value, b"k", 1764000000123)
        assert record.headers[0] == ("own", b"1")
        assert reason in (headers["semel-reason"] or b"").decode(), (offset, headers)
        assert (headers["semel-topic"], headers["semel-partition"]) == (main.source.encode(), b"0")


def test_a_dead_letter_that_is_too_large_is_cut(sink: SinkFactory, topic: TopicFactory) -> None:
    """For its topic, which takes less than the input; the small ones around it, in one batch with it, are whole."""
    letters = topic("dead", max_message_bytes=5_000)
    main = sink("--on-invalid", f"topic:{letters}")
    large = b"{" + b"x" * 50_000
    values = [b"{small", large, b"{\"id\": 1}", *[b"{" + b"y" * 900] * 20]
    send(main, values, key=b"k", headers=(("own", b"1"),))
    result = main.run()
    assert "larger ones are cut" in result.stderr
    assert (result.summary()["rows"], result.summary()["invalid"]) == (1, 22)
    dead = {int(dict(r.headers)["semel-offset"] or b""): r for r in main.cluster.read_all(letters)[0]}
    assert sorted(dead) == [0, 1, *range(3, 23)]
    assert all(dead[i].value == values[i] for i in dead if i != 1)
    cut = dead[1].value or b""
    assert large.startswith(cut) and len(cut) > 4_000
    headers = dict(dead[1].headers)
    assert (headers["semel-truncated"], headers["own"], dead[1].key) == (b"50001", b"1", b"k")
    assert "semel-truncated" not in dict(dead[0].headers)

    send(main, [b"{"], key=b"k" * 6_000)
    error = main.run(code=4).stderr
    assert f"{main.source} [0] offset 23" in error and "max.message.bytes" in error


@pytest.mark.parametrize("unique", [False, True])
def test_a_row_that_a_policy_refuses_is_a_bad_record(unique: bool, sink: SinkFactory, database: Database) -> None:
    """Row-level security and a trigger say so with the SQLSTATE of a missing privilege, which ends the sink elsewhere."""
    database.sql("CREATE ROLE " + database.name + " LOGIN; GRANT ALL ON SCHEMA public TO " + database.name)
    main = sink("--on-invalid", "drop", "--key", "json:/n", "--column", "n:bigint=json:/n", "--column", "f=fingerprint",
                *(["--unique"] if unique else []))
    main.to = database.url.replace("postgres@", f"{database.name}@")
    main.run()
    database.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN RAISE 'not this one' USING ERRCODE = 'insufficient_privilege'; END $$; "
                 "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.n = 13) EXECUTE FUNCTION refuse()")
    if unique:  # COPY itself takes no table with policies
        database.sql("ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; "
                     "CREATE POLICY p ON events USING (true) WITH CHECK (n % 100 <> 14)")
    send(main, [json.dumps({"n": i}).encode() for i in range(200)])
    summary = main.run().summary()
    assert (summary["rows"], summary["invalid"]) == ((197, 3) if unique else (199, 1))
    database.sql(f"REVOKE INSERT ON events FROM {database.name}; ALTER TABLE events OWNER TO postgres")
    send(main, [b'{"n": 1000}'])
    assert "permission denied" in main.run(code=3).stderr


@pytest.mark.parametrize("unique", [False, True])
def test_a_table_that_changes_meanwhile(unique: bool, sink: SinkFactory, database: Database) -> None:
    """A type is the table's matter: what can be it is. Without a column that is wanted it ends, and nothing is lost."""
    main = sink("--on-invalid", "drop", "--key", "json:/id", "--column", "n=json:/n", "--column", "f=fingerprint",
                "--column", "kafka_offset=offset", *(["--unique"] if unique else []))
    sent = 0

    def more(value: object) -> None:
        nonlocal sent
        send(main, [json.dumps({"id": sent, "n": value}).encode()])
        sent += 1

    def moved() -> bool:
        return main.position() == {0: sent} or not process.running

    main.run()  # makes the tables
    process = main.start()
    for kind, value in (("text", 1), ("bigint", 22), ("smallint", 333), ("smallint", 40_000), ("numeric", 5_000_000)):
        if kind != "text":
            database.sql(f"ALTER TABLE events ALTER COLUMN n TYPE {kind} USING n::{kind}")
        more(value)
        wait_for(moved, f"a row with a column of the type {kind}")
        assert process.running, process.describe()
    assert database.sql("SELECT n FROM events ORDER BY kafka_offset") == "1\n22\n333\n5000000", "40,000 is no smallint"
    database.sql("ALTER TABLE events ADD COLUMN other text DEFAULT 'x'; ALTER TABLE events RENAME COLUMN n TO m")
    more(6)
    assert process.wait(60) == 2, process.describe()
    assert 'column \\"n\\"' in process.stderr or 'column "n"' in process.stderr
    assert "ADD COLUMN" in main.run(code=2).stderr
    database.sql("ALTER TABLE events RENAME COLUMN m TO n")
    main.run()
    assert database.sql("SELECT n FROM events ORDER BY kafka_offset") == "1\n22\n333\n5000000\n6"


def test_the_same_names_in_another_cluster_are_another_topic(sink: SinkFactory, database: Database) -> None:
    main = sink()
    main.produce(20)
    main.run()
    database.sql("UPDATE semel_offsets SET cluster_id = 'the-old-one', next_offset = 5; DELETE FROM events WHERE kafka_offset >= 5")
    error = main.run(code=4).stderr
    assert "the-old-one" in error and "--group" in error
    assert main.count() == 5
    sql = error[error.index("UPDATE"):].split(". If it was")[0]
    database.sql(sql.replace('\\"', '"'))
    main.run()
    main.check()


def test_partitions_added_to_the_topic(sink: SinkFactory) -> None:
    """Whatever --start says, they are read from their beginning, by a sink that runs and by one that is started later."""
    main = sink("--start", "latest", "-X", "topic.metadata.refresh.interval.ms=500")
    main.run()
    process = main.start()
    main.produce(10)
    main.wait_count(10, process)
    main.cluster.add_partitions(main.source, 2)
    main.produce(20, 2)
    main.wait_count(30, process)
    process.term()
    assert process.wait(20) == 0, process.describe()
    main.cluster.add_partitions(main.source, 3)
    main.produce(30, 3)
    main.run()
    main.check()


def test_a_column_that_takes_more_digits_by_now(sink: SinkFactory, database: Database) -> None:
    """With --unique rows go through a temporary table, which must not round what the table takes."""
    main = sink("--key", "json:/id", "--column", "n:numeric=json:/n", "--column", "f=fingerprint", "--unique")
    database.sql("CREATE TABLE events (n numeric(6,2), f text UNIQUE)")
    main.run()  # makes the table of offsets
    process = main.start()
    for sent, kind in ((1, "numeric(6,2)"), (2, "numeric(12,4)")):
        database.sql(f"ALTER TABLE events ALTER COLUMN n TYPE {kind}")
        send(main, [json.dumps({"id": sent, "n": 1.2345}).encode()])
        wait_for(lambda sent=sent: main.position() == {0: sent} or not process.running, f"a row with {kind}")
    process.term()
    assert process.wait(20) == 0, process.describe()
    assert database.sql("SELECT n FROM events ORDER BY n") == "1.2300\n1.2345"


@pytest.mark.parametrize("unique", [False, True])
def test_a_row_that_divides_by_zero_is_a_bad_record(unique: bool, sink: SinkFactory, database: Database, topic: TopicFactory) -> None:
    """The compare-and-set of the offsets divides by zero too: a row's must not be taken for it."""
    letters = topic("dead")
    columns = ("--column", "n:bigint=json:/n", "--column", "o=offset", *(("--unique", "--column", "f=fingerprint") if unique else ()))
    main = sink("--on-invalid", f"topic:{letters}", *columns)
    database.sql("CREATE TABLE events (n bigint, o bigint, f text UNIQUE, share bigint GENERATED ALWAYS AS (1000 / n) STORED)")
    database.sql("CREATE INDEX ON events ((1000 / (n - 50)))")
    send(main, [json.dumps({"n": i}).encode() for i in range(100)])
    result = main.run()
    assert (result.summary()["rows"], result.summary()["invalid"], result.summary()["duplicates"]) == (98, 2, 0)
    assert "fenced" not in result.stderr
    assert database.sql("SELECT count(*), count(DISTINCT n), sum((n IN (0, 50))::int) FROM events") == "98|98|0"
    assert main.position() == {0: 100}
    dead = main.cluster.read_all(letters)[0]
    assert [dict(record.headers)["semel-offset"] for record in dead] == [b"0", b"50"]
    assert all(b"division by zero" in (dict(record.headers)["semel-reason"] or b"") for record in dead)


def test_transactions_that_take_too_long_become_smaller(sink: SinkFactory, database: Database) -> None:
    main = sink()
    main.run()
    database.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$; "
                 "CREATE TRIGGER slow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION slow()")
    database.sql(f"ALTER DATABASE {database.name} SET statement_timeout = '500ms'")
    main.produce(600)
    result = main.run()
    assert "statement timeout" in result.stderr, "the first one is too long"
    main.check()


@pytest.mark.parametrize("bad", [b"not json", b'{"n":13}'])
def test_fails_at_the_first_bad_record(bad: bytes, sink: SinkFactory, database: Database) -> None:
    """The default. Everything before it is in the table, and the position is the bad one."""
    main = sink("--column", "n:bigint=json:/n")
    database.sql("CREATE TABLE events (n bigint CHECK (n <> 13))")
    send(main, [bad if i in (700, 800) else json.dumps({"n": i + 1_000}).encode() for i in range(1_000)])
    for _ in range(2):
        result = main.run(code=4)
        assert f"{main.source} [0] offset 700: " in result.stderr
        assert main.count() == 700 and main.position() == {0: 700}
    main.run("--on-invalid", "drop")
    assert main.count() == 998 and main.position() == {0: 1_000}


def test_unique_leaves_out_copies(sink: SinkFactory, database: Database) -> None:
    main = sink("--unique", "--key", "json:/id", "--commit-interval", "20ms", "--on-invalid", "drop", "--column", "event=value",
                "--column", "fingerprint=fingerprint", "--column", "o=offset", partitions=3)
    ids = [i % 700 for i in range(3_000)]
    main.cluster.produce(main.source, [Record(json.dumps({"id": i}).encode(), partition=n % 3) for n, i in enumerate(ids)])
    main.cluster.produce(main.source, [Record(b'{"no":"key"}'), Record(b'{"no":"key"}'), Record(b'{"no')])
    first, second = main.start("--until-end"), main.start("--until-end")
    assert (first.wait(60), second.wait(60)) == (0, 0), first.describe() + second.describe()
    assert database.sql("SELECT count(*), count(DISTINCT fingerprint), count(DISTINCT event->>'id') FROM events") == "702|700|700"
    # All of it once more: nothing is new, but what has no fingerprint.
    database.sql("UPDATE semel_offsets SET next_offset = 0")
    summary = main.run().summary()
    assert (summary["read"], summary["rows"], summary["duplicates"], summary["invalid"]) == (3_003, 2, 3_000, 1)


def test_unique_among_refused_rows(sink: SinkFactory, database: Database) -> None:
    """A batch that is split writes no row twice, those without a fingerprint neither."""
    main = sink("--unique", "--key", "json:/id", "--on-invalid", "drop", "--column", "n:bigint=json:/n",
                "--column", "fingerprint=fingerprint")
    database.sql("CREATE TABLE events (n bigint CHECK (n % 100 <> 13), fingerprint text UNIQUE)")
    send(main, [json.dumps({"n": i} if i % 2 else {"n": i, "id": i % 50}).encode() for i in range(1_000)])
    summary = main.run().summary()
    assert (summary["rows"], summary["duplicates"], summary["invalid"]) == (490 + 25, 475, 10)
    assert main.count() == 515


def test_what_is_refused_at_the_start(sink: SinkFactory, database: Database) -> None:
    main = sink()

    def refused(*more: str, code: int = 2, plain: bool = True) -> str:
        arguments = [a for a in main.arguments() if not (plain and a == "--create-table")]
        for option, value in zip(more[::2], more[1::2]):
            if option in arguments:  # instead of what the sink says
                arguments[arguments.index(option) + 1] = value
            else:
                arguments += [option, value]
        arguments += more[len(more) // 2 * 2:]
        result = main.semel.run(*arguments)
        assert result.code == code, result.stderr
        return result.stderr

    error = refused()
    sql = error[error.index("CREATE TABLE"):error.rindex(";") + 1].replace('\\"', '"')
    assert 'IF NOT EXISTS "events"' in sql and "semel_offsets" in sql
    database.sql(sql)
    main.run()

    assert "ADD COLUMN" in refused("--column", "other=json:/x")
    assert "ADD UNIQUE" in refused("--unique")
    assert "has its own type" in refused("--column", "a:text=offset")
    database.sql("ALTER TABLE events ADD COLUMN must text NOT NULL")
    assert "no --column fills" in refused()
    assert "semel topic create" in refused("--on-invalid", "topic:nowhere", plain=False)
    assert "belong to table" in refused("--table", "others", "--group", main.group, "--until-end", plain=False, code=4)
    secret = refused("--to", "postgresql://postgres:hunter2@127.0.0.1/x")
    assert "PGPASSFILE" in secret and "hunter2" not in secret
    nowhere = database.url.rsplit("/", 1)[0] + "/nowhere"
    assert '"nowhere" does not exist' in refused("--to", nowhere, code=3)


def test_tls_verifies_the_server(sink: SinkFactory, database: Database, tmp_path: Path) -> None:
    """libpq's: the certificate's authority and name; what is wrong is said, without the password."""
    server = database.server
    made = Certificates(tmp_path)
    certificate, key = (server.own(name, made.read(name)) for name in ("server.pem", "server.key"))
    main = sink()
    main.produce(100)
    password = {"PGPASSWORD": "hunter2"}

    def to(host: str, authority: str) -> str:
        return (f"postgresql://postgres@{host}:{server.port}/{database.name}?hostaddr=127.0.0.1&sslmode=verify-full"
                f"&sslrootcert={tmp_path / authority}")

    def refused(address: str) -> str:
        main.to = address
        error = main.run(code=3, env=password).stderr
        assert "hunter2" not in error
        return error

    main.to = to("localhost", "ca.pem")
    assert "server does not support SSL" in main.run(code=3, env=password).stderr
    with server.settings(ssl="on", ssl_cert_file=str(certificate), ssl_key_file=str(key)):
        assert "certificate verify failed" in refused(to("localhost", "other.pem"))
        assert 'does not match host name "elsewhere"' in refused(to("elsewhere", "ca.pem"))
        main.to = to("localhost", "ca.pem")
        process = main.start(env=password)
        main.wait_count(100, process)
        sessions = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'semel sink%'"
        assert database.sql(sessions) == "t"
        process.term()
        assert process.wait(20) == 0, process.describe()
    main.check()


def test_a_server_that_is_not_there_is_waited_for(sink: SinkFactory, database: Database) -> None:
    main = sink()
    main.produce(100)
    database.server.stop()
    process = main.start("--until-end")
    process.wait_for_log("PostgreSQL is waited for")
    other = main.start()
    other.wait_for_log("PostgreSQL is waited for")
    other.term()
    assert other.wait(20) == 0, other.describe()
    database.server.start()
    assert process.wait(60) == 0, process.describe()
    main.check()


def test_waits_while_the_server_is_away(sink: SinkFactory, database: Database) -> None:
    main = sink()
    main.produce(100)
    process = main.start()
    main.wait_count(100, process)
    database.server.stop()
    main.produce(100)
    process.wait_for_log(" wait_ms=")
    database.server.start()
    main.wait_count(200, process)
    process.term()
    assert process.wait(20) == 0, process.describe()
    main.check()


def test_warns_of_a_server_that_forgets(sink: SinkFactory, database: Database) -> None:
    database.sql(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    main = sink()
    main.produce(10)
    assert "synchronous_commit is off" in main.run().stderr
    main.check()


def test_starts_where_it_is_told_and_only_then(sink: SinkFactory) -> None:
    main = sink("--start", "latest")
    send(main, [b"{}"] * 10)
    main.run()
    assert main.count() == 0 and main.position() == {0: 10}
    send(main, [b"{}"] * 5)
    main.run()
    assert main.count() == 5, "a position that is there wins"


def test_a_deleted_part_of_the_topic_is_no_silent_gap(sink: SinkFactory) -> None:
    main = sink()
    send(main, [b"{}"] * 10)
    main.run()
    send(main, [b"{}"] * 10)
    main.cluster.delete_records(main.source, 15)
    result = main.run(code=4)
    assert "offset 10 is not there; the log is from 15 to 20" in result.stderr
    assert "UPDATE" in result.stderr
    assert main.count() == 10


def test_a_position_that_vanishes_is_not_made_anew(sink: SinkFactory, database: Database) -> None:
    main = sink(partitions=2)
    main.produce(20, 2)
    process = main.start()
    main.wait_count(20, process)
    database.sql("DELETE FROM semel_offsets WHERE partition = 1")
    main.produce(20, 2)
    assert process.wait(30) == 4, process.describe()
    assert f"the position of {main.source} [1] was 10 and is gone" in process.stderr
    sql = process.stderr[process.stderr.index("INSERT INTO"):].split(". A start")[0]
    assert database.sql("SELECT count(*) FROM events WHERE kafka_partition = 1") == "10"
    database.sql(sql.replace('\\"', '"'))
    main.run()
    main.check()


def test_a_table_under_two_names_is_one_table(sink: SinkFactory, database: Database) -> None:
    main = sink()
    main.produce(10)
    main.run()
    main.table = "public.events"
    result = main.run(code=4)
    assert f"--group {main.group}" in result.stderr
    assert main.count() == 10 and "DELETE FROM" in result.stderr
    main.table = "events"
    main.run()
    main.check()


def test_a_restored_backup_is_filled_up_again(sink: SinkFactory, database: Database) -> None:
    """The offsets went back together with the rows."""
    main = sink(partitions=3)
    main.produce(300, 3)
    main.run()
    backup = database.dump()
    main.produce(300, 3)
    main.run()
    database.restore(backup)
    assert main.count() == 300
    main.run()
    main.check()


def test_an_empty_database_gets_all_that_the_topic_has(sink: SinkFactory, database: Database) -> None:
    main = sink(partitions=3)
    main.produce(300, 3)
    main.run()
    database.sql("DROP TABLE events, semel_offsets")
    main.run()
    main.check()
