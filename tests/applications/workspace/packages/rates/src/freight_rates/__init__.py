"""What a parcel costs."""

from freight_rates.parcel import Parcel
from freight_rates.price import price

__all__ = ["Parcel", "price"]
