"""Redis: pools, clients, failures and the supported version. Needs the extra `service-kit[redis]`."""
