"""Listening sockets and their connections: opening, accepting within a maximum, closing without losing one."""

from service_kit.listening.connection_table import ConnectionTable
from service_kit.listening.port_sharing import is_port_shared
from service_kit.listening.sockets import LOOPBACK, AcceptError, accept_queued, listen, parse_hosts, url_host
from service_kit.listening.syn_filter import detach_filter, drop_new_connections

__all__ = [
    "LOOPBACK",
    "AcceptError",
    "ConnectionTable",
    "accept_queued",
    "detach_filter",
    "drop_new_connections",
    "is_port_shared",
    "listen",
    "parse_hosts",
    "url_host",
]
