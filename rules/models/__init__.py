"""The package is the public name, the file is the home."""

from rules.models.rule import Rule, RuleRun

__all__ = ["Rule", "RuleRun"]
