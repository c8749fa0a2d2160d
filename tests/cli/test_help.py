"""Help for everything, quickly; completion that completes."""

import os
import re
import shutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from run_helpers import BGSUB

from bgsub.cli import COMMANDS, cli, main
from bgsub.cli.common import Colour, Number, Time, Whole
from bgsub.cli.parameters import check_owned, given, model_options, parameter_options, spelled
from bgsub.errors import MisuseError
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams
from bgsub.models.params import PARAMS

HEADING = r"^(\w[\w -]*):$"


def command(name):
    return cli.get_command(click.Context(cli), name)


def shown(capsys, *words):
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_bare_bgsub_shows_help(capsys):
    assert shown(capsys) == shown(capsys, "--help")


def test_every_command_is_listed_with_its_words(capsys):
    text = shown(capsys, "--help")
    listed = re.findall(r"^  (\w+)  +\S.{15,}$", text.split("Commands:")[1].split("Examples:")[0], re.M)
    assert listed == list(COMMANDS)
    assert COMMANDS[0] == "run"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_every_command_examples(capsys, name):
    text = shown(capsys, name, "--help")
    assert text.startswith(f"Usage: bgsub {name} ")
    assert re.search(rf"Examples:\n    bgsub {name}\b", text)
    assert len(command(name).help or "") > 20
    for option in command(name).params:
        if isinstance(option, click.Option):
            assert len(option.help or "") > 10, option.name
            assert re.search(rf"^  .*{option.opts[0]}\b", text, re.M)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_all_commands_have_comes_last(capsys, name):
    text = shown(capsys, name, "--help")
    headings = re.findall(HEADING, text, re.M)
    assert headings[-1] == "Other"
    other = text.split("\nOther:\n")[1].split("\n\n")[0]
    assert re.findall(r"^  (\S+)", other, re.M)[-2:] == ["--debug", "--help"]
    assert "INPUT" not in other


def sections(text):
    """Text by heading."""
    headings = re.findall(HEADING, text, re.M)
    parts = re.split(HEADING, text, flags=re.M)[2::2]
    return dict(zip(headings, parts, strict=True))


def test_sections_of_run(capsys):
    text = shown(capsys, "run", "--help")
    assert list(sections(text)) == ["Which frames", "Outputs", "Model", "Model adaptive only",
                                    "Model adaptive and stauffer-grimson only", "Model adaptive and mog2 only",
                                    "Model stauffer-grimson only", "Model stauffer-grimson and mog2 only",
                                    "Model mog2 only", "Cleaning", "Other"]
    assert len(re.findall(r"^  --median ", text, re.M)) == 1


def test_what_one_model_alone_has_says_so(capsys):
    found = {heading: set(re.findall(r"^  --([a-z-]+)", part, re.M))
             for heading, part in sections(shown(capsys, "run", "--help")).items()}
    names = {model: {f.replace("_", "-") for f in cls.__dataclass_fields__} - {"frame-rate"}
             for model, cls in PARAMS.items()}
    common = set.intersection(*names.values())
    assert {"n-components", "absorb-after", "background-ratio", "initial-variance"} == common
    assert common <= found["Model"]
    for name in set.union(*names.values()) - common:
        owners = " and ".join(model for model, own in names.items() if name in own)
        assert name in found[f"Model {owners} only"]


def test_a_shared_option_tells_both_defaults_ranges_and_units(capsys):
    text = " ".join(sections(shown(capsys, "run", "--help"))["Model"].split())
    for words in ("[the paper's K, default 4] [1 to 8] mog2: Gaussians per pixel at most; a pixel uses as many as its "
                  "colours need. [the paper's M, default 5] [1 to 16] --absorb",
                  "Variance of a new component, summed over the channels.", "[grey levels², default 400]",
                  "mog2: Variance of a new component, per channel. [the paper's σ₀², grey levels², default 15]",
                  "[the paper's T, default 0.6] [0 to below 1] mog2:"):
        assert words in text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns(capsys, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(capsys, name, "--help")
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_a_parameter_that_models_tell_alike_is_told_once():
    options = click.command()(model_options({"a": MOG2Params, "b": MOG2Params}, "Model")(lambda **_: None)).params
    assert all(option.section == "Model" and "b:" not in option.help for option in options)
    three = {"a": MOG2Params, "b": MOG2Params, "c": StaufferGrimsonParams}
    options = click.command()(model_options(three, "Model")(lambda **_: None)).params
    assert {option.section for option in options} == {"Model", "Model a and b only", "Model c only"}


def test_a_switch_may_be_off_on_or_left():
    @click.command()
    @parameter_options(MOG2Params, "Model")
    def command(**chosen):
        click.echo(given(chosen, MOG2Params))

    runner = CliRunner()
    for words, value in (([], {}), (["--detect-shadows"], {"detect_shadows": True}),
                         (["--no-detect-shadows"], {"detect_shadows": False})):
        assert runner.invoke(command, words).output == f"{value}\n"
    assert (spelled("detect_shadows", True), spelled("detect_shadows", False)) == (
        "--detect-shadows", "--no-detect-shadows")


@pytest.mark.parametrize("model", PARAMS)
def test_every_parameter_of_another_model_is_refused_with_a_cure(model):
    own = set(PARAMS[model].__dataclass_fields__)
    for other, cls in PARAMS.items():
        check_owned(dict.fromkeys(cls.__dataclass_fields__, 1), other, PARAMS)
        for name in set(cls.__dataclass_fields__) - own:
            with pytest.raises(MisuseError) as error:
                check_owned({name: 1}, model, PARAMS)
            owners = " and ".join(one for one, params in PARAMS.items() if name in params.__dataclass_fields__)
            assert str(error.value).startswith(f"{spelled(name)} belongs to {owners}; ")
            cures = re.findall(r"--([a-z-]+)", str(error.value).partition(";")[2])
            assert cures == ["model"] or cures[0].replace("-", "_") in own


def test_ranges_can_be_read(capsys):
    text = " ".join(shown(capsys, "run", "--help").split())
    assert "[above 0 to 1,000,000]" in text
    assert "[0 to below 1]" in text
    assert "[at least 1]" in text
    assert "<=" not in text
    assert "RANGE" not in text


@pytest.mark.parametrize("model", PARAMS)
def test_every_parameter_is_an_option(model):
    names = {option.name for option in command("run").params}
    assert set(PARAMS[model].__dataclass_fields__) - {"frame_rate"} <= names
    options = click.command()(parameter_options(PARAMS[model], "Model")(lambda **_: None)).params
    assert [option.name for option in options] == list(PARAMS[model].__dataclass_fields__)
    context = click.Context(click.command()(lambda: None))
    assert all(option.get_default(context) is None for option in options)


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
    with pytest.raises(click.BadParameter, match=rf"expected {words}, got -1(\.0)?$"):
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
