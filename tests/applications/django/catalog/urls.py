"""Addresses of the pages."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.shelf, name="shelf"),
    path("stock", views.stock, name="stock"),
]
