"""Files by their digest, and what refers to them."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from registry import permissions
from registry.api.base import Records, signed_in
from registry.models import Artifact
from registry.services import artifacts


class ReferrerSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="model_version, dataset_version or ingestion")
    id = serializers.UUIDField()
    name = serializers.CharField()
    living = serializers.BooleanField(help_text="whether it keeps the bytes")


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = ["digest", "size_bytes", "media_type", "created_at", "purged_at"]
        read_only_fields = fields


class ArtifactDetail(ArtifactSerializer):
    referrers = serializers.SerializerMethodField(help_text="the rows that name it, as far as you may read them")
    living_references = serializers.SerializerMethodField(help_text="how many of these keep its bytes")

    class Meta(ArtifactSerializer.Meta):
        fields = [*ArtifactSerializer.Meta.fields, "living_references", "referrers"]
        read_only_fields = fields

    @extend_schema_field(ReferrerSerializer(many=True))
    def get_referrers(self, artifact: Artifact) -> Any:
        return ReferrerSerializer(self._referrers(artifact), many=True).data

    def get_living_references(self, artifact: Artifact) -> int:
        return sum(referrer.living for referrer in self._referrers(artifact))

    def _referrers(self, artifact: Artifact) -> list[artifacts.Referrer]:
        context = cast(dict[str, Any], self.context)
        if "referrers" not in context:
            visible = permissions.visible_systems(signed_in(context["request"]))
            context["referrers"] = list(artifacts.referrers(artifact, among=visible))
        return cast(list[artifacts.Referrer], context["referrers"])


@extend_schema_view(
    list=extend_schema(operation_id="artifacts_list", summary="List stored files"),
    retrieve=extend_schema(operation_id="artifacts_get", summary="Read one file's record and what refers to it"),
)
class Artifacts(Records):
    """Content-addressed files; the digest is the name. One is shown to whoever may read a row that names it."""

    queryset = Artifact.objects.all()
    serializer_class = ArtifactSerializer
    detail_serializer_class = ArtifactDetail
    system_path = None
    lookup_field = "digest"
    lookup_value_regex = "[0-9a-f]{64}"
    filterset_fields = ["media_type"]

    def get_queryset(self) -> QuerySet[Artifact]:
        visible = permissions.visible_systems(signed_in(self.request))
        return super().get_queryset() & artifacts.visible(visible)
