"""Tests of the pages."""

from django.test import TestCase

from .models import Book


class ShelfTest(TestCase):
    fixtures = ["books"]

    def test_books_are_listed_by_author(self):
        answer = self.client.get("/", {"author": "okafor"})
        self.assertContains(answer, "A Tide Table")
        self.assertNotContains(answer, "The Left Shelf")

    def test_copies_are_counted(self):
        self.assertEqual(self.client.get("/stock").json(), {"titles": Book.objects.count(), "copies": 5})
