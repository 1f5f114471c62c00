"""Word lists: how entries match, and that the files are sound."""

import pytest

from mail.triage.vocabulary import FOLDER, Vocabulary, entry_of, places, read, spellings, split, vocabulary


def topics_of(entries: list[tuple[str, bool, str]], text: str) -> set[str]:
    """The topics met by a text."""
    found = Vocabulary([entry_of(*one) for one in entries]).find(dict.fromkeys(split(text)), text)
    return {topic for topic, one in found.items() if one.word}


@pytest.mark.parametrize(
    ("entry", "text", "met"),
    [
        ("arzt", "zum arzt gehen", True),
        ("arzt", "zum arztes gehen", False),
        ("steuer*", "die steuererklärung", True),
        ("steuer*", "die versteuerung", False),
        ("*rechnung", "die stromrechnung", True),
        ("*rechnung", "rechnungswesen", False),
        ("no rush", "there is no rush.", True),
        ("no rush", "there is no rushing", False),
        ("no rush", "rush, there is no", False),
        ("non serve che rispond*", "non serve che rispondi", True),
    ],
)
def test_an_entry_is_a_word_a_part_or_a_phrase(entry: str, text: str, met: bool) -> None:
    assert bool(topics_of([("topic", True, entry)], text)) is met


def test_one_weak_word_is_not_enough() -> None:
    entries = [("topic", False, "dad"), ("topic", False, "sick")]
    assert topics_of(entries, "dad called") == set()
    assert topics_of(entries, "dad is sick") == {"topic"}


@pytest.mark.parametrize("text", ["ab*", "*ab", "*abcde*"])
def test_a_part_too_short_to_look_up_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        entry_of("topic", True, text)


def test_writers_without_umlauts_are_understood() -> None:
    assert spellings("größe") == {"größe", "grösse", "groesse"}
    assert spellings("réunion") == {"réunion", "reunion"}


def test_places_are_whole_words() -> None:
    assert list(places("may day mayday may", "may")) == [0, 15]


def test_every_word_list_can_be_read_and_says_each_thing_once() -> None:
    for path in FOLDER.glob("*.toml"):
        entries = list(read(path))
        texts = [(entry.text, entry.kind) for entry in entries if entry.strong]
        assert len(texts) == len(set(texts)), path.name
        assert all(entry.text == entry.text.lower() for entry in entries), path.name


def test_the_vocabulary_is_read_once() -> None:
    assert vocabulary() is vocabulary()


def test_words_are_split_alike_with_and_without_accents() -> None:
    assert split('a-b c_d "é" 1.2 \ud800x') == ["a", "b", "c_d", "é", "1", "2", "x"]
