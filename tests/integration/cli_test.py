"""The command line: help, versions, what is refused, settings from a file, and the pages for operators."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from cluster import Cluster, wait_for
from conftest import JobFactory
from job import Page, adds_up, events, ids, summary_of
from process import Semel

COMMANDS = [[], ["dedup"], ["prove"], ["prove", "produce"], ["prove", "check"], ["topic"], ["topic", "create"],
            ["topic", "list"], ["topic", "describe"], ["topic", "delete"], ["topic", "offsets"], ["fingerprint"], ["group"], ["group", "list"],
            ["group", "describe"], ["group", "reset"], ["produce"], ["consume"], ["scan"], ["seen"], ["seen", "forget"], ["completion"], ["man"],
            ["serve"], ["run"], ["sink"], ["sink", "postgres"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "semel")
def test_help(command: list[str], semel: Semel) -> None:
    done = semel.run(*command, "--help")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_help_of_dedup_names_every_flag(semel: Semel) -> None:
    help_text = semel.run("dedup", "--help").stdout
    flags = """--brokers --from --to --key --namespace --fingerprint-bits --secret-file --window --group --instance --changelog
        --scope --lanes --commit-interval --start --on-duplicate --on-missing --on-invalid --on-late --on-rejected --on-reset
        --create-topics --replication --state-dir --memory-limit --until-end --dry-run --follow --metrics --log-format
        --log-level --summary --accept-gap --accept-new-rule --accept-new-partitions -X -F -c""".split()
    assert [flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", help_text)] == []


def test_version(semel: Semel) -> None:
    done = semel.run("--version")
    assert done.code == 0
    versions = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert list(versions) == ["semel", "librdkafka", "OpenSSL", "libpq", "zlib", "zstd"]
    assert [version for version in versions.values() if not re.match(r"\d+\.\d+", version)] == []
    assert "compiled with" not in done.stdout


def linked_with(version: str, programs: Path) -> dict[str, str]:
    """The environment in which librdkafka says that it is another one."""
    return {"LD_PRELOAD": str(programs / "libother_librdkafka.so"), "LIBRDKAFKA_VERSION": version}


def test_version_tells_when_another_librdkafka_is_linked(semel: Semel, programs: Path) -> None:
    done = semel.run("--version", env=linked_with("0x020c01ff", programs))
    assert re.search(r"^librdkafka 2\.12\.1 \(compiled with 2\.\d+\.\d+\)$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["topic list", "consume events", "produce events", "scan events --key value",
                                     "dedup --from events --to unique --key value", "serve --listen 127.0.0.1:0 --to events"])
@pytest.mark.parametrize("version", ["0x020100ff", "0x020300ff"])
def test_a_librdkafka_that_repeats_is_refused(command: str, version: str, semel: Semel, programs: Path) -> None:
    done = semel.run(*command.split(), "--brokers", "127.0.0.1:1", env=linked_with(version, programs))
    assert done.code == 2
    assert re.search(r"this is librdkafka 2\.[13]\.0: .*Install another one: 2\.0\.2, 2\.1\.1, or 2\.5\.3 or newer", done.stderr)


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["dedup"], ["dedup", "--nonsense"],
    ["dedup", "--from", "a", "--to", "b"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--window", "7"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--key", "jason:/id"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--scope", "topic"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--on-late", "mark"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--on-late", "topic:"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--on-late", "topic:a"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--lanes", "0"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--changelog", "b"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--memory-limit", "much"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--metrics", "nowhere"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--secret-file", "/nonexistent"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-c", "/nonexistent"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", "acks=1"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", "isolation.level=read_uncommitted"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", "enable.auto.commit=true"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", "no.such.property=1"],
    ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", "no equals"],
], ids=lambda arguments: " ".join(arguments[7:] or arguments) or "nothing")
def test_refused(arguments: list[str], semel: Semel) -> None:
    done = semel.run(*arguments)
    assert done.code == 2, (done.stdout, done.stderr)
    assert done.stderr


@pytest.mark.parametrize("name", ["sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret"])
def test_secrets_are_not_for_the_command_line(name: str, semel: Semel) -> None:
    done = semel.run("dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "-X", f"{name}=hunter2")
    assert done.code == 2
    assert name in done.stderr
    assert "file:" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_secrets_from_elsewhere_do_not_show(semel: Semel, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    properties = tmp_path / "kafka.properties"
    properties.write_text("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=me\nsasl.password=hunter2\n")
    common = ["dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--until-end", "--log-level", "debug"]
    sasl = ["-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=me"]
    processes = [
        semel.start(*common, *sasl, "-X", f"sasl.password=file:{secret}"),
        semel.start(*common, *sasl, "-X", "sasl.password=env:PASSWORD", env={"PASSWORD": "hunter2"}),
        semel.start(*common, "-F", str(properties)),
    ]
    for process in processes:
        done = process.result(90)
        assert done.code == 3, process.describe()
        assert "hunter2" not in done.stdout + done.stderr


def test_settings_file(job: JobFactory, cluster: Cluster, semel: Semel, tmp_path: Path) -> None:
    """The same names as the flags; flags win."""
    main = job()
    cluster.produce(main.source, events(["a", "a", "b"]))
    settings = tmp_path / "semel.yaml"
    settings.write_text(f"""
