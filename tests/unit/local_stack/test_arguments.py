"""The command line."""

import pytest
from local_stack.arguments import parser


def test_up_without_options_starts_one_of_each_in_the_foreground() -> None:
    arguments = parser().parse_args(["up"])

    assert (arguments.detach, arguments.fresh, arguments.port_offset, arguments.replicas) == (False, False, 0, {})
    assert arguments.data_dir is None
    assert not arguments.no_prometheus


def test_up_accepts_every_option() -> None:
    options = [
        "-d",
        "--fresh",
        "--no-prometheus",
        "--port-offset",
        "100",
        "--data-dir",
        "there",
        "--replicas",
        "gateway=2,order-svc=3",
    ]

    arguments = parser().parse_args(["up", *options])

    assert (arguments.detach, arguments.fresh, arguments.port_offset) == (True, True, 100)
    assert arguments.no_prometheus
    assert (arguments.data_dir, arguments.replicas) == ("there", {"gateway": 2, "order-svc": 3})


@pytest.mark.parametrize("command", ["up", "down", "status", "logs"])
def test_every_command_accepts_a_data_folder(command: str) -> None:
    assert parser().parse_args([command, "--data-dir", "there"]).data_dir == "there"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["up", "--replicas", "postgres=2"], "'postgres' is not one of"),
        (["up", "--replicas", "gateway=0"], "from 1 to 16"),
        (["up", "--replicas", "gateway=17"], "from 1 to 16"),
        (["up", "--replicas", "gateway"], "'' is not a number"),
        (["up", "--replicas", "gateway=two"], "'two' is not a number"),
        (["up", "--port-offset", "-1"], "'-1' is not a number"),
        (["up", "--port-offset", "15484"], "over 15483"),
        (["logs", "-n", "x"], "'x' is not a number"),
        ([], "COMMAND"),
    ],
)
def test_wrong_arguments_exit_with_2_and_an_explanation(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        parser().parse_args(arguments)

    assert refusal.value.code == 2
    assert complaint in capsys.readouterr().err


def test_arguments_after_a_service_belong_to_its_command() -> None:
    arguments = parser().parse_args(["run", "user-svc", "create-admin", "--email", "a@b.example"])

    assert (arguments.service, arguments.arguments) == ("user-svc", ["create-admin", "--email", "a@b.example"])
