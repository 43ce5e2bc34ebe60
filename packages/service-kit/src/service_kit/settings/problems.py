"""What is wrong with settings."""

from typing import ClassVar

from service_kit.runtime.start_refused import StartRefusedError


class SettingsError(StartRefusedError):
    """All that is wrong with the settings of a process. Each problem names its variable."""

    heading: ClassVar[str] = "the settings are wrong"
