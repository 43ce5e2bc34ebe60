"""Pins the images of compose.yaml by digest, in .env beside it: `python3 infra/compose/pin_images.py`.

A tag can be moved to another image, a digest cannot. The registry supplies the current digest of a tag: review what is
written before you trust it, and run this again to take updates. Requires the standard library and Docker only.
"""

import re
import subprocess
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_IMAGE = re.compile(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TIMEOUT_S = 120
_FAILED = 1


class PinError(Exception):
    """The registry returned no digest of an image."""


def main(folder: Path = _FOLDER) -> int:
    """Writes NAME_IMAGE=IMAGE@DIGEST for each image to .env, keeps its other lines, and returns the exit code."""
    images = dict(_IMAGE.findall((folder / "compose.yaml").read_text()))
    try:
        pinned = {name: f"{image}@{_digest(image)}" for name, image in images.items()}
    except PinError as failure:
        sys.stderr.write(f"{failure}\n")
        return _FAILED
    path = folder / ".env"
    lines_before = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines_before if line.partition("=")[0] not in pinned]
    lines = [*kept, *(f"{name}={image}" for name, image in sorted(pinned.items()))]
    path.write_text("\n".join(lines) + "\n")
    sys.stdout.write("".join(f"{line}\n" for line in lines[len(kept) :]))
    return 0


def _digest(image: str) -> str:
    """Returns the digest of the image index of ``image``, which covers all architectures."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(  # noqa: S603  (the names come from compose.yaml beside it)
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise PinError(f"{image}: {exc}") from exc
    digest = done.stdout.strip()
    if done.returncode != 0 or not _DIGEST.fullmatch(digest):
        raise PinError(f"{image}: {done.stderr.strip() or digest or 'no digest'}")
    return digest


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
