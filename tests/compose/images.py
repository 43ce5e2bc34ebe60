"""The images of the platform, as compose.yaml builds them."""

from tests.compose.base_images import provide_base_images
from tests.compose.compose_stack import COMPOSE_FILE
from tests.compose.docker import Docker

_BUILD_WITHIN_S = 900


def build_images(docker: Docker) -> None:
    """Builds all images on the available base images."""
    provide_base_images(docker)
    docker(
        *("compose", "--file", str(COMPOSE_FILE), "build", "--quiet"),
        timeout_s=_BUILD_WITHIN_S,
        HEADRACE_BUILD_NETWORK="host",
        DOCKER_BUILDKIT="0",  # BuildKit's host network needs an entitlement; the classic builder does not
    )
