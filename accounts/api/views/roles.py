"""Acting as one of the roles held."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import SwitchRoleInput, UserSerializer
from accounts.authentication import SignedRequest
from accounts.models import Role
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView


class SwitchRoleView(ApiView):
    @extend_schema(
        operation_id="users_me_switch_role",
        tags=["users"],
        summary="Act as another role",
        description="The caller acts as this role from now on, on every device; it must be one of their "
        "`roles`. What they may do is what the role that they act as may do: to hold another is not enough. "
        "The rights of staff at their console are apart from this. Staff grant roles and take them away; who "
        "acts as one that is taken away is a member again.",
        request=SwitchRoleInput,
        responses={200: UserSerializer, **refuses(problems.RoleNotHeld(denied_by=examples.DENIED_SWITCH))},
        examples=[
            sent("as a creator", {"role": "creator"}),
            given("me", examples.USER | {"role": "creator", "roles": ["member", "creator"]}),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        role = Role(read(SwitchRoleInput, request.data)["role"])
        user = services.switch_role(user=request.user, role=role)
        return Response(UserSerializer(user, context={"reader": request.user}).data)
