"""Pages."""

from django.db.models import Sum
from django.http import JsonResponse
from django.shortcuts import render

from .models import Book


def shelf(request):
    books = Book.objects.all()
    if author := request.GET.get("author"):
        books = books.filter(author__icontains=author)
    return render(request, "catalog/shelf.html", {"books": books})


def stock(request):
    copies = Book.objects.aggregate(copies=Sum("copies"))["copies"] or 0
    return JsonResponse({"titles": Book.objects.count(), "copies": copies})
