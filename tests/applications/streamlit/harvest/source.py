"""Reads what the orchards reported."""

from pathlib import Path

import pandas as pd
import streamlit as st

DATA = Path(__file__).parent.parent / "data" / "harvest.csv"


@st.cache_data
def read():
    return pd.read_csv(DATA)
