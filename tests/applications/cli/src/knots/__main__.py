"""`python -m knots`."""

from knots.cli import main

main()
