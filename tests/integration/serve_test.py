"""`semel serve`: what it answers is true, whatever is done to it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Callable

import pytest
from certificates import Certificates
from cluster import ROOT, Broker, Cluster, wait_for
from conftest import JobFactory, TopicFactory
from job import Page, ids, twice
from process import Semel
from redis_server import RedisServer
from server import KEY, Load, Server, event


def test_events_are_in_the_topic_by_their_fingerprint(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    target, views = topic("in", partitions=3), topic("views")
    server = Server(cluster, semel, "--to", target, "--view-event-to", views, "--edge-memory", "0", *KEY)
    assert server.post(event(1)) == (200, {"status": "accepted"})
    status, answer = server.post([event(2), {"what": "no id"}, event(1)])
    assert status == 207
    assert [each["status"] for each in answer["results"]] == ["accepted", "rejected", "accepted"]
    lines = b"\n".join(json.dumps(event(i)).encode() for i in (3, 4))
    assert server.post(gzip.compress(lines), Content_Encoding="gzip")[0] == 200

    partitions = cluster.read_all(target)
    keys: dict[str, set[tuple[bytes | None, int]]] = {}
    for partition, records in partitions.items():
        for record in records:
            assert record.key is not None and re.fullmatch(rb"[0-9a-f]{32}", record.key)
            keys.setdefault(ids([record.value])[0], set()).add((record.key, partition))
    assert sorted(keys) == ["1", "2", "3", "4"]
    assert all(len(found) == 1 for found in keys.values()), "copies of an event meet in one partition"
    assert len({key for found in keys.values() for key, _ in found}) == 4

    view = {"userId": 7, "content_id": 9, "event_name": "watch", "event_datetime": "2024-01-01", "sid": "s", "x": 1}
    assert server.post(view, "/api-fast/view-event")[0] == 200
    assert server.post({**view, "x": 2}, "/api-fast/view-event")[0] == 200
    status, answer = server.post({**view, "sid": None}, "/api-fast/view-event")
    assert (status, answer["reason"]) == (400, "json:/sid is missing or null")
    records = cluster.read(views)
    assert [json.loads(record.value or b"")["x"] for record in records] == [1, 2]
    assert records[0].key == records[1].key


def test_killed_under_load_each_event_is_written_once(cluster: Cluster, semel: Semel, job: JobFactory,
                                                     load: Callable[..., Load]) -> None:
    one = job(partitions=3)
    server = Server(cluster, semel, "--to", one.source, *KEY)
    clients = load(server, 12_000)
    for part in (2_000, 5_000, 8_000):
        wait_for(lambda: len(clients.answered) > part, f"{part} answered")
        server.process.kill9()
        server.start()
    clients.wait()
    assert sorted(clients.answered, key=int) == [str(i) for i in range(12_000)]
    assert len(clients.answers) > 1, f"nobody noticed: {clients.answers}"
    one.run()
    assert sorted(ids(one.values()), key=int) == [str(i) for i in range(12_000)]


def test_a_copy_is_answered_without_being_sent(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    target = topic()
    page = Page()
    server = Server(cluster, semel, "--to", target, *KEY, *page.flags)
    assert server.post(event(1)) == (200, {"status": "accepted"})
    # As long as its last look found an empty topic, nothing can be remembered of it.
    wait_for(lambda: server.post(event(1)) == (200, {"status": "duplicate"}), "it remembers")
    written = len(cluster.read(target))
    assert server.post(event(1)) == (200, {"status": "duplicate"})
    assert len(cluster.read(target)) == written
    assert page.ready
    assert page.total("semel_serve_events_total", 'result="duplicate"') == 2, page.metrics()
    assert page.total("semel_serve_events_total", 'result="accepted"') == written


def test_instances_share_a_redis_and_go_on_without_it(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                      redis: RedisServer) -> None:
    target = topic()
    page = Page()
    flags = ("--to", target, "--edge-redis", redis.address, *KEY)
    one, two = Server(cluster, semel, *flags), Server(cluster, semel, *flags, *page.flags)
    for server in (one, two):
        wait_for(lambda: server.ask("GET", "/readyz")[1]["edge_memory"] == "ok", "the memory answers")
    assert one.post(event(1)) == (200, {"status": "accepted"})
    wait_for(lambda: two.post(event(1)) == (200, {"status": "duplicate"}), "the other instance knows")
    redis.pause()
    try:
        assert one.post(event(1)) == (200, {"status": "accepted"}), "not known, so Kafka has it twice"
        wait_for(lambda: one.ask("GET", "/readyz")[1]["edge_memory"] == "failing", "it is told")
        assert one.ask("GET", "/readyz")[0] == 200
    finally:
        redis.resume()
    redis.kill9()
    assert two.post([event(i) for i in range(1, 4)])[0] == 200
    wait_for(lambda: page.total("semel_serve_edge_memory_failing") == 1, "it is told")
    redis.start()
    wait_for(lambda: two.ask("GET", "/readyz")[1]["edge_memory"] == "ok", "the memory answers again")
    assert two.post(event(1)) == (200, {"status": "duplicate"}), "it keeps a file"
    assert two.post(event(3)) == (200, {"status": "accepted"}), "what was not remembered meanwhile goes to Kafka again"
    assert set(ids([record.value for record in cluster.read(target)])) == {"1", "2", "3"}


def test_brokers_that_do_not_answer_lose_nothing(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                 broker: Callable[[int], Broker]) -> None:
    target = topic()
    server = Server(cluster, semel, "--to", target, "--delivery-timeout", "2s", "--max-events-in-flight", "15", "--max-batch",
                    "15", *KEY)
    assert server.post(event(0))[0] == 200
    for number in (1, 2, 3):
        broker(number).pause()
    status, answer = server.post(event(1))
    assert (status, answer["status"]) == (503, "retry")
    assert server.ask("GET", "/readyz")[1]["kafka"] == "failing"
    statuses: list[int] = []
    several = [threading.Thread(target=lambda i=i: statuses.append(server.post([event(i * 10 + j) for j in range(10)])[0]))
               for i in (1, 2, 3)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert statuses == [503] * 3
    for number in (1, 2, 3):
        broker(number).resume()
    wait_for(lambda: server.post(event(1))[0] == 200, "Kafka takes events again")
    assert server.ask("GET", "/readyz")[1]["kafka"] == "ok"
    assert {"0", "1"} <= set(ids([record.value for record in cluster.read(target)]))


def test_ended_politely_it_answers_what_it_has(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                              load: Callable[..., Load]) -> None:
    target = topic()
    server = Server(cluster, semel, "--to", target, *KEY)
    clients = load(server, 1_000_000)
    wait_for(lambda: len(clients.answered) > 500, "load")
    server.process.term()
    result = server.process.result()
    assert result.code == 0, server.process.describe()
    clients.stop()
    written = ids([record.value for record in cluster.read(target)])
    assert set(clients.answered) <= set(written)
    assert not twice(written), "all that was written was answered"
    assert result.summary()["accepted"] == len(written)


def certificate(directory: Path) -> tuple[Path, Path]:
    key, file = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(key), "-out", str(file), "-days", "2", "-subj", "/CN=semel",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=30)
    return file, key


def test_with_tls_and_keys(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> None:
    target, views = topic("in"), topic("views")
    file, key = certificate(tmp_path)
    keys = tmp_path / "keys"
    keys.write_text(f"web {hashlib.sha256(b'sesame').hexdigest()} {target}\n")
    key.chmod(0o600)
    keys.chmod(0o644)
    server = Server(cluster, semel, "--to", target, "--view-event-to", views, "--tls-certificate", str(file),
                    "--tls-key", str(key), "--api-keys", str(keys), "--key-rate", "5", *KEY,
                    tls=ssl.create_default_context(cafile=str(file)))
    bearer = "Bearer sesame"
    assert server.post(event(1))[0] == 401
    assert server.post(event(1), Authorization="Bearer wrong")[0] == 401
    assert server.post(event(1), "/api-fast/view-event", Authorization=bearer)[0] == 403
    assert server.post(event(1), Authorization=bearer)[0] == 200
    basic = "Basic " + base64.b64encode(b"sesame:").decode()
    assert server.post([event(i) for i in range(2, 100)], Authorization=basic)[0] == 200
    assert server.post(event(100), Authorization=bearer)[0] == 429
    assert len(cluster.read(target)) == 99
    assert server.raw(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n").startswith(b"HTTP/") is False
    assert "sesame" not in server.process.stderr
    assert f"{keys} holds secrets" in server.process.stderr and f"{key} holds" not in server.process.stderr


def test_only_clients_with_a_certificate(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> None:
    file, key = certificate(tmp_path)
    certificates = Certificates(tmp_path)
    server = Server(cluster, semel, "--to", topic(), "--tls-certificate", str(file), "--tls-key", str(key), "--tls-client-ca",
                    str(tmp_path / "ca.pem"), "--header-timeout", "300ms", *KEY)

    def status(name: str, **versions: ssl.TLSVersion) -> int:
        server.tls = ssl.create_default_context(cafile=str(file))
        for setting, version in versions.items():
            setattr(server.tls, setting, version)
        if name:
            server.tls.load_cert_chain(certificates.directory / f"{name}.pem", certificates.directory / f"{name}.key")
        return server.post(event(1))[0]
    assert status("server") == 200
    server.tls = ssl.create_default_context(cafile=str(file))
    server.tls.maximum_version = ssl.TLSVersion.TLSv1_2  # which has the session when the handshake is done
    server.tls.load_cert_chain(certificates.directory / "server.pem", certificates.directory / "server.key")
    session = None
    for again in (False, True):
        with socket.create_connection(("127.0.0.1", server.port)) as connection, server.tls.wrap_socket(
                connection, server_hostname="127.0.0.1", session=session) as tls:
            session = tls.session
            assert tls.session_reused == again
    for stranger in ("", "other"):
        with pytest.raises((OSError, http.client.HTTPException)):
            status(stranger)
    assert server.raw(b"") == b"", "a handshake has its deadline"


def test_old_tls_is_refused(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> None:
    file, key = certificate(tmp_path)
    server = Server(cluster, semel, "--to", topic(), "--tls-certificate", str(file), "--tls-key", str(key), *KEY)

    def handshake(version: str) -> str:
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", f"-{version}", "-cipher",
                               "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr
    assert "alert protocol version" in handshake("tls1_1"), "the server said so, not the client"
    assert "Cipher is ECDHE" in handshake("tls1_2")


def test_sighup_takes_another_certificate(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> None:
    file, key = certificate(tmp_path)
    old, new = tmp_path / "old.pem", tmp_path / "new"
    old.write_bytes(file.read_bytes())
    server = Server(cluster, semel, "--to", topic(), "--tls-certificate", str(file), "--tls-key", str(key), *KEY,
                    tls=ssl.create_default_context(cafile=str(old)))
    kept = server.connect()
    kept.request("GET", "/livez")
    assert kept.getresponse().read()
    new.mkdir()
    certificate(new)
    key.write_bytes((new / "key.pem").read_bytes())
    os.kill(server.process.pid, signal.SIGHUP)
    server.process.wait_for_log("SIGHUP changes nothing")  # the key is not that of the certificate
    assert server.ask("GET", "/livez")[0] == 200
    file.write_bytes((new / "certificate.pem").read_bytes())
    os.kill(server.process.pid, signal.SIGHUP)
    server.process.wait_for_log("TLS certificate and key, for the next connections")
    with pytest.raises(ssl.SSLError):
        server.ask("GET", "/livez")
    server.tls = ssl.create_default_context(cafile=str(file))
    assert server.ask("GET", "/livez")[0] == 200
    kept.request("GET", "/livez")
    assert kept.getresponse().status == 200, "connections that there are go on"


def documented_redis_user() -> list[str]:
    (line,) = re.findall(r"`(ACL SETUSER .*?)`", (ROOT / "docs/serve.md").read_text())
    return line.split()


def test_the_documented_redis_user_is_enough_and_its_password_may_change(
        cluster: Cluster, semel: Semel, topic: TopicFactory, redis: RedisServer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hush-1\n")
    user = documented_redis_user()
    assert user[2] == "semel"
    assert redis.do(*(word.replace("PASSWORD", "hush-1") for word in user)) == "OK"
    admin = ("--user", "admin", "--pass", "hush-admin", "--no-auth-warning")
    redis.do("ACL", "SETUSER", "admin", "on", ">hush-admin", "~*", "&*", "+@all")
    redis.do("ACL", "SETUSER", "default", "off")
    server = Server(cluster, semel, "--to", topic(), "--edge-redis", redis.address.replace("//", "//semel@"),
                    "--redis-password-file", str(password), *KEY)
    memory = lambda: server.ask("GET", "/readyz")[1]["edge_memory"]
    wait_for(lambda: memory() == "ok", "the memory answers")
    assert server.post(event(1)) == (200, {"status": "accepted"})
    wait_for(lambda: server.post(event(1)) == (200, {"status": "duplicate"}), "it remembers")

    redis.do(*admin, "ACL", "SETUSER", "semel", "resetpass", ">hush-2")
    redis.do(*admin, "CLIENT", "KILL", "USER", "semel")
    server.post(event(1))
    wait_for(lambda: memory() == "failing", "the old password is refused")
    password.write_text("hush-2\n")
    os.kill(server.process.pid, signal.SIGHUP)
    wait_for(lambda: memory() == "ok", "the new one is taken")
    wait_for(lambda: server.post(event(1)) == (200, {"status": "duplicate"}), "it remembers still")
    assert "hush" not in server.process.stderr


def trickle(server: Server, body: bytes, size: int, pause: float) -> int:
    """The status of a post whose body comes in pieces of that size."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), size):
            if select.select([connection], [], [], pause)[0]:
                break  # it has answered
            connection.sendall(body[at:at + size])
        return int(connection.recv(1 << 16).split(b" ")[1])


