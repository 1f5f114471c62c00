"""Under CI=true a skipped test fails."""

import pytest

pytest_plugins = ["pytester"]

SKIPS = """
    import pytest

    def test_passes():
        pass

    def test_skips_inside():
        pytest.skip("no Dovecot")

    @pytest.mark.skip(reason="later")
    def test_is_marked():
        pass

    @pytest.fixture
    def absent():
        pytest.skip("no Chromium")

    def test_wants_what_is_absent(absent):
        pass

    @pytest.mark.xfail(reason="known", strict=True)
    def test_is_expected_to_fail():
        assert False
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:django", "-p", "no:cacheprovider", *options)


def test_every_kind_of_skip_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SKIPS)
    run(pytester).assert_outcomes(passed=1, skipped=3, xfailed=1)
    result = run(pytester, "-p", "mailhelper.services.noskip")
    result.assert_outcomes(passed=1, failed=1, errors=2, xfailed=1)
    result.stdout.fnmatch_lines(["*Skipped, which CI counts as a failure: no Dovecot*"])


def test_a_skipped_module_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass")
    result = run(pytester, "-p", "mailhelper.services.noskip")
    assert result.ret != 0
    assert result.parseoutcomes().get("skipped", 0) == 0


def test_deselected_tests_are_no_skips(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass\ndef test_other(): pass")
    result = run(pytester, "-p", "mailhelper.services.noskip", "-k", "one")
    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == 0
