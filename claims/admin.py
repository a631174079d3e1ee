"""What rooms within claims show in the stock admin."""

from claims.institutions.admin import InstitutionAdmin

__all__ = ["InstitutionAdmin"]
