"""Reference profiles: what data, or a version's answers, looked like when looks began to compare with them."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from monitoring.models import ReferenceProfile
from registry.api.base import Records


class ReferenceProfileSerializer(serializers.ModelSerializer[ReferenceProfile]):
    class Meta:
        model = ReferenceProfile
        fields = ["id", "kind", "dataset_version", "model_version", "definition", "digest", "n", "created_at"]
        read_only_fields = fields


class ReferenceProfileFilter(filters.FilterSet):
    dataset_version = filters.UUIDFilter(field_name="dataset_version_id")
    model_version = filters.UUIDFilter(field_name="model_version_id", help_text="whose answers they are")

    class Meta:
        model = ReferenceProfile
        fields = ["kind"]


@extend_schema_view(
    list=extend_schema(operation_id="reference_profiles_list", summary="List reference profiles"),
    retrieve=extend_schema(operation_id="reference_profiles_get", summary="Read one reference profile"),
)
class ReferenceProfiles(Records):
    """Each made once by a worker, its bytes kept under their digest, and read by every check."""

    queryset = ReferenceProfile.objects.all()
    serializer_class = ReferenceProfileSerializer
    system_path = "dataset_version__dataset__system"
    filterset_class = ReferenceProfileFilter
