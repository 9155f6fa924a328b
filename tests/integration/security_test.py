"""A cluster with TLS, SASL and ACLs: what docs/operations.md grants is enough, what is missing is named, secrets stay secret.

One broker of its own for the whole file (SEMEL_CLUSTER_SECURED=1 ./dev up). Its administrator comes in by an open
address, Semel by SASL_SSL: with SCRAM on the newest librdkafka, with PLAIN on the system's own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest
from cluster import ROOT, Cluster, dev, wait_for
from job import Page, adds_up, events, ids, summary_of
from process import Process, Result, Semel

pytestmark = pytest.mark.hurts_brokers  # one process, so that one cluster is started

NEWEST = {"LD_LIBRARY_PATH": str(ROOT / "build" / "librdkafka")}
SCRAM = "SCRAM-SHA-512"
SOURCE, OUTPUT, CHANGELOG, GROUP = "orders", "orders.unique", "semel.orders.seen", "semel.orders"  # as in the docs


def documented_acls() -> list[list[str]]:
    """The arguments of every kafka-acls command in the chapter on ACLs, in order."""
    page = (ROOT / "docs" / "operations.md").read_text()
    chapter = page.split("\n## ACLs\n")[1].split("\n## ")[0]
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```$", chapter, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in blocks.splitlines() if line.startswith("kafka-acls ")]


def without(arguments: list[str], *options: str) -> list[str]:
    """Less those options and their values."""
    kept = list(arguments)
    for option in options:
        at = kept.index(option)
        del kept[at:at + 2]
    return kept


@dataclass(frozen=True)
class Secured:
    admin: Cluster
    address: str
    password: str
    tls: Path
    environment: dict[str, str]

    def grant(self, arguments: list[str], users: list[str]) -> None:
        """One documented command, to those users."""
        principals = [word for user in users for word in ("--allow-principal", f"User:{user}")]
        dev("kafka", "AclCommand", *arguments, *principals, env=self.environment)


def grant_all(secured: Secured) -> None:
    """Every user has all rights of the docs except the one that its name says; only one may create."""
    lines = [without(line, "--bootstrap-server", "--command-config", "--allow-principal") for line in documented_acls()]
    assert len(lines) == 6, lines
    creating = [line for line in lines if "Create" in line]
    writing = [line for line in lines if OUTPUT in line and line not in creating]
    group = [line for line in lines if "--group" in line]
    transaction = [line for line in lines if "--transactional-id" in line]
    assert [len(found) for found in (creating, writing, group, transaction)] == [1, 1, 1, 1], lines
    everybody = ["semel", "creator", "no-write", "no-group", "no-transaction"]
    lacking = {"no-write": writing, "no-group": group, "no-transaction": transaction}
    wanted = [(line, [user for user in everybody if line not in lacking.get(user, [])])
              for line in lines if line not in creating]
    wanted.append((creating[0], ["creator"]))
    # The one right without the others of its line.
    wanted.append((["--add", "--operation", "Describe", "--operation", "DescribeConfigs", "--topic", OUTPUT], ["no-write"]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(secured.grant, line, users) for line, users in wanted]:
            done.result()


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    directory = ROOT / f"{os.environ.get('SEMEL_CLUSTER_DIR', 'build/test-cluster')}-secured"
    environment = {"SEMEL_CLUSTER_DIR": str(directory), "SEMEL_CLUSTER_SECURED": "1"}
    try:
        dev("down", env=environment)  # what a run that was killed left behind
        bootstrap = dev("up", env=environment).strip()
        found = Secured(Cluster(bootstrap), (directory / "secured").read_text().strip(),
                        (directory / "password").read_text().strip(), directory / "tls", environment)
        grant_all(found)
        found.admin.create_topic(SOURCE, 2, 1, {"retention.ms": -1})
        yield found
    finally:
        dev("down", env=environment)


class Client:
    """Starts Semel as one of the users."""

    def __init__(self, secured: Secured, semel: Semel, directory: Path) -> None:
        self.secured = secured
        self._semel = semel
        self._directory = directory

    def properties(self, user: str = "semel", mechanism: str = "PLAIN", password: str | None = None, ca: str = "ca") -> Path:
        path = self._directory / f"{user}.{mechanism}.{ca}.properties"
        path.touch(0o600)
        path.write_text(f"""bootstrap.servers={self.secured.address}
