"""The admin's page to change one's own password, through the service that records it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.views.decorators.debug import sensitive_variables
from unfold.forms import AdminOwnPasswordChangeForm

from audit.actors import Actor
from registry import actors, authentication
from registry.models import User
from registry.services import people


class PasswordChangeForm(AdminOwnPasswordChangeForm):
    """Old password once, new one twice."""

    def __init__(self, user: User, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.user: User = user
        self.actor = actor

    @sensitive_variables("old")
    def clean_old_password(self) -> str:
        """A wrong one counts, as at every other door."""
        old: str = self.cleaned_data["old_password"]
        if authentication.is_right(self.user, old):
            return old
        minutes = authentication.locked_minutes(self.user.username)
        wait = f"There were too many wrong passwords; wait {minutes} minutes."
        raise ValidationError(wait if minutes else "The old password is not right.")

    def clean(self) -> dict[str, Any] | None:
        """The same again is no change: whoever knew the old one would know the new."""
        cleaned: dict[str, Any] | None = super().clean()
        old, new = (self.cleaned_data.get(name) for name in ("old_password", "new_password1"))
        if new and old == new:
            self.add_error("new_password1", "The new password is the old one.")
        return cleaned

    def save(self, commit: bool = True) -> User:
        old, new = self.cleaned_data["old_password"], self.cleaned_data["new_password1"]
        self.user = people.change_password(self.user, old=old, new=new, actor=self.actor)
        return self.user


class PasswordChange(PasswordChangeView):
    """This session goes on; all others of the person end, and so do their tokens."""

    form_class = PasswordChangeForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        request_id: str = self.request.request_id  # type: ignore[attr-defined]  # RequestIdMiddleware sets it
        actor = actors.of(self.request.user, request=request_id)  # type: ignore[arg-type]  # admin_view lets accounts in
        return {**super().get_form_kwargs(), "actor": actor}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **admin.site.each_context(self.request)}
