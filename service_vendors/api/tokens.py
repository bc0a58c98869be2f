"""Tokens over the API: make one, list mine, revoke one. A token itself can do none of that."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import get_token_model
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from service_vendors.api.access import ApiView, caller
from service_vendors.api.authentication import PasswordAuthentication
from service_vendors.api.serializers import (
    MadeTokenSerializer,
    NewTokenSerializer,
    ProblemSerializer,
    TokenSerializer,
)


class TokensView(ApiView):
    """The caller's tokens."""

    authentication_classes = (PasswordAuthentication, SessionAuthentication)

    @extend_schema(
        operation_id="tokens_list",
        summary="List my tokens",
        responses={200: TokenSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """The caller's tokens, newest first."""
        mine = get_token_model().objects.filter(user_id=caller(request).pk).order_by("-created")
        return Response(TokenSerializer(mine, many=True).data)

    @extend_schema(
        operation_id="tokens_make",
        summary="Make a token",
        description="Log in with HTTP Basic or a session. The answer is the only place where the "
        "token is ever shown: only its hash is stored.",
        request=NewTokenSerializer,
        responses={201: MadeTokenSerializer, 400: ProblemSerializer, 429: ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new token with everything the caller may do."""
        wanted = NewTokenSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        lifetime = timedelta(days=wanted.validated_data["expires_in_days"])
        made, token = get_token_model().objects.create(caller(request), expiry=lifetime)
        return Response(
            TokenSerializer(made).data | {"token": token}, status=status.HTTP_201_CREATED
        )


class TokenView(ApiView):
    """One of the caller's tokens."""

    authentication_classes = (PasswordAuthentication, SessionAuthentication)

    @extend_schema(
        operation_id="tokens_revoke",
        summary="Revoke a token",
        parameters=[OpenApiParameter("token_id", str, OpenApiParameter.PATH)],
        responses={204: None, 404: ProblemSerializer},
    )
    def delete(self, request: Request, token_id: str) -> Response:
        """Forget a token of the caller's; it opens nothing from now on."""
        mine = get_token_model().objects.filter(user_id=caller(request).pk, token_key=token_id)
        if not mine.delete()[0]:
            raise NotFound("You have no token with this id. GET /api/tokens lists yours.")
        return Response(status=status.HTTP_204_NO_CONTENT)
