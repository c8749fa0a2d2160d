"""``bgsub completion``: the shell script that completes commands and options."""

from __future__ import annotations

import click

from bgsub.cli.common import Sectioned, debug_option


@click.command(cls=Sectioned, epilog="""\b
Examples:
  bgsub completion bash >> ~/.bashrc
  bgsub completion zsh >> ~/.zshrc
  bgsub completion fish > ~/.config/fish/completions/bgsub.fish
""")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@debug_option
def completion(shell: str) -> None:
    """Print the script that makes Tab complete commands and options."""
    from click.shell_completion import get_completion_class

    from bgsub.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "bgsub", "_BGSUB_COMPLETE").source())
