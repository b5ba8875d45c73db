"""What hypercorn serves."""

from quart import Quart, Response, render_template, request

from coins.count import count
from coins.samples import sample

app = Quart(__name__)


@app.get("/")
async def page():
    return await render_template("page.html")


@app.get("/samples/<int:coins>.png")
async def picture(coins):
    return Response(sample(coins), mimetype="image/png")


@app.get("/count/<int:coins>")
async def counted(coins):
    return {"coins": count(sample(coins))}


@app.post("/count")
async def sent():
    try:
        return {"coins": count(await request.get_data())}
    except ValueError as error:
        return {"error": str(error)}, 400
