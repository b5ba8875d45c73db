"""A picture to try the service with."""

import cv2
import numpy as np


def sample(coins):
    picture = np.zeros((64, 64 * coins), np.uint8)
    for index in range(coins):
        cv2.circle(picture, (32 + 64 * index, 32), 20, 255, -1)
    return cv2.imencode(".png", picture)[1].tobytes()
