"""The command line."""

import click
from rich.console import Console
from rich.table import Table

from knots import __version__
from knots.book import knots
from knots.strength import strength as left


@click.group()
@click.version_option(__version__, prog_name="knots")
def main():
    """Knots, and what they leave of a rope's strength."""


@main.command("list")
def listed():
    """All knots."""
    table = Table("knot", "use")
    for name, knot in sorted(knots().items()):
        table.add_row(name, knot["use"])
    Console().print(table)


@main.command()
@click.argument("knot", type=click.Choice(sorted(knots())))
@click.option("--rope", type=int, required=True, help="The rope's own strength, in newtons.")
def strength(knot, rope):
    """What a rope with a knot in it holds."""
    click.echo(f"{left(knot, rope)} N")
