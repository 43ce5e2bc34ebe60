"""Spans of sampled requests, exported by OTLP if the settings name a collector, with the extra `service-kit[otlp]`.

Code that handles a request checks `RequestContext.span`: it is nearly always None, and then tracing costs nothing more.
"""
