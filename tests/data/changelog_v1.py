#!/usr/bin/env python3
"""Writes the golden files changelog_v1_*.bin from docs/formats/changelog_v1.md alone.

A second implementation, so that a slip in the first one cannot make its own golden file.
"""

import pathlib


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def record(flags, bits, epoch, window, name, partition, begin, end, stream_time, previous_append, entries) -> bytes:
    out = b"S\x01" + bytes([flags, bits // 8]) + varint(epoch) + bytes(range(16)) + varint(window)
    out += varint(len(name)) + name + varint(partition) + varint(begin) + varint(end - begin)
    out += varint(stream_time) + varint(previous_append) + varint(len(entries))
    next_offset, previous_time = begin, stream_time
    for fingerprint, time, offset in entries:
        out += fingerprint + varint(offset - next_offset) + varint(zigzag(time - previous_time))
        next_offset, previous_time = offset + 1, time
    return out + crc32c(out).to_bytes(4, "little")


def fingerprint(first: int, bits: int) -> bytes:
    return bytes((first + i) % 256 for i in range(bits // 8))


NOON = 1_764_590_400_000  # 2025-12-01 12:00 UTC
WEEK = 7 * 24 * 3_600_000
FILES = {
    "empty": record(0, 128, 1, WEEK, b"semel.orders-a-0", 3, 1000, 1042, NOON, 0, []),
    "128": record(
        2, 128, 1, WEEK, b"semel.orders-a-0", 3, 1000, 1200, NOON, NOON - 250,
        [(fingerprint(0x10, 128), NOON - 5, 1000), (fingerprint(0x20, 128), NOON, 1001),
         (fingerprint(0x30, 128), NOON - 3_600_000, 1199)]),
    "256": record(
        4, 256, 7, 366 * 24 * 3_600_000, b"", 2**31 - 1, 2**62 - 300, 2**62, 2**62, 2**62,
        [(fingerprint(0xF0, 256), 1, 2**62 - 300), (fingerprint(0x00, 256), 2**62, 2**62 - 1)]),
}

if __name__ == "__main__":
    for name, data in FILES.items():
        pathlib.Path(__file__).with_name(f"changelog_v1_{name}.bin").write_bytes(data)
