"""What uvicorn serves."""

from fastapi import FastAPI

from app.routers import notes

app = FastAPI(title="Notes", version="0.3.0")
app.include_router(notes.router)


@app.get("/healthz")
def healthz():
    return {"status": "well"}
