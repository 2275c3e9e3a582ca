import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app.audio.model import Quality
from app.library import queries, words
from app.library.index import scan
from tests.library_web import HTMX, Web, add_rows, serving

FLAC = Quality(codec="flac", container="flac", lossless=True, bit_depth=16, sample_rate_hz=48000)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with serving(tmp_path) as served:
        yield served


def sound(web: Web) -> None:
    """SQLite compares its index of words with the rows; it raises when they differ."""
    with web.world.db.write() as session:
        session.execute(text("INSERT INTO tracks_fts(tracks_fts, rank) VALUES ('integrity-check', 1)"))


def all_pages(web: Web, path: str) -> list[str]:
    """Names from the first page to the last, by the links that work without JavaScript."""
    seen: list[str] = []
    while path:
        seen += web.titles(path)
        more = re.search(r'href="([^"]*)" rel="next"', web.get(path).text)
        path = more[1].replace("&amp;", "&") if more else ""
    return seen


def test_case_accents_signs_and_the_article_do_not_matter(web: Web) -> None:
    add_rows(web.world, "Sæglópur", artist="Sigur Rós", album="Takk…")
    add_rows(web.world, "Don't Stop Me Now", artist="The Łódź Smiths")
    add_rows(web.world, "Uncertain Smile", artist="The The")
    add_rows(web.world, "北京の夜", artist="坂本 龍一")
    for q, found in (
        ("SIGUR ros takk", ["Sæglópur"]),
        ("saeglopur", ["Sæglópur"]),
        ("SÆGLÓPUR", ["Sæglópur"]),
        ("dont stop", ["Don&#39;t Stop Me Now"]),
        ("don’t", ["Don&#39;t Stop Me Now"]),
        ("the smiths", ["Don&#39;t Stop Me Now"]),
        ("lodz smiths the", ["Don&#39;t Stop Me Now"]),
        ("the the", ["Uncertain Smile"]),
        ("the", ["Uncertain Smile"]),
        ("京", ["北京の夜"]),
        ("北京 坂", ["北京の夜"]),
    ):
        assert web.titles(f"/library?q={q}") == found, q


def test_all_words_must_be_there_as_beginnings_or_inside_of_words(web: Web) -> None:
    add_rows(web.world, "Paper Harbour", artist="Saltmarsh", album="Tin Roof")
    for q in ("p", "pa", "harb salt", "roof p", "arbou", "altmars aper", "h s t"):
        assert web.titles(f"/library?q={q}") == ["Paper Harbour"], q
    # One letter or two are the beginning of a word: inside, nearly everything has them.
    for q in ("a", "ar", "paper lighthouse", "paper x"):
        assert web.titles(f"/library?q={q}") == [], q


def test_whole_names_come_before_their_beginnings_words_parts_and_newer_tracks(web: Web) -> None:
    add_rows(web.world, "Love", "Love Song", "My Love", "Clover")
    add_rows(web.world, "Something", artist="The Love")
    add_rows(web.world, "Something Else", album="Lovely Days")
    order = ["Something", "Love", "Something Else", "Love Song", "My Love", "Clover"]
    assert web.titles("/library?q=love") == order
    api = web.get("/api/v1/library/tracks?q=the+love&limit=50").json()["items"]
    assert [one["title"] for one in api] == order


@pytest.mark.parametrize(
    "typed", ["harbur", "harvour", "harbbour", "hrabour", "jarbour", "arbour x", "harbuor", "paper harbor"]
)
def test_one_mistake_in_a_longer_word_is_forgiven(web: Web, typed: str) -> None:
    add_rows(web.world, "Harbour", artist="Paper X")
    add_rows(web.world, "Lighthouse")
    assert web.titles(f"/library?q={typed}") == ["Harbour"]


def test_two_mistakes_or_one_in_a_short_word_are_not(web: Web) -> None:
    add_rows(web.world, "Harbour Song")
    for q in ("hxrbxur", "sonx", "harbour sonx"):
        assert web.titles(f"/library?q={q}") == [], q


def test_what_is_spelled_so_comes_first_and_stands_alone_when_there_is_enough(web: Web) -> None:
    add_rows(web.world, "Lover", "Mover")
    assert web.titles("/library?q=mover") == ["Mover", "Lover"]
    add_rows(web.world, *(f"Mover {number}" for number in range(10)))
    assert "Lover" not in web.titles("/library?q=mover")


