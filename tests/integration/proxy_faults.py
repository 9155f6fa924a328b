"""Pairs of faults that any kind of request can meet, and what the tests with them are called."""

from __future__ import annotations

from typing import Callable

from fault_proxy import Fault, FaultProxy, answer, request
from kafka_frames import Api

Faults = Callable[[FaultProxy, Api], list[Fault]]


def lost(proxy: FaultProxy, api: Api) -> list[Fault]:
    """A request, and of a later one the answer."""
    return [proxy.cut(request(api)), proxy.cut(answer(api))]


def late_and_twice(proxy: FaultProxy, api: Api) -> list[Fault]:
    return [proxy.delay(answer(api), seconds=1), proxy.duplicate(request(api))]


def wait_all(faults: list[Fault]) -> None:
    for fault in faults:
        fault.wait()


def label(value: object) -> str:
    """Of a parameter of a test. A yes or no says whether the worker has a name."""
    if isinstance(value, bool):
        return "named" if value else "unnamed"
    return value.name.lower() if isinstance(value, Api) else getattr(value, "__name__", str(value))
