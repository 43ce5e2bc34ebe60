"""The bundled list of common passwords: the 30 000 most frequent ones of zxcvbn's corpus (Xato's leaks)."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path


def common_passwords() -> Mapping[str, int]:
    """Returns the passwords in lower case with their rank, from 1 for the most frequent."""
    # Importing zxcvbn would keep 20 MiB of dictionaries, graphs and matchers in memory. So only its file of lists is
    # executed, outside its package, and the lists other than this one are freed.
    package = importlib.util.find_spec("zxcvbn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("zxcvbn is not installed")
    spec = importlib.util.spec_from_file_location(
        "user_svc_frequency_lists", Path(package.origin).with_name("frequency_lists.py")
    )
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("zxcvbn has no frequency lists")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {password: rank for rank, password in enumerate(module.FREQUENCY_LISTS["passwords"], start=1)}
