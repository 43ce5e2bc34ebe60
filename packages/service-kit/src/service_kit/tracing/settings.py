"""What every process can be told about its traces."""

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
    """A part of the process's own settings, which inherit from it."""

    traces_endpoint: str | None = setting(
        doc="where traces go, by OTLP over HTTP, as http://HOST:4318/v1/traces; without it none are recorded",
        default=None,
        parse=_endpoint,
    )
    traces_sample_ratio: float = setting(
        doc="which part of the traces that begin here is recorded; what came with a trace follows its caller",
        default=0.01,
        minimum=0,
        maximum=1,
    )
