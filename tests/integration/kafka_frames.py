"""Kafka's requests and answers, as far as a proxy has to know them.

A request is int32 length, int16 API, int16 version, int32 correlation, client id, body; an answer is int32 length, int32
correlation, body. Of the bodies only that is read by which a test tells them apart.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class Api(IntEnum):
    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    API_VERSIONS = 18
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


# From this version on a message has compact strings and tags.
FLEXIBLE = {Api.PRODUCE: 9, Api.HEARTBEAT: 4, Api.INIT_PRODUCER_ID: 2, Api.ADD_PARTITIONS_TO_TXN: 3,
            Api.ADD_OFFSETS_TO_TXN: 3, Api.END_TXN: 3, Api.TXN_OFFSET_COMMIT: 3}
# Their first field is the transactional id.
TRANSACTIONAL = {Api.PRODUCE, Api.INIT_PRODUCER_ID, Api.ADD_PARTITIONS_TO_TXN, Api.ADD_OFFSETS_TO_TXN, Api.END_TXN,
                 Api.TXN_OFFSET_COMMIT}


@dataclass(frozen=True)
class Request:
    api: int
    version: int
    correlation: int
    client_id: str
    transactional_id: str = ""
    epoch: int | None = None       # the producer's: EndTxn
    commit: bool | None = None     # EndTxn
    generation: int | None = None  # TxnOffsetCommit
    member: str | None = None      # TxnOffsetCommit

    def __str__(self) -> str:
        name = Api(self.api).name if self.api in Api._value2member_map_ else f"api {self.api}"
        kind = {True: " commit", False: " abort", None: ""}[self.commit]
        return f"{name}{kind} #{self.correlation} of {self.client_id} {self.transactional_id}".rstrip()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.flexible = False

    def _take(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return int(value)

    def int8(self) -> int:
        return self._take(">b")

    def int16(self) -> int:
        return self._take(">h")

    def int32(self) -> int:
        return self._take(">i")

    def int64(self) -> int:
        return self._take(">q")

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(">B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def string(self) -> str:
        """A null is empty."""
        length = max(self._varint() - 1 if self.flexible else self.int16(), 0)
        self._at += length
        return self._data[self._at - length:self._at].decode()

    def count(self) -> int:
        """Of the elements of an array."""
        return self._varint() - 1 if self.flexible else self.int32()

    def tags(self) -> None:
        if not self.flexible:
            return
        for _ in range(self._varint()):
            self._varint()
            self._at += self._varint()


def parse_request(payload: bytes) -> Request:
    """`payload` is the frame without its length."""
    reader = _Reader(payload)
    api, version, correlation, client_id = reader.int16(), reader.int16(), reader.int32(), reader.string()
    if api not in TRANSACTIONAL:
        return Request(api, version, correlation, client_id)
    reader.flexible = version >= FLEXIBLE[Api(api)]
    reader.tags()
    transactional_id = reader.string()
    epoch = commit = generation = member = None
    if api == Api.END_TXN:
        reader.int64()
        epoch = reader.int16()
        commit = bool(reader.int8())
    if api == Api.TXN_OFFSET_COMMIT and version >= 3:
        reader.string()
        reader.int64()
        reader.int16()
        generation, member = reader.int32(), reader.string()
    return Request(api, version, correlation, client_id, transactional_id, epoch, commit, generation, member)


def correlation_of(payload: bytes) -> int:
    """Of an answer."""
    return _Reader(payload).int32()


def error_of(request: Request, payload: bytes) -> int | None:
    """The error in the answer, the first partition's where each has one; None where it is not read."""
    if request.api not in FLEXIBLE:
        return None
    reader = _Reader(payload)
    reader.int32()
    reader.flexible = request.version >= FLEXIBLE[Api(request.api)]
    reader.tags()
    if request.api != Api.PRODUCE and not (request.api == Api.HEARTBEAT and request.version == 0):
        reader.int32()  # for how long the client is to be quiet
    if request.api in (Api.PRODUCE, Api.ADD_PARTITIONS_TO_TXN, Api.TXN_OFFSET_COMMIT):
        reader.count()
        reader.string()
        reader.count()
        reader.int32()
    return reader.int16()
