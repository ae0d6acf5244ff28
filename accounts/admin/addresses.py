"""Who is not served, and why?"""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from accounts.models import AddressRule, matching_rules, parse_rule_value
from accounts.services import add_address_rule, change_address_rule, is_denied, remove_address_rule
from common import geo
from common.addresses import parse_address
from common.console import ChoiceFilter, ConsoleAdmin, console_action, on_one
from common.problems import Problem

SAID = ["effect", "value", "note", "expires_at"]
STATE = {_("in force"): "success", _("expired"): "info", _("not configured"): "warning"}


class RuleState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_force", _("in force")), ("expired", _("expired"))]

    def narrow(self, rows: QuerySet[AddressRule], value: str) -> QuerySet[AddressRule]:
        now = timezone.now()
        found = AddressRule.objects
        return rows & (found.expired(at=now) if value == "expired" else found.in_force(at=now))


class AddressRuleForm(forms.ModelForm):
    """Says why the service would refuse, beside the field that it is about.

    Attributes:
        request: whose rule it is; set by the page.
    """

    request: ClassVar[HttpRequest]

    class Meta:
        model = AddressRule
        fields = SAID
        help_texts: ClassVar[dict[str, Any]] = {
            "effect": _("What is allowed is served, whatever else is denied."),
            "value": _("203.0.113.0/24, 2001:db8::/32, one address, or a country in two letters: SA"),
            "expires_at": _("For ever, if empty."),
        }

    def clean_value(self) -> str:
        return parse_rule_value(self.cleaned_data["value"])[1]

    def clean(self) -> dict[str, Any]:
        """Does it and takes it back, so that every rule of the service is asked and none is written twice."""
        if not self.errors:
            try:
                with transaction.atomic():
                    save(self.request, self.instance, self.cleaned_data)
                    transaction.set_rollback(True)
            except Problem as problem:
                self.add_error(NON_FIELD_ERRORS, ValidationError(str(problem)))
        return self.cleaned_data


def whose(request: Any) -> dict[str, Any]:
    return {"actor": request.user, "actor_address": request.client_address}


def save(request: HttpRequest, rule: AddressRule, said: dict[str, Any]) -> AddressRule:
    given = {name: said[name] for name in SAID} | whose(request)
    return add_address_rule(**given) if rule._state.adding else change_address_rule(rule=rule, **given)


@admin.register(AddressRule)
class AddressRuleAdmin(ConsoleAdmin):
    """Which networks and countries are served, and which are not.

    Searching an address or a network lists the rules that hold it, its country's among them, and says what
    comes of them.
    """

    form = AddressRuleForm
    list_display = ["value", "rule_effect", "kind", "state", "note", "created_by", "expires_at", "created_at"]
    list_select_related = ["created_by"]
    list_filter = ["effect", "kind", RuleState, "created_at"]
    search_fields = ["value", "note"]
    search_help_text = _("An address or network: the rules that hold it. Else: note, country or id")
    sortable_by = ["value", "created_at", "expires_at"]
    fields = [("effect", "value"), "note", "expires_at"]
    readonly_fields = ["kind", "state", "created_by", "created_at"]
    actions = ["remove"]
    actions_detail: ClassVar[list[str]] = ["remove_here"]

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[AddressRule], words: str
    ) -> QuerySet[AddressRule]:
        if (holding := matching_rules(words)) is not None:
            return rows & holding
        return rows.filter(Q(value__istartswith=words) | Q(note__icontains=words))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "GET" and (address := parse_address(request.GET.get("q", "").strip())):
            self._tell_what_comes_of(request, str(address))
        return super().changelist_view(request, extra_context)

    def _tell_what_comes_of(self, request: HttpRequest, address: str) -> None:
        if not self.has_view_permission(request):
            return
        asked = {"address": address, "place": geo.place_of(address) or _("unknown place")}
        if is_denied(address=address):
            self.message_user(request, _("%(address)s (%(place)s) is not served.") % asked, messages.WARNING)
        else:
            self.message_user(request, _("%(address)s (%(place)s) is served.") % asked, messages.SUCCESS)

    # --- columns ---
    @display(description=_("effect"), label={_("allow"): "success", _("deny"): "danger"})
    def rule_effect(self, rule: AddressRule) -> str:
        return rule.get_effect_display()

    @display(description=_("state"), label=STATE)
    def state(self, rule: AddressRule) -> str:
        return rule_state(rule, at=timezone.now())

    # --- who may do what ---
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # `remove` does it, which asks a service

    def has_remove_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allows(request, "delete")

    # --- writing ---
    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        known = [("kind", "state"), ("created_by", "created_at")]
        return [*self.fields, *known] if obj else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change, **kwargs)
        form.request = request
        return form

    def save_model(self, request: HttpRequest, obj: AddressRule, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.pk = save(request, obj, form.cleaned_data).pk

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (Problem, AddressRule.DoesNotExist) as error:  # somebody was faster by a moment
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_addressrule_changelist"))

    @console_action(_("Remove"), question=_("Take the rule away, in every process?"), permissions=["remove"])
    def remove(self, request: HttpRequest, rule: AddressRule) -> bool:
        return remove_address_rule(rule=rule, **whose(request))

    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)

    def page_of(self, row: Any) -> str:
        """The list, once a row is gone."""
        if AddressRule.objects.filter(pk=row.pk).exists():
            return super().page_of(row)
        return reverse("admin:accounts_addressrule_changelist")


def rule_state(rule: AddressRule, *, at: datetime) -> str:
    """A country's rule matches nobody without a file that knows countries."""
    if not rule.is_in_force(at=at):
        return str(_("expired"))
    if rule.kind == AddressRule.Kind.COUNTRY and not geo.is_configured():
        return str(_("not configured"))
    return str(_("in force"))
