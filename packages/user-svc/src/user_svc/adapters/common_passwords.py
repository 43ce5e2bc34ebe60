"""The bundled list of common passwords: the 30 000 most frequent ones of zxcvbn's corpus (Xato's leaks)."""

import importlib.util
from pathlib import Path


class CommonPasswordList:
    """Knows the list, in whatever case, and repetitions: "passwordpassword" is no better than "password"."""

    def __init__(self) -> None:
        self._listed = _read_list()

    def __contains__(self, password: str) -> bool:
        folded = password.casefold()
        unit = folded[: _period(folded)]
        return folded in self._listed or unit in self._listed or len(unit) == 1


def _period(text: str) -> int:
    """The length of the shortest text that gives ``text`` when repeated; len(text) if it repeats nothing."""
    return (text + text).find(text, 1) if text else 0


def _read_list() -> frozenset[str]:
    # Importing zxcvbn would keep its dictionaries, graphs and matchers in memory, 20 MiB for a lookup in one list:
    # so only the file of the lists is run, outside of its package, and all but one of them dropped again.
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
    return frozenset(module.FREQUENCY_LISTS["passwords"])
