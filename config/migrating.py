"""Applying many migrations in seconds instead of minutes.

After each operation Django renders anew every model that is related to the changed one, and then those related to
them; in this house everything is related to accounts and regions, so that one operation renders some two hundred
classes. What the database is told depends on the changed model alone: here that one is rendered and the others stay.
Both ways give the same schema, line by line of pg_dump; a migration that changes the type of a primary key would need
the other one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState


def _reload_one(self: Any, app_label: str, model_name: str, delay: bool = False) -> None:
    """In place of `ProjectState.reload_model`: the model itself."""
    if "apps" in self.__dict__:  # asking for it would render all
        with self.apps.bulk_update():
            self.apps.unregister_model(app_label, model_name.lower())
            self.apps.render_multiple([self.models[app_label, model_name.lower()]])


def _reload_many(self: Any, models: Any, delay: bool = True) -> None:
    for app_label, model_name in models:
        _reload_one(self, app_label, model_name)


@contextmanager
def one_model_at_a_time() -> Iterator[None]:
    """Inside, states of migrations render what changed and no more."""
    kept = ProjectState.reload_model, ProjectState.reload_models
    ProjectState.reload_model, ProjectState.reload_models = _reload_one, _reload_many  # type: ignore[method-assign]
    try:
        yield
    finally:
        ProjectState.reload_model, ProjectState.reload_models = kept  # type: ignore[method-assign]
