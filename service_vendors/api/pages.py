"""Long lists over the API, a page at a time."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView


class NewestFirst(CursorPagination):
    """Pages that stay put while new rows come in."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class LargePages(NewestFirst):
    """The same for rows of which there are thousands, and which are small."""

    max_page_size = 500


def one_page(
    found: QuerySet[Any],
    serializer: type[ModelSerializer[Any]],
    pagination: type[NewestFirst],
    *,
    request: Request,
    view: APIView,
) -> Response:
    """The page of the rows that is asked for, with the addresses of the next and the one before."""
    pages = pagination()
    page = pages.paginate_queryset(found, request, view=view)
    return pages.get_paginated_response(serializer(page, many=True).data)
