"""Rules, alerts and dashboards, against a real Prometheus that reads a real platform."""
