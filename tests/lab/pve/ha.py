from __future__ import annotations
from typing import Any
class HighAvailability:
    def ha_state(self, sid): return None
    def ha_view(self, sid): return {"managed": 0}
    def forget_ha_resource(self, sid): pass
