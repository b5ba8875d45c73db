"""What the figures are."""

from pathlib import Path

import streamlit as st

st.title("About")
st.markdown((Path(__file__).parent.parent / "data" / "about.md").read_text(encoding="utf-8"))
