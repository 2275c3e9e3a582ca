"""A card that waits says its sentence without the advice at its end, in any language."""

import polib
import pytest

from app.downloads.waiting import ADVICE
from app.languages import ENGLISH, LANGUAGES
from app.languages.catalogue import FOLDER


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {ENGLISH}))
def test_advice_that_a_waiting_card_leaves_out_is_the_last_sentence_of_its_translation_too(
    language: str,
) -> None:
    with_advice = [one for one in polib.pofile(str(FOLDER / f"{language}.po")) if ADVICE.search(one.msgid)]
    assert with_advice
    for one in with_advice:
        assert one.msgstr.count(". ") == one.msgid.count(". "), one.msgstr
