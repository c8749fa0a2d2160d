"""x"""
import click

from bgsub.cli.common import Sectioned


@click.command(cls=Sectioned)
def demo() -> None:
    """x"""
