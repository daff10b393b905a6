"""The log's public addresses under /log/, as C2SP tlog-tiles lays them out."""

from django.urls import path

from audit.api import tiles

urlpatterns = [
    path("checkpoint", tiles.checkpoint, name="log-checkpoint"),
    path("tile/<path:rest>", tiles.tile, name="log-tile"),
]
