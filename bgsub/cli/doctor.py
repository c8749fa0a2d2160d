"""x"""
import click

from bgsub.cli.common import Sectioned


@click.command(cls=Sectioned)
def doctor() -> None:
    """x"""
