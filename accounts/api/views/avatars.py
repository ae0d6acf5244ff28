"""The picture that people show of themselves."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts import services
from accounts.api import examples
from accounts.api.serializers import AvatarInput, UserSerializer
from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.parsers import UploadParser
from common.api.serializers import read
from common.api.views import ApiView

FORM = "multipart/form-data"
PICTURE = {"file": "(the bytes of layla.jpg)"}


class AvatarView(ApiView):
    scope = "profile"
    parser_classes = (UploadParser,)
    max_upload = User.AVATAR_BYTES

    @extend_schema(
        operation_id="users_me_avatar_set",
        tags=["users"],
        summary="Show a picture of me",
        description="A form with the picture as `file`. Its middle is kept, upright, as a WebP of 64, 256 "
        "and 512 pixels; metadata such as the place where it was taken is not. Another picture has other "
        "addresses, so each may be kept for ever; the old one's stop answering.",
        request={FORM: AvatarInput},
        responses={200: UserSerializer},
        examples=[sent("a picture", PICTURE, FORM), given("me", examples.USER)],
    )
    def put(self, request: SignedRequest) -> Response:
        user = services.set_avatar(user=request.user, **read(AvatarInput, request.data))
        return Response(UserSerializer(user, context={"reader": request.user}).data)

    @extend_schema(
        operation_id="users_me_avatar_upload",
        tags=["users"],
        summary="Show a picture of me",
        description="As `PUT`.",
        request={FORM: AvatarInput},
        responses={200: UserSerializer},
        examples=[sent("a picture", PICTURE, FORM), given("me", examples.USER)],
    )
    def post(self, request: SignedRequest) -> Response:
        return self.put(request)

    @extend_schema(
        operation_id="users_me_avatar_remove",
        tags=["users"],
        summary="Show no picture of me",
        description="Takes the picture away, if there is one. Its addresses stop answering.",
        responses={204: OpenApiResponse(description="There is none now.")},
    )
    def delete(self, request: SignedRequest) -> Response:
        services.remove_avatar(user=request.user, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