security.protocol=SASL_SSL
sasl.mechanism={mechanism}
sasl.username={user}
sasl.password={password or self.secured.password}
ssl.ca.location={self.secured.tls / (ca + ".pem")}
""")
        return path

    def start(self, *more: str, mechanism: str = "PLAIN", env: dict[str, str] | None = None, **account: str) -> Process:
        """PLAIN on the system's librdkafka, SCRAM on the newest one."""
        arguments = ["dedup", "-F", str(self.properties(mechanism=mechanism, **account)), "--from", SOURCE, "--to", OUTPUT,
                     "--key", "json:/event_id", *more]
        return self._semel.start(*arguments, env={**(NEWEST if mechanism == SCRAM else {}), **(env or {})})

    def run(self, *more: str, **how: str) -> Result:
        """To the end of the input. Nothing that it says may hold the password."""
        process = self.start("--until-end", "--summary", "json", *more, **how)
        try:
            result = process.result()
        finally:
            process.kill9()
        assert self.secured.password not in result.stdout + result.stderr
        return result

    def refused(self, *more: str, **how: str) -> str:
        """Exit code 3, within a minute, which is less than it would try in vain; returns the last line."""
        result = self.run(*more, **how)
        assert result.code == 3, result.stderr
        return result.stderr.strip().splitlines()[-1]


@pytest.fixture
def client(secured: Secured, semel: Semel, tmp_path: Path) -> Client:
    return Client(secured, semel, tmp_path)


@pytest.fixture
def topics(secured: Secured) -> None:
    """Output and changelog, where the first test did not make them."""
    there = secured.admin.topics()
    if OUTPUT not in there:
        secured.admin.create_topic(OUTPUT, 2, 1)
    if CHANGELOG not in there:
        secured.admin.create_topic(CHANGELOG, 2, 1, {"message.timestamp.type": "LogAppendTime", "retention.ms": -1})


def version_in(log: str) -> tuple[int, ...]:
    found = re.search(r"librdkafka=(\d+)\.(\d+)", log)
    assert found, log
    return tuple(int(number) for number in found.groups())


def test_topics_are_created_with_that_right_only(client: Client) -> None:
    """The first in this file: it begins without them."""
    text = client.refused("--create-topics")
    assert f"create topic {OUTPUT} as User:semel" in text
    assert "grant User:semel the operation Create on the topic" in text
    done = client.run("--create-topics", user="creator")
    assert done.code == 0, done.stderr
    assert {OUTPUT, CHANGELOG} <= set(client.secured.admin.topics())


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("mechanism", [SCRAM, "PLAIN"])
def test_the_documented_acls_are_enough(mechanism: str, client: Client) -> None:
    """For a job, for ending the transaction that a killed process left open, and for a dry run."""
    admin = client.secured.admin
    new = [f"{mechanism}-{i}" for i in range(100)]
    before = sum(len(records) for records in admin.read_all(OUTPUT).values())
    admin.produce(SOURCE, events(new) + events(new) + events([f"{mechanism}-other"], partition=1))

    if mechanism == SCRAM:  # once is enough: its session has to end first
        killed = client.start("-X", "session.timeout.ms=6000", mechanism=mechanism, env={"SEMEL_FAIL_POINTS": "after_send_offsets:kill"})
        assert killed.wait() == -signal.SIGKILL, killed.describe()
    done = client.run(mechanism=mechanism)
    assert done.code == 0, done.stderr
    assert ("changelog blocked by an open transaction; ending it" in done.stderr) == (mechanism == SCRAM), done.stderr
    assert summary_of(done)["read"] == 201 and adds_up(summary_of(done))
    found = [i for records in admin.read_all(OUTPUT).values() for i in ids([record.value for record in records])]
    assert len(found) == len(set(found)) == before + 101

    dry = client.run("--dry-run", mechanism=mechanism)
    assert dry.code == 0, dry.stderr
    assert summary_of(dry)["unique"] == len(found)

    # Which library it was: the one that SCRAM needs, or the one that is installed.
    newest = version_in(done.stderr) >= (2, 16)
    assert newest == (mechanism == SCRAM), done.stderr


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("mechanism", [SCRAM, "PLAIN"])
@pytest.mark.parametrize("user, tried, right", [
    ("no-write", f'partition "{OUTPUT}" [0]', "Write on the topic"),
    ("no-group", f"group {GROUP}", "Read on the group"),
    ("no-transaction", "semel.orders-x-0", "Write on the transactional id"),
])
def test_a_missing_right_is_named(user: str, tried: str, right: str, mechanism: str, client: Client) -> None:
    client.secured.admin.produce(SOURCE, events([user]))  # so that there is something to write
    text = client.refused("--instance", "x", user=user, mechanism=mechanism)
    assert f"as User:{user}" in text
    assert tried in text
    assert f"grant User:{user} the operation {right} with kafka-acls, see docs/operations.md#acls" in text


