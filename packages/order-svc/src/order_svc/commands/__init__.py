"""The subcommands of `order-svc`."""
