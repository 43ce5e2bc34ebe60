"""Rules, alerts and dashboards, against a real Prometheus that scrapes a real platform."""
