"""The private members of libraries that the platform relies on.

After an upgrade, a test that fails here names the member that has changed, and the module that has to be adapted.
"""

import inspect
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpclib.client
import grpclib.config
import grpclib.protocol
import grpclib.server
import grpclib.utils
import h2.config
import h2.connection
import h2.exceptions
import h2.frame_buffer
import h2.stream
import h11
import h11._receivebuffer
import hpack
import hpack.hpack
import hypercorn.config
import hypercorn.protocol.http_stream
import pytest

#: (user, library, owner, members): read, called, replaced or overridden by the module `user`.
_USES: list[tuple[str, str, Any, str]] = [
    (
        "service_kit.http2.server_connection",
        "h2",
        h2.connection.H2Connection,
        "_frame_dispatch_table _handle_data_on_closed_stream _stream_closed_by _get_stream_by_id "
        "_inbound_flow_control_window_manager _receive_data_frame _receive_goaway_frame _receive_headers_frame "
        "_receive_priority_frame _receive_rst_stream_frame incoming_buffer local_settings decoder streams",
    ),
    (
        "service_kit.http2.server_connection",
        "h2",
        h2.stream.H2Stream,
        "_expected_content_length _actual_content_length state_machine",
    ),
    ("service_kit.http2.server_connection", "h2", h2.stream.H2StreamStateMachine, "state stream_closed_by"),
    ("service_kit.http2.server_connection", "h2", h2.exceptions.StreamClosedError, "_events"),
    ("service_kit.http2.frames", "h2", h2.frame_buffer.FrameBuffer, "_data _headers_buffer max_frame_size __next__"),
    ("service_kit.http2.graceful_goaway", "h2", h2.connection.H2Connection, "_frame_dispatch_table"),
    ("gateway.server.strict_buffer", "h11", h11.Connection, "_receive_buffer"),
    (
        "gateway.server.strict_buffer",
        "h11",
        h11._receivebuffer.ReceiveBuffer,
        "_data maybe_extract_lines maybe_extract_at_most maybe_extract_next_line __len__ __bytes__",
    ),
    (
        "gateway.server.hypercorn_adapter",
        "hypercorn",
        hypercorn.protocol.http_stream.HTTPStream,
        "handle app_send app_put task_group.spawn_app config.log.access",
    ),
    (
        "gateway.server.hypercorn_adapter",
        "hypercorn",
        hypercorn.config.Config,
        "accesslog errorlog include_server_header response_headers log",
    ),
    (
        "service_kit.grpc.grpclib_adapter",
        "grpclib",
        grpclib.config.Configuration,
        "_keepalive_time _keepalive_timeout _keepalive_permit_without_calls _http2_max_pings_without_data "
        "_http2_min_sent_ping_interval_without_data",
    ),
    ("service_kit.grpc.grpclib_adapter", "grpclib", grpclib.server.Stream, "_stream"),
    (
        "service_kit.grpc.grpclib_adapter",
        "grpclib",
        grpclib.client.Stream,
        "_send_request_done _stream _cardinality _wrapper",
    ),
    ("service_kit.grpc.grpclib_adapter", "grpclib", grpclib.utils.Wrapper, "_error cancel cancelled"),
    (
        "service_kit.grpc.grpclib_adapter",
        "grpclib",
        grpclib.protocol.Connection,
        "_connection _close_by_ping_handler _config",
    ),
    (
        "service_kit.grpc.call_stream",
        "grpclib",
        grpclib.protocol.Connection,
        "_connection _transport create_stream ack",
    ),
    (
        "service_kit.grpc.call_stream",
        "grpclib",
        grpclib.protocol.Stream,
        "init_stream send_headers recv_data wrapper data_sent",
    ),
    ("service_kit.grpc.receive_budget", "grpclib", grpclib.protocol.Buffer, "_ack_callback _unacked add read"),
    (
        "service_kit.grpc.call_handler",
        "grpclib",
        grpclib.server.Handler,
        "_tasks _cancelled closing loop codec status_details_codec dispatch accept cancel close",
    ),
    (
        "service_kit.grpc.bounded_server",
        "grpclib",
        grpclib.server.Server,
        "_handlers _server _loop _mapping _codec _config _status_details_codec _protocol_factory __gc_step__ "
        "__dispatch__",
    ),
    (
        "service_kit.grpc.connection",
        "grpclib",
        grpclib.protocol.Connection,
        "flush initialize data_sent last_stream_created",
    ),
    (
        "service_kit.grpc.connection",
        "grpclib",
        grpclib.protocol.EventsProcessor,
        "processors streams process process_stream_reset process_connection_terminated",
    ),
    ("service_kit.grpc.connection", "grpclib", grpclib.protocol.H2Protocol, "connection processor handler config"),
    (
        "gateway.upstream.connection",
        "grpclib",
        grpclib.client.Channel,
        "_protocol _create_connection _protocol_factory __connect__ _config _h2_config",
    ),
    (
        "gateway.upstream.protocol",
        "grpclib",
        grpclib.protocol.EventsProcessor,
        "process_remote_settings_changed process_stream_reset close streams",
    ),
    (
        "gateway.upstream.header_encoder",
        "hpack",
        hpack.Encoder,
        "header_table.resized _encode_table_size_change add",
    ),
    ("gateway.upstream.header_encoder", "hpack", hpack.hpack, "encode_integer"),
]
_MEMBERS = [(user, library, owner, name) for user, library, owner, names in _USES for name in names.split()]
_PACKAGES = Path(__file__).parents[3] / "packages"
#: The modules that may use private members of objects that are not their own.
_ADAPTERS = {
    "strict_buffer.py",  # h11
    "grpclib_adapter.py",
    "graceful_goaway.py",  # h2
    "server_connection.py",  # h2
    "message_conversion.py",  # betterproto2
    "output.py",  # asyncio
    "cpu_sampler.py",  # sys
    "threads.py",  # sys
}


