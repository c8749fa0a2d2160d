"""Help for everything, quickly; completion that completes."""

import os
import re
import shutil
import subprocess
import sys

import click
import pytest
from run_helpers import BGSUB

from bgsub.cli import cli, main
from bgsub.cli.common import Colour, Number, Time, Whole, parameter_options
from bgsub.mixture.params import PARAMS

COMMANDS = list(cli.commands)


def shown(capsys, *words):
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_bare_bgsub_shows_help(capsys):
    assert shown(capsys) == shown(capsys, "--help")


def test_every_command_is_listed_with_its_words(capsys):
    text = shown(capsys, "--help")
    listed = re.findall(r"^  (\w+)  +\S.{15,}$", text.split("Commands:")[1].split("Examples:")[0], re.M)
    assert listed == COMMANDS
    assert COMMANDS[0] == "run"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_every_command_examples(capsys, name):
    text = shown(capsys, name, "--help")
    assert text.startswith(f"Usage: bgsub {name} ")
    assert re.search(rf"Examples:\n    bgsub {name}\b", text)
    assert len(cli.commands[name].help or "") > 20
    for option in cli.commands[name].params:
        if isinstance(option, click.Option):
            assert len(option.help or "") > 10, option.name
            assert re.search(rf"^  .*{option.opts[0]}\b", text, re.M)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_all_commands_have_comes_last(capsys, name):
    text = shown(capsys, name, "--help")
    headings = re.findall(r"^(\w[\w ]*):$", text, re.M)
    assert headings[-1] == "Other"
    other = text.split("\nOther:\n")[1].split("\n\n")[0]
    assert re.findall(r"^  (\S+)", other, re.M)[-2:] == ["--debug", "--help"]
    assert "INPUT" not in other


def test_sections_of_run(capsys):
    text = shown(capsys, "run", "--help")
    assert re.findall(r"^(\w[\w ]*):$", text, re.M) == ["Which frames", "Outputs", "Model", "Cleaning", "Other"]
    assert len(re.findall(r"^  --median ", text, re.M)) == 1


def test_ranges_can_be_read(capsys):
    text = " ".join(shown(capsys, "run", "--help").split())
    assert "[above 0 to 1,000,000]" in text
    assert "[0 to below 1]" in text
    assert "[at least 1]" in text
    assert "<=" not in text
    assert "RANGE" not in text


@pytest.mark.parametrize("model", PARAMS)
def test_every_parameter_is_an_option(model):
    names = {option.name for option in cli.commands["run"].params}
    assert set(PARAMS[model].__dataclass_fields__) - {"frame_rate"} <= names
    options = click.command()(parameter_options(PARAMS[model], "Model")(lambda **_: None)).params
    assert [option.name for option in options] == list(PARAMS[model].__dataclass_fields__)
    assert all(option.default is None for option in options)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_loads_nothing_heavy(name):
    script = (
        "import sys\nfrom bgsub.cli import main\n"
        f"code = main({[name, '--help'] if name else ['--help']})\n"
        "heavy = {'numpy', 'numba', 'llvmlite', 'cv2', 'tqdm', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy or code else 0)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize(("text", "seconds"), [
    ("12.5", 12.5), ("0", 0), ("1:30", 90), ("0:01:30.5", 90.5), ("90", 90), ("2:00:00", 7200), ("00:00:07", 7),
])
def test_times(text, seconds):
    assert Time().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "1:", ":1", "1:2:3:4", "-1", "1e3", "soon", "1.5:00", "1,5", "nan"])
def test_what_is_no_time(text):
    with pytest.raises(click.BadParameter, match="is no time; write seconds"):
        Time().convert(text, None, None)


@pytest.mark.parametrize(("text", "bgr"), [("#00b140", (0x40, 0xB1, 0)), ("FF8001", (1, 0x80, 0xFF))])
def test_colours(text, bgr):
    assert Colour().convert(text, None, None) == bgr


@pytest.mark.parametrize("text", ["", "#fff", "green", "#1234567", "#00b14g"])
def test_what_is_no_colour(text):
    with pytest.raises(click.BadParameter, match="write it as #rrggbb"):
        Colour().convert(text, None, None)


@pytest.mark.parametrize(("kind", "words"), [
    (Whole(min=1), "at least 1"), (Number(min=0, min_open=True), "above 0"), (Number(min=0, max=1), "0 to 1"),
    (Number(min=0, max=1e6, min_open=True), "above 0 to 1,000,000"), (Number(0, 0.5, max_open=True), "0 to below 0.5"),
])
def test_ranges_in_words(kind, words):
    with pytest.raises(click.BadParameter, match=f"-1 is not in the range {words}\\.|-1.0 is not in the range {words}"):
        kind.convert("-1", None, None)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(capsys, shell):
    text = shown(capsys, "completion", shell)
    assert "_BGSUB_COMPLETE" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True, timeout=20)


def completed(words):
    """What Tab would offer after these words."""
    environment = {**os.environ, "_BGSUB_COMPLETE": "bash_complete", "COMP_WORDS": words,
                   "COMP_CWORD": str(len(words.split(" ")) - 1)}
    script = "import sys; sys.argv = ['bgsub']; from bgsub.cli import entry; entry()"
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    return [line.partition(",")[2] for line in found.stdout.splitlines()]


@pytest.mark.parametrize(("words", "offered"), [
    ("bgsub ", COMMANDS), ("bgsub doc", ["doctor"]), ("bgsub run a.mp4 --over", ["--overlay"]),
    ("bgsub run a.mp4 --rho ", ["weight", "density"]), ("bgsub completion z", ["zsh"]),
    ("bgsub run a.mp4 --model ", list(PARAMS)),
])
def test_completion_completes(words, offered):
    assert sorted(completed(words)) == sorted(offered)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_completion_in_a_real_bash(tmp_path):
    program = tmp_path / "bgsub"
    program.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in BGSUB) + ' "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(bgsub completion bash)"\nCOMP_WORDS=(bgsub ru)\nCOMP_CWORD=1\n_bgsub_completion bgsub\n'
        'echo "${COMPREPLY[@]}"'
    )
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    assert (found.stdout, found.stderr) == ("run\n", "")