def test_hostile_queries_find_what_they_say_and_break_nothing(web: Web) -> None:
    add_rows(web.world, '"quoted" NOT', "a AND b OR c", "!!!", "NEAR(x)", "' OR 1=1 --")
    odd = ('"', '"quoted', "NOT", "AND b", "a*", "^a", "{title_words}:x", "x NEAR/2 y", "%00", "(((", "''")
    for q in (*odd, "%F0%9F%8E%B5", "a" * 200, "b " * 99, "%E2%80%AE", "-", "title_words:x"):
        assert web.get(f"/library?q={q}").status_code == 200, q
        assert web.get(f"/api/v1/library/tracks?q={q}").status_code == 200, q
    assert web.titles("/library?q=!!!") == ["!!!"]
    assert web.titles("/library?q=NOT") == ["&#34;quoted&#34; NOT"]
    for before in ("x", "1.x", "9.9", "-1.3", "1e3.2", "²", "1." + "9" * 30):
        assert web.get(f"/api/v1/library/tracks?q=a&before={before}").status_code == 200, before


def test_index_of_words_follows_files_that_come_change_move_go_and_return(web: Web) -> None:
    world = web.world
    file = world.add("A/one.mp3", title="Lighthouse", artist="Ida")
    world.add("untitled.mp3")
    scan(world.db, world.library)
    assert web.titles("/library?q=lighthouse") == ["Lighthouse"]
    world.add("A/one.mp3", title="Harbour", age_s=30)
    (world.library / "untitled.mp3").rename(world.library / "renamed.mp3")
    scan(world.db, world.library)
    assert (web.titles("/library?q=lighthouse"), web.titles("/library?q=harbour")) == ([], ["Harbour"])
    # A file without a title is called by its name.
    assert (web.titles("/library?q=untitled"), web.titles("/library?q=renamed")) == ([], ["renamed"])
    away = world.data / "away.mp3"
    file.rename(away)
    scan(world.db, world.library)
    assert web.titles("/library?q=harbour") == []
    sound(web)
    away.rename(file)
    scan(world.db, world.library)
    assert web.titles("/library?q=harbour") == ["Harbour"]
    with world.db.write() as session:
        track = next(one for one in world.all_tracks() if one.title == "Harbour")
        session.execute(text("UPDATE tracks SET download_id = 'd' WHERE id = :id"), {"id": track.id})
        queries.forget_of_download(session, "d", [track.path])
    assert web.titles("/library?q=harbour") == []
    sound(web)


def test_what_is_rolled_back_is_not_found(web: Web) -> None:
    add_rows(web.world, "Harbour")
    with suppress(RuntimeError), web.world.db.write() as session:
        session.execute(text("UPDATE tracks SET title_words = :words"), {"words": words.written("Phantom")})
        raise RuntimeError
    assert (web.titles("/library?q=phantom"), web.titles("/library?q=harbour")) == ([], ["Harbour"])
    sound(web)


@pytest.mark.parametrize(
    "path", ["/library", "/library?view=tracks", "/library?q=song", "/library?lossless=yes"]
)
def test_pages_lead_through_everything_once_while_tracks_come_and_go(web: Web, path: str) -> None:
    flac = {"quality": FLAC, "lossless": True}
    add_rows(web.world, *(f"Song {number:03}" for number in range(120)), **flac)
    join = "&" if "?" in path else "?"
    first = web.titles(path)
    more = re.search(r'href="([^"]*)" rel="next"', web.get(path).text)
    assert more
    add_rows(web.world, *(f"Song 000 {number:03}" for number in range(60)), **flac)
    with web.world.db.write() as session:
        # What was on the first page goes, the cursor's own track among it.
        session.execute(
            text("UPDATE tracks SET missing_at = '2024-01-01' WHERE title = :one"), {"one": first[-1]}
        )
    rest = all_pages(web, more[1].replace("&amp;", "&"))
    assert sorted(first + rest) == [f"Song {number:03}" for number in range(120)]
    assert web.titles(f"{path}{join}before=nobody") == []


