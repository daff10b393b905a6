"""The pure list of roles against the one of the application."""

import registry.roles
from registry.gates import roles


def test_roles_of_the_gates_are_those_of_the_application() -> None:
    assert {role.value for role in registry.roles.Role} == roles.ROLES


def test_signing_roles_of_the_gates_are_those_of_the_application() -> None:
    assert {role.value for role in registry.roles.SIGNING} == roles.SIGNING_ROLES
