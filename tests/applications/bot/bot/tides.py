"""When the water is high."""

TIDES = {"delfzijl": "11:42", "vlissingen": "14:05"}
