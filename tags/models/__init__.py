"""The package is the public name, the file is the home."""

from tags.models.tag import EmailTag, Tag

__all__ = ["EmailTag", "Tag"]