@pytest.mark.parametrize("mechanism", [SCRAM, "PLAIN"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["job", "dry-run"])
def test_wrong_password(more: list[str], mechanism: str, client: Client) -> None:
    text = client.refused(*more, mechanism=mechanism, password="hunter2-is-wrong")
    assert "User:semel" in text
    assert "check security.protocol, sasl.*" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("mechanism", [SCRAM, "PLAIN"])
def test_wrong_certificate_authority(mechanism: str, client: Client) -> None:
    text = client.refused(mechanism=mechanism, ca="other-ca")
    assert "certificate verify failed" in text
    assert "check ssl.ca.location" in text


@pytest.mark.parametrize("command, user, password, says", [
    (["consume", SOURCE, "--group", GROUP], "no-group", None, "Read on the group"),
    (["consume", OUTPUT, "--group", GROUP], "semel", None, "Read on the topic"),
    (["consume", SOURCE, "--group", GROUP], "semel", "wrong", "check security.protocol, sasl.*"),
    (["consume", OUTPUT], "semel", None, "Read on the topic"),
    (["consume", SOURCE], "semel", "wrong", "check security.protocol, sasl.*"),
    (["produce", OUTPUT], "no-write", None, "Write on the topic"),
    (["produce", SOURCE], "semel", "wrong", "check security.protocol, sasl.*"),
])
@pytest.mark.usefixtures("topics")
def test_the_library_names_what_is_refused(command: list[str], user: str, password: str | None, says: str, client: Client,
                                           semel: Semel) -> None:
    properties = client.properties(user=user, password=password)
    done = semel.run(*command, "-F", str(properties), stdin=b"a\n", env={})
    assert done.code == 3, done.stderr
    assert says in done.stderr and f"as User:{user}" in done.stderr
    assert client.secured.password not in done.stderr


def test_scram_on_an_old_librdkafka_is_warned_of(client: Client) -> None:
    result = client.run(env={"LD_LIBRARY_PATH": ""}, mechanism=SCRAM)
    if version_in(result.stderr) >= (2, 7):
        assert result.code == 0, result.stderr  # a system whose own library can do it
    else:
        assert result.code == 3
        assert "librdkafka #4895" in result.stderr


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("mechanism, log_format", [(SCRAM, "json"), ("PLAIN", "text")])
def test_the_password_shows_nowhere(mechanism: str, log_format: str, client: Client) -> None:
    page = Page()
    process = client.start(*page.flags, "--log-format", log_format, "--log-level", "debug", "-X", "debug=all", mechanism=mechanism)
    page.wait_ready(process)
    command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
    assert SOURCE in command_line
    pages = {path: page.get(path)[1] for path in ("/", "/status.json", "/metrics", "/livez", "/readyz", "/nothing")}
    assert "semel_build_info" in pages["/metrics"]
    process.term()
    assert process.wait() == 0, process.describe()
    assert "facility" in process.stderr  # librdkafka's own lines are there
    assert "***" in process.stderr
    for text in (command_line, process.stdout, process.stderr, *pages.values()):
        assert client.secured.password not in text


@pytest.mark.usefixtures("topics")
def test_sighup_takes_another_password(client: Client) -> None:
    """That of SCRAM is changed, and the broker started again, so that every connection is made with the new one."""
    secured, page = client.secured, Page()
    before = sum(len(records) for records in secured.admin.read_all(OUTPUT).values())
    process = client.start(*page.flags, mechanism=SCRAM, user="creator")
    page.wait_ready(process)
    dev("kafka", "kafka.admin.ConfigCommand", "--alter", "--entity-type", "users", "--entity-name", "creator",
        "--add-config", f"{SCRAM}=[password=another-one]", env=secured.environment)
    client.properties(mechanism=SCRAM, user="creator", password="another-one")
    os.kill(process.pid, signal.SIGHUP)
    process.wait_for_log("other SASL credentials, for the next connections")
    for action in ("kill", "start"):
        dev("broker", action, "1", env=secured.environment)
    secured.admin.produce(SOURCE, events(["rotated"]))
    wait_for(lambda: secured.admin.lag(GROUP, SOURCE) == 0 or not process.running, "the event is done", 60)
    process.term()
    assert process.wait() == 0, process.describe()
    assert sum(len(records) for records in secured.admin.read_all(OUTPUT).values()) == before + 1
    assert "another-one" not in process.stderr


def aborted(arguments: list[str], ready: str, log: Path) -> bool:
    """Starts it with core dumps switched on, aborts it, and tells whether the kernel dumped it."""
    with log.open("wb") as err:
        shell = ["bash", "-c", 'ulimit -c 1024 && exec "$@"', "_", *arguments]
        process = subprocess.Popen(shell, stderr=err, stdout=subprocess.DEVNULL, cwd=log.parent)
    try:
        end = time.monotonic() + 60
        while ready not in log.read_text() and time.monotonic() < end:
            time.sleep(0.05)
        assert ready in log.read_text(), log.read_text()
        os.kill(process.pid, signal.SIGABRT)
        status = os.waitpid(process.pid, 0)[1]
    except BaseException:
        process.kill()
        raise
    process.returncode = -signal.SIGABRT  # waited for already
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


@pytest.mark.usefixtures("topics")
def test_no_core_dump_once_a_secret_was_read(client: Client, semel: Semel, tmp_path: Path) -> None:
    common = ["dedup", "--from", SOURCE, "--to", OUTPUT, "--key", "json:/event_id"]
    open_address = ["--brokers", client.secured.admin.bootstrap]
    without_secret = aborted([str(semel.binary), *common, *open_address], "started", tmp_path / "plain.err")
    if not without_secret:
        pytest.skip("this machine dumps no core at all")
    secret = ["-F", str(client.properties())]
    assert not aborted([str(semel.binary), *common, *secret], "started", tmp_path / "secret.err")


def serve_acls() -> list[str]:
    """The arguments of the kafka-acls command in the chapter on semel serve."""
    chapter = (ROOT / "docs" / "operations.md").read_text().split("\n## semel serve\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```\n(kafka-acls .*?)^```$", chapter, re.DOTALL | re.MULTILINE)
    return without(shlex.split(block.replace("\\\n", " "))[1:], "--bootstrap-server", "--command-config", "--allow-principal")


def test_the_documented_acls_of_serve_are_enough(client: Client, semel: Semel) -> None:
    admin = client.secured.admin
    acls = serve_acls()
    topic = "served"
    acls[acls.index("--topic") + 1] = topic
    client.secured.grant(acls, ["semel"])
    admin.create_topic(topic, 2, 1)
    allowed = semel.start("serve", "-F", str(client.properties()), "--to", topic, "--listen", "127.0.0.1:0")
    allowed.wait_for_log(" listening")
    port = re.search(r"\bport=(\d+)", allowed.stderr)
    assert port, allowed.describe()
    request = urllib.request.Request(f"http://127.0.0.1:{port[1]}/v1/events", b'[{"id": 1}, {"id": 2}, {"id": 1}]',
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["accepted"] == 3
    time.sleep(6)  # it looks at the ends of its topic every 5 s
    allowed.term()
    assert allowed.wait() == 0, allowed.describe()
    assert "authoriz" not in allowed.stderr.lower(), allowed.describe()
    refused = semel.run("serve", "-F", str(client.properties(user="no-write")), "--to", topic, "--listen", "127.0.0.1:0")
    assert refused.code == 3 and "as User:no-write" in refused.stderr, refused.stderr


def test_json_errors_name_the_exit_code(client: Client) -> None:
    """One object a line also when librdkafka speaks."""
    result = client.run("--log-format", "json", password="wrong")
    last = [json.loads(line) for line in result.stderr.splitlines()][-1]
    assert (last["level"], last["exit_code"]) == ("error", "3")
