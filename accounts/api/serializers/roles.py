"""What people are here as."""

from accounts.models import Role
from common.api.fields import ChoiceField
from common.api.serializers import Input


class SwitchRoleInput(Input):
    role = ChoiceField(choices=Role.choices)
