"""Tests of the sums."""

import pandas as pd

from harvest.figures import total


def test_tons_are_added():
    assert total(pd.DataFrame({"tons": [1, 2]})) == 3