def has_member(owner: Any, name: str) -> bool:
    """Returns whether ``owner`` has the member, as an attribute of its class or of its instances."""
    if hasattr(owner, name):
        return True
    bases = [base for base in owner.__mro__ if base is not object] if inspect.isclass(owner) else [owner]
    return any(re.search(rf"self\.{re.escape(name)}\b", inspect.getsource(base)) for base in bases)


@pytest.mark.parametrize(
    ("user", "library", "owner", "name"),
    _MEMBERS,
    ids=[f"{owner.__name__}.{name} in {user}" for user, _, owner, name in _MEMBERS],
)
def test_library_has_the_member_that_the_platform_uses(user: str, library: str, owner: Any, name: str) -> None:
    assert has_member(owner, name), f"{library} {version(library)}: no {owner.__name__}.{name}, which {user} uses"


def test_hypercorn_stream_takes_the_arguments_that_the_gateway_passes() -> None:
    parameters = list(inspect.signature(hypercorn.protocol.http_stream.HTTPStream).parameters)
    expected = ["app", "config", "context", "task_group", "ssl", "client", "server", "send", "stream_id"]
    assert parameters == expected, f"hypercorn {version('hypercorn')}: see gateway.server.hypercorn_adapter"


def test_h2_counts_the_announced_and_the_received_bytes_of_a_body() -> None:
    stream = h2.stream.H2Stream(1, h2.config.H2Configuration(client_side=False), 65535, 65535)
    assert (stream._expected_content_length, stream._actual_content_length) == (None, 0)


def test_private_members_of_other_objects_are_used_only_in_adapters() -> None:
    sources = list(_PACKAGES.glob("*/src/**/*.py"))
    found = {path.name for path in sources if "noqa: SLF001" in path.read_text()}
    assert found == _ADAPTERS
