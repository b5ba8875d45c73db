"""Finds the coins."""

import cv2
import numpy as np

from coins.settings import SMALLEST


def count(picture):
    gray = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise ValueError("this is no picture")
    _, black = cv2.threshold(cv2.GaussianBlur(gray, (3, 3), 0), 127, 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(black, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return sum(cv2.contourArea(contour) >= SMALLEST for contour in contours)
