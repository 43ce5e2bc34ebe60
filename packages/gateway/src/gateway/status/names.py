"""The Prometheus names of metrics that are read in several places."""

REQUESTS = "http_server_request_duration_seconds"
CALLS = "rpc_client_call_duration_seconds"
DECISIONS = "headrace_gateway_decisions_total"
SHEDS = "headrace_gateway_throttle_sheds_total"
