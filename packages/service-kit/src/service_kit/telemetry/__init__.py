"""Metrics, histograms, trace ids and the event loop's lag. For spans, see `service_kit.tracing`."""
