"""Signed tree heads, and the proof that a later one continues an earlier one."""

from typing import Any, NamedTuple

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api.base import ReadsTheLog, valid
from audit.models import Checkpoint, Cosignature
from audit.outside import publisher, witnesses
from audit.tlog import checkpoint, note
from audit.tree import proofs

_RECENT = 32


class Shown(NamedTuple):
    """A head that the log stands by to others, and its note with all signatures that they are to see."""

    head: Checkpoint
    signed: bytes


def shown() -> Shown | None:
    """The newest head; under a trust policy the newest one that a quorum of its witnesses has signed."""
    trust = witnesses.trusted()
    if trust is None:
        newest = proofs.latest()
        return Shown(newest, newest.note.encode()) if newest else None
    sizes = Cosignature.objects.order_by("-size").values_list("size", flat=True).distinct()[:_RECENT]
    cosigned = ((head, publisher.cosigned(head, trust)) for head in proofs.heads(sizes))
    return next((Shown(head, signed) for head, signed in cosigned if signed is not None), None)


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    origin = serializers.SerializerMethodField(help_text="the log's name")
    root = serializers.SerializerMethodField(help_text="the tree's RFC 9162 root, in hex")  # type: ignore[assignment]
    cosignatures = serializers.SerializerMethodField(
        help_text="the witnesses' signature lines, as they follow the note"
    )

    class Meta:
        model = Checkpoint
        fields = ["origin", "size", "root", "at", "note", "cosignatures"]
        read_only_fields = fields

    def get_origin(self, head: Checkpoint) -> str:
        return _signed(head).origin

    def get_root(self, head: Checkpoint) -> str:
        return _signed(head).root.hex()

    def get_cosignatures(self, head: Checkpoint) -> list[str]:
        return proofs.cosignatures(head)


class Head(APIView):
    """The newest signed tree head."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)

    @extend_schema(
        operation_id="audit_checkpoint_get",
        summary="Read the newest signed tree head",
        responses={200: CheckpointSerializer},
    )
    def get(self, request: Request) -> Response:
        head = proofs.latest()
        if head is None:
            raise exceptions.NotFound("Nothing has been sequenced yet.")
        return Response(CheckpointSerializer(head).data)


class Sizes(serializers.Serializer[Any]):
    old = serializers.IntegerField(min_value=0, help_text="the size of the tree that you remember")
    new = serializers.IntegerField(required=False, help_text="a later size; that of the newest signed head by default")


class ConsistencySerializer(serializers.Serializer[Any]):
    old = serializers.IntegerField()
    new = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField(), help_text="the RFC 9162 proof, in hex")
    checkpoint = serializers.CharField(
        allow_null=True, help_text="the signed head of the size `new`, where one was signed"
    )


class Consistency(APIView):
    """That the log only grew."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)

    @extend_schema(
        operation_id="audit_consistency_get",
        summary="Prove that a later tree continues an earlier one",
        parameters=[Sizes],
        responses={200: ConsistencySerializer},
    )
    def get(self, request: Request) -> Response:
        sizes = valid(Sizes, request)
        head = proofs.latest()
        if head is None:
            raise exceptions.NotFound("Nothing has been sequenced yet.")
        old, new = sizes["old"], sizes.get("new", head.size)
        if not old <= new <= head.size:
            raise exceptions.ValidationError(
                {"new": [f"It is from {old} to {head.size}, the size of the newest head."]}
            )
        signed = Checkpoint.objects.filter(size=new).first()
        shown = {
            "old": old,
            "new": new,
            "hashes": [value.hex() for value in proofs.consistency(old, new)],
            "checkpoint": proofs.signed_note(signed) if signed else None,
        }
        return Response(ConsistencySerializer(shown).data)


def _signed(head: Checkpoint) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(head.note.encode()))
