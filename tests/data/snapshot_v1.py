#!/usr/bin/env python3
"""Writes the golden files snapshot_v1_*.bin from docs/formats/snapshot_v1.md alone."""

import pathlib
import struct

from changelog_v1 import NOON, WEEK, crc32c, fingerprint


def sealed(data: bytes) -> bytes:
    return data + struct.pack("<I", crc32c(data))


def text(value: bytes) -> bytes:
    return struct.pack("<H", len(value)) + value


def header(epoch, window, bits, partition, log_next, log_last, append, covered, stream_time, topic, changelog) -> bytes:
    body = struct.pack("<I", epoch) + bytes(range(16)) + struct.pack("<qii", window, bits, partition)
    body += struct.pack("<qqqqq", log_next, log_last, append, covered, stream_time) + text(topic) + text(changelog)
    return sealed(b"SEMELSNP" + struct.pack("<II", 1, len(body)) + body)


def block(entries) -> bytes:
    base = min(time for _, time, _ in entries)
    rows = b"".join(print_ + struct.pack("<Iq", time - base, offset) for print_, time, offset in entries)
    return sealed(struct.pack("<Iq", len(entries), base) + rows)


def trailer(entries, log_end) -> bytes:
    return sealed(struct.pack("<IQq", 0, entries, log_end))


FILES = {
    "empty": header(1, WEEK, 128, 0, 1, 0, NOON, 10, NOON, b"orders", b"semel.orders.seen") + trailer(0, 1),
    "128": header(3, WEEK, 128, 7, 5000, 4998, NOON - 250, 2**33, NOON, b"orders", b"semel.orders.seen")
    + block([(fingerprint(0x10, 128), NOON - 5, 1000), (fingerprint(0x20, 128), NOON - 9, 2**32 + 1)])
    + block([(fingerprint(0x30, 128), NOON, 1199)])
    + trailer(3, 5040),
    "256": header(1, 1, 256, 2**31 - 1, 2**62, 2**62 - 1, 2**62, 2**62, 2**62, b"a", b"b")
    + block([(fingerprint(0xF0, 256), 1, 0), (fingerprint(0x00, 256), 2**32, 2**62 - 1)])
    + trailer(2, 2**62),
}

if __name__ == "__main__":
    for name, data in FILES.items():
        pathlib.Path(__file__).with_name(f"snapshot_v1_{name}.bin").write_bytes(data)