def test_next_page_is_a_list_alone_to_htmx(web: Web) -> None:
    add_rows(web.world, *(f"Song {number:03}" for number in range(60)))
    more = re.search(r'hx-get="([^"]*)" hx-trigger="revealed"', web.get("/library?q=song").text)
    assert more
    chunk = web.client.get(more[1].replace("&amp;", "&"), headers=HTMX).text.strip()
    assert chunk.startswith('<div class="page"')
    assert chunk.count('<li id="track-') == 10
    assert 'rel="next"' not in chunk


def test_filters_ask_for_all_that_they_say_and_combine_with_a_search(web: Web) -> None:
    alice, bob = (1, 2)
    day = datetime(2024, 5, 2, 23, 30, tzinfo=UTC)
    add_rows(web.world, "Lossless Song", quality=FLAC, lossless=True, user_id=alice)
    add_rows(
        web.world, "Lossy Song", lossless=False, source_url="https://www.youtube.com/watch?v=1", user_id=bob
    )
    add_rows(web.world, "Old Song", added_at=day, source_url="https://a.bandcamp.com/1", user_id=bob)
    add_rows(web.world, "Other", lossless=False)
    for asked, found in (
        ("lossless=yes", ["Lossless Song"]),
        ("lossless=no", ["Other", "Lossy Song"]),
        ("site=youtube.com", ["Lossy Song"]),
        ("site=none&q=song", ["Lossless Song"]),
        ("by=2&q=song", ["Old Song", "Lossy Song"]),
        ("by=2&from=2024-05-03", ["Lossy Song"]),
        ("from=2024-05-02&to=2024-05-02", ["Old Song"]),
        ("to=2024-05-01", []),
        ("lossless=no&by=2&site=youtube.com&q=lossy", ["Lossy Song"]),
        ("lossless=maybe&by=x&from=yesterday&to=9999-99-99&liked=no&site=", None),
    ):
        titles = web.titles(f"/library?{asked}")
        assert (sorted(titles) == sorted(found)) if found is not None else len(titles) == 4, asked
    page = web.get("/library?by=2&q=song").text
    assert "2 tracks found" in page
    assert re.search(r'<option value="2" selected>bob</option>', page)
    assert 'href="/library?view=artists&amp;q=song&amp;by=2"' in page


def test_likes_are_each_persons_own(web: Web) -> None:
    one, two = add_rows(web.world, "One", "Two")
    bob = web.as_user("bob")
    assert web.client.put(f"/api/v1/library/tracks/{one}/like").status_code == 204
    assert web.client.put(f"/api/v1/library/tracks/{one}/like").status_code == 204
    assert web.client.put(f"/api/v1/library/tracks/{two}/like", headers=bob).status_code == 204
    assert web.get(f"/api/v1/library/tracks/{one}").json()["liked"] is True
    assert web.client.get(f"/api/v1/library/tracks/{one}", headers=bob).json()["liked"] is False
    assert [track["liked"] for track in web.get("/api/v1/library/tracks").json()["items"]] == [False, True]
    assert web.titles("/library?liked=yes") == ["One"]
    assert web.titles("/library?liked=yes&q=o", **bob) == []
    assert web.titles("/library?liked=yes", **bob) == ["Two"]
    assert web.client.delete(f"/api/v1/library/tracks/{one}/like", headers=bob).status_code == 204
    assert web.titles("/library?liked=yes") == ["One"]
    assert web.client.delete(f"/api/v1/library/tracks/{one}/like").status_code == 204
    assert web.titles("/library?liked=yes") == []
    for method in ("PUT", "DELETE"):
        assert web.client.request(method, "/api/v1/library/tracks/nobody/like").status_code == 404


def test_button_to_like_turns_round_with_htmx_and_without(web: Web) -> None:
    [id] = add_rows(web.world, "One")
    turned = web.client.post(f"/library/tracks/{id}/like", headers=HTMX).text.strip()
    assert turned.startswith(f'<form id="like-{id}"')
    assert f'action="/library/tracks/{id}/unlike"' in turned
    assert 'aria-pressed="true"' in turned
    answer = web.client.post(f"/library/tracks/{id}/unlike", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/library/tracks/{id}")
    assert 'aria-pressed="false"' in web.get(answer.headers["location"]).text
