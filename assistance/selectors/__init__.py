"""Reads of applications; `waiting` is what the navigation and the workbench ask."""

from assistance.selectors.lists import waiting

__all__ = ["waiting"]