brokers: {cluster.bootstrap}
from: {main.source}
to: {main.output}
key: [json:/event_id]
window: 1h
group: {main.group}
create-topics: true
on-duplicate: mark
""")
    done = semel.run("dedup", "-c", str(settings), "--until-end", "--on-duplicate", "drop", "--summary", "json")
    assert done.code == 0, done.stderr
    assert adds_up(summary_of(done))
    assert ids(main.values()) == ["a", "b"]

    settings.write_text("brokers: 127.0.0.1:1\nform: orders\n")
    wrong = semel.run("dedup", "-c", str(settings), "--from", "a", "--to", "b")
    assert wrong.code == 2
    assert "form" in wrong.stderr


def test_pages_for_operators(job: JobFactory, cluster: Cluster) -> None:
    main = job("--on-missing", "drop", partitions=2)
    page = Page()
    process = main.start(*page.flags, "--log-format", "json")
    page.wait_ready(process)
    assert page.get("/livez") == (200, "ok\n")
    assert json.loads(page.get("/readyz")[1])["ready"] is True
    assert page.get("/nothing")[0] == 404
    cluster.produce(main.source, events(["a", "a", "b"]) + events(["c", ""], partition=1))
    main.wait_caught_up()
    wait_for(lambda: page.total("semel_records_read_total") == 5, "all counted", 10)
    assert page.total("semel_records_total", 'outcome="unique"') == 4
    assert page.total("semel_records_total", 'outcome="duplicate"') == 1
    assert page.total("semel_records_total") == 5
    assert page.total("semel_seen_set_entries") == 4
    wait_for(lambda: page.total("semel_lag") == 0, "lag 0 on the page")
    process.term()
    assert process.wait() == 0, process.describe()
    for line in process.stderr.splitlines():
        assert isinstance(json.loads(line), dict), line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end(number: signal.Signals, job: JobFactory, cluster: Cluster) -> None:
    main = job()
    page = Page()
    process = main.start(*page.flags, "--summary", "json")
    cluster.produce(main.source, events(range(1_000)))
    page.wait_ready(process)
    main.wait_caught_up()
    process._signal(number)
    assert process.wait() == 0, process.describe()  # 1: it hung and was ended by force
    assert json.loads(process.stdout)["read"] == 1_000
    assert cluster.members(main.group) == []


def test_memory_limit_stops_and_forgets_nothing(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    main.produce(200_000, "--duplicates", "0")
    stopped = main.run("--memory-limit", "1MiB", code=4)
    assert "--memory-limit" in stopped.stderr
    main.run()
    main.check()
    assert cluster.lag(main.group, main.source) == 0


def test_the_name_of_this_process_is_kept(job: JobFactory, cluster: Cluster, tmp_path: Path) -> None:
    """--state-dir: the same random name at the next start, and no second process with it."""
    state = tmp_path / "state"
    main = job("--state-dir", str(state))
    page = Page()
    first = main.start(*page.flags)
    page.wait_ready(first)
    kept = {path: path.read_text() for path in state.rglob("*") if path.is_file() and path.stat().st_size}
    assert kept
    second = main.start()
    assert second.wait() == 2, second.describe()
    assert str(state) in second.stderr
    first.term()
    assert first.wait() == 0, first.describe()
    cluster.produce(main.source, events(["a"]))
    main.run()
    assert {path: path.read_text() for path in kept} == kept
