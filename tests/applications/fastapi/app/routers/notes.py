"""Notes: written, listed, pinned first."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.database import Session
from app.models import Note

router = APIRouter(prefix="/notes", tags=["notes"])


class Written(BaseModel):
    text: str = Field(min_length=1, max_length=500)
    pinned: bool = False


@router.post("", status_code=201)
def write(note: Written):
    with Session.begin() as session:
        row = Note(**note.model_dump())
        session.add(row)
        session.flush()
        return {"id": row.id}


@router.get("")
def listed():
    with Session() as session:
        rows = session.scalars(select(Note).order_by(Note.pinned.desc(), Note.id))
        return [{"id": row.id, "text": row.text, "pinned": row.pinned} for row in rows]
