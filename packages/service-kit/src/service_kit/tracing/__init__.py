"""Spans of sampled requests, exported by OTLP where the settings say so. Needs the extra `service-kit[otlp]` then.

Whoever handles a request looks at `RequestContext.span`: None, nearly always, and there is nothing more to do.
"""
