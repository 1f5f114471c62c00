"""A pytest plugin for CI: a test that skips has not shown anything, so it fails.

Loaded by `bin/test` when CI=true (`-p mailhelper.services.noskip`). Expected failures stay what they are.
"""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", _told(report.longrepr)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        report.outcome, report.longrepr = "failed", _told(report.longrepr)
    return report


def _told(reason: object) -> str:
    """pytest keeps a skip's reason as (file, line, text)."""
    text = reason[2] if isinstance(reason, tuple) and len(reason) == 3 else reason
    return f"Skipped, which CI counts as a failure: {str(text).removeprefix('Skipped: ')}"
