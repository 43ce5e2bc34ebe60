"""Validates messages by the rules that the contract gives their fields."""

from service_kit.validation.validator import Validator

__all__ = ["Validator"]
