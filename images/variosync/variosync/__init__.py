"""variosync: keeps an eye on series that several sites measure and on how far they drift apart."""

__version__ = "1.0.0"
