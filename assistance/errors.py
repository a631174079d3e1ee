"""What refuses a move; `str()` is the sentence for the user."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from assistance.models import Application, Step


class Refused(Exception):
    """The move cannot be made; `field` names the entry that is wrong, if one is."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.field = field


class NotAllowed(Refused):
    """The actor's role, region or earlier hand in the case forbids it."""


class Stale(Refused):
    """Somebody else acted since the actor looked: `steps` says who did what; nothing has been written."""

    def __init__(self, application: "Application", steps: Sequence["Step"]) -> None:
        super().__init__(_("您打开这一页之后，别人已经办理了这件申请；请看清变化后再提交，您填写的内容还在。"))
        self.application, self.steps = application, steps
