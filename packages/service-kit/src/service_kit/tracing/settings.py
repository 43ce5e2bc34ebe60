"""The settings of tracing."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from service_kit.settings import setting


def _endpoint(text: str) -> str | None:
    if not text:
        return None
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.username is not None:
        raise ValueError("must be an http:// or https:// URL without a user")
    return text


@dataclass(frozen=True)
class TracingSettings:
    """The base of a process's settings dataclass."""

    traces_endpoint: str | None = setting(
        doc="collector of traces, by OTLP over HTTP, as http://HOST:4318/v1/traces; without it none are recorded",
        default=None,
        parse=_endpoint,
    )
    traces_sample_ratio: float = setting(
        doc="share of the traces that begin here that is recorded; a trace of a caller is recorded if the caller does",
        default=0.01,
        minimum=0,
        maximum=1,
    )
