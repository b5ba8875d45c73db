"""The page with the figures."""

import dash
from dash import Input, Output, callback, dcc, html

from counts.reader import bridges, busiest

dash.register_page(__name__, path="/")

layout = html.Div([dcc.Dropdown(bridges(), bridges()[0], id="bridge"), html.P(id="busiest")])


@callback(Output("busiest", "children"), Input("bridge", "value"))
def show(bridge):
    hour, cars = busiest(bridge)
    return f"busiest at {hour}:00 with {cars} cars"
