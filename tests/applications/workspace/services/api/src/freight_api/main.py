"""What uvicorn serves."""

from importlib import metadata

from fastapi import FastAPI, HTTPException
from freight_rates import Parcel, price

app = FastAPI(title="Freight", version=metadata.version("freight-api"))


@app.post("/price")
def priced(parcel: Parcel):
    try:
        return {"cents": price(parcel)}
    except KeyError as error:
        raise HTTPException(404, f"no zone {error}") from error


@app.get("/version")
def version():
    return {"api": app.version, "rates": metadata.version("freight-rates")}
