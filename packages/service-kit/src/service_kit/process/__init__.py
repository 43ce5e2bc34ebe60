"""The steps that every composition root takes in the same way, so that it holds only what is its own."""

from service_kit.process.start import start_process

__all__ = ["start_process"]
