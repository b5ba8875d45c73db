"""What is left."""

from knots.book import knots


def strength(name, rope):
    return rope * knots()[name]["percent"] // 100
