"""The page."""

import streamlit as st

from harvest.figures import by_year, total
from harvest.source import read

st.set_page_config(page_title="Harvest", layout="wide")
st.title("Harvest")

orchards = read()
orchard = st.sidebar.selectbox("Orchard", sorted(orchards["orchard"].unique()))
chosen = orchards[orchards["orchard"] == orchard]
st.metric("Tons", total(chosen))
st.dataframe(by_year(chosen))
