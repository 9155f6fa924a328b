"""How parameters of the proxy's tests are called."""

from __future__ import annotations

from kafka_frames import Api


def label(value: object) -> str:
    return value.name.lower() if isinstance(value, Api) else str(value)
