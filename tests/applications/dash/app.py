"""The application, and the server that gunicorn needs."""

import dash
from dash import Dash, html

app = Dash(__name__, use_pages=True, title="Traffic")
server = app.server

app.layout = html.Div([html.H1("Traffic at the bridges"), dash.page_container])

if __name__ == "__main__":
    app.run(debug=True)
