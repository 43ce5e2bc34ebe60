"""Single migrations of a service, applied and rolled back one at a time."""

from importlib import resources

import psycopg


class Migration:
    """A file in the folder `migrations` of an import package."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        up, _, down = text.partition("-- migrate:down")
        self._up, self._down = up.removeprefix("-- migrate:up").encode(), down.encode()

    def apply(self, url: str) -> None:
        """Applies it, as `migrate` does."""
        with psycopg.connect(url) as connection:
            connection.execute(self._up)

    def take_back(self, url: str) -> None:
        """Rolls it back, as `dbmate rollback` does."""
        with psycopg.connect(url) as connection:
            connection.execute(self._down)


def migrations_of(package: str) -> list[Migration]:
    """Returns every migration of the package, oldest first."""
    files = sorted((resources.files(package) / "migrations").iterdir(), key=lambda file: file.name)
    return [Migration(file.name, file.read_text()) for file in files if file.name[0].isdecimal()]


def migrate_before(url: str, package: str, ending: str) -> list[Migration]:
    """Applies all migrations before the one whose name ends so, and returns that one and the later ones."""
    migrations = migrations_of(package)
    (first,) = (number for number, each in enumerate(migrations) if each.name.endswith(ending))
    for each in migrations[:first]:
        each.apply(url)
    return migrations[first:]