def test_a_body_has_to_come_at_a_rate(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    server = Server(cluster, semel, "--to", topic(), "--body-grace", "500ms", "--min-body-rate", "2000", *KEY)
    body = json.dumps(event(1)).encode() + b" " * 20_000
    assert trickle(server, body, 100, 0.2) == 408
    assert trickle(server, body, 2_000, 0.1) == 200, "longer than the grace, and fast enough"


def test_bounds_have_flags(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    target = topic()
    server = Server(cluster, semel, "--to", target, "--max-header", "2KiB", "--max-header-fields", "10", "--max-body",
                    "10KiB", "--max-batch", "3", "--max-decompressed", "200KiB", "--max-compression-ratio", "20",
                    "--max-depth", "2", "--header-timeout", "300ms", "--body-grace", "300ms", "--idle-timeout", "300ms", *KEY)
    post = b"POST /v1/events HTTP/1.1\r\nHost: here\r\n"
    status_of = lambda request: int(server.raw(request).split(b" ")[1])
    assert status_of(post + b"X: " + b"x" * 3000) == 431
    assert status_of(post + b"X: y\r\n" * 10 + b"\r\n") == 431
    assert server.post(b" " * 10_241)[0] == 413
    assert server.post([event(i) for i in range(4)])[0] == 413
    assert server.post(gzip.compress(b" " * 150_000), Content_Encoding="gzip")[0] == 413
    assert server.post({**event(1), "deep": [[1]]})[1]["reason"].endswith("at most 2 deep")
    assert status_of(post) == 408  # slow-loris
    assert status_of(post + b"Content-Length: 9\r\n\r\n{") == 408
    assert server.raw(b"") == b""  # idle
    smuggled = server.raw(post + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n")
    assert smuggled.startswith(b"HTTP/1.1 400") and smuggled.count(b"HTTP/1.1") == 1
    assert server.post(event(1))[0] == 200
    assert ids([record.value for record in cluster.read(target)]) == ["1"]
    alone = Server(cluster, semel, "--to", target, "--max-connections", "1", *KEY)
    first = alone.connect()
    first.request("GET", "/livez")
    assert first.getresponse().status == 200
    assert alone.raw(b"").startswith(b"HTTP/1.1 503")
    first.close()
    large = Server(cluster, semel, "--to", target, "--max-decompressed", "100KiB", *KEY)
    noise = json.dumps({**event(1), "noise": os.urandom(60_000).hex()}).encode()
    status, answer = large.post(gzip.compress(noise), Content_Encoding="gzip")
    assert status == 413 and "larger than 102400 bytes" in answer["reason"]


def test_what_it_says_of_itself_is_so(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    server = Server(cluster, semel, "--to", topic("in"), "--view-event-to", topic("views"), "--cors-origin", "*", *KEY)
    status, document = server.ask("GET", "/openapi.json")
    assert status == 200 and document["openapi"].startswith("3.1")
    assert {"/v1/events", "/api-fast/view-event", "/livez", "/readyz"} <= set(document["paths"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "head", "post"):
                body = b"{}" if method == "post" else None
                assert str(server.ask(method.upper(), path, body)[0]) in operation["responses"], (method, path)
    assert server.ask("OPTIONS", "/v1/events", Origin="https://a.example")[0] == 204


def test_what_cannot_work_is_said_at_the_start(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    def why(*flags: str) -> str:
        result = semel.run("serve", "--brokers", cluster.bootstrap, "--listen", "127.0.0.1:0", *flags)
        assert result.code == 2, result.stderr
        return result.stderr
    assert "--to, --view-event-to or --endpoint" in why()
    assert "there is no topic nowhere" in why("--to", "nowhere")
    assert "--key header:a" in why("--to", topic(), "--key", "header:a")
    assert "--tls-certificate" in why("--to", topic(), "--tls-certificate", "/nowhere", "--tls-key", "/nowhere")
