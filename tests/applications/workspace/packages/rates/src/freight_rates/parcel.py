"""A parcel."""

from pydantic import BaseModel, PositiveInt


class Parcel(BaseModel):
    grams: PositiveInt
    zone: str
