"""The corpus as a table: secrel §5, row by row, and the tests that show what is required.

An entry is `file` or `file::name`, relative to `tests/`. `test_rows.py` looks whether they exist. A row that
is not built yet has its reason instead.
"""

from typing import NamedTuple


class Row(NamedTuple):
    given: str
    required: str
    tests: tuple[str, ...]
    reason: str = ""
    """Why there is nothing to test yet."""


ROWS = {
    1: Row(
        "`file:`, `data:`, `ftp:`, `rtmp:`, `javascript:`, `ytsearch:`, no scheme",
        "422, not enqueued",
        (
            "test_sources_urls.py::test_a_bad_link_is_refused_with_a_sentence",
            "test_journey_api.py::test_a_bad_link_is_refused_with_its_reason",
            "hostile/test_guard_corpus.py::test_other_schemes_have_no_way_out",
        ),
    ),
    2: Row(
        "options, leading space, newline, NUL, more than 2048 characters, a user name",
        "422; yt-dlp is called in process, with options of ours, never by a command line",
        (
            "test_sources_urls.py::test_a_bad_link_is_refused_with_a_sentence",
            "test_journey_api.py::test_a_bad_link_is_refused_with_its_reason",
        ),
    ),
    3: Row(
        "a fragment with `__youtubedl_smuggle`",
        "the fragment is stripped",
        ("test_sources_urls.py::test_a_smuggled_fragment_is_stripped_and_another_one_kept",),
    ),
    4: Row(
        "35 spellings of an address inside, and our own address and port",
        "nobody connects; the download fails",
        (
            "hostile/test_guard_corpus.py::test_no_spelling_leads_inside_by_any_kind_of_request",
            "hostile/test_guard_corpus.py::test_the_corpus_has_at_least_three_hundred_cases",
            "hostile/test_inside.py::test_no_spelling_of_an_address_inside_is_fetched",
            "hostile/test_inside.py::test_our_own_pages_are_no_source_by_a_redirect_either",
            "test_sources_addresses.py::test_no_spelling_hides_a_forbidden_address",
            "test_sources_egress.py::test_hostile_spellings_are_never_dialled",
            "test_sources_egress_limits.py::test_our_own_ports_are_refused_even_when_allowed",
        ),
    ),
    5: Row(
        "a public name that leads inside, also inside, or inside at the second look",
        "nobody connects",
        (
            "hostile/test_guard_corpus.py::test_no_spelling_leads_inside_by_any_kind_of_request",
            "hostile/test_guard_corpus.py::test_a_name_that_turns_inside_is_judged_at_each_request",
            "test_sources_egress.py::test_one_bad_answer_is_enough",
            "test_sources_egress.py::test_only_what_was_judged_is_dialled_and_each_request_is_judged_anew",
        ),
    ),
    6: Row(
        "redirects inside by status, by meta, in chains; more redirects than anybody needs",
        "nobody connects; ends at a limit",
        (
            "hostile/test_inside.py::test_nobody_connects_inside",
            "hostile/test_inside.py::test_a_trap_is_refused_by_the_guard_or_not_even_tried",
            "hostile/test_inside.py::test_sixty_redirects_end_at_a_limit",
            "hostile/test_inside.py::test_all_that_reached_the_public_site_came_through_the_guard",
        ),
    ),
    7: Row(
        "HLS and DASH with a segment, key, init or subtitle inside; SAMPLE-AES; live; nested",
        "nobody connects; ffmpeg never fetches",
        (
            "hostile/test_inside.py::test_nobody_connects_inside",
            "hostile/test_inside.py::test_a_trap_is_refused_by_the_guard_or_not_even_tried",
            "hostile/test_downloader.py::test_no_other_program_is_ever_started",
        ),
    ),
    8: Row(
        "a page that wants a browser and then redirects inside",
        "nobody connects",
        (
            "hostile/test_inside.py::test_a_trap_is_refused_by_the_guard_or_not_even_tried",
            "hostile/test_guard_corpus.py::test_yt_dlps_own_clients_do_not_go_inside",
        ),
    ),
    9: Row(
        "an MP3 that is HLS, ffconcat, SVG, HTML, a program or a script, from the second look on",
        "refused at the gate; no byte of the library in staging",
        (
            "hostile/test_stolen_files.py::test_the_attack_works_on_a_bare_ffmpeg",
            "hostile/test_stolen_files.py::test_no_byte_of_the_victims_song_is_anywhere_else",
            "hostile/test_stolen_files.py::test_each_attack_fails_with_a_sentence_and_leaves_nothing_staged",
            "hostile/test_stolen_files.py::test_outside_media_in_an_mp4_is_not_read",
            "test_audio_gate.py::test_anything_else_is_refused_whatever_it_is_called",
            "test_audio_convert.py::test_ffmpeg_itself_reads_no_other_file_when_the_gate_is_passed",
        ),
    ),
    10: Row(
        "titles that climb, are reserved, too long, turned around, decomposed",
        "inside the library, 255 bytes at most, portable, always the same",
        (
            "test_tags_naming.py::test_nothing_leaves_the_library",
            "test_tags_naming_properties.py",
            "test_journey_hostile.py::test_a_hostile_title_becomes_a_harmless_name",
            "test_journey_hostile.py::test_hostile_corrections_stay_inside_the_library",
        ),
    ),
    11: Row(
        "titles and uploaders that are markup, templates, attributes of htmx",
        "shown as text; nothing runs, nothing is asked for",
        (
            "browser/test_hostile_titles.py",
            "browser/test_hostile_titles.py::test_hostile_titles_are_text_on_every_page",
        ),
    ),
    12: Row(
        "endings such as .desktop, .sh, .html, none, .mp3.exe",
        "the ending comes from the content",
        ("hostile/test_stolen_files.py::test_the_ending_comes_from_the_content",),
    ),
    13: Row(
        "a body without end, a length that lies, one byte a second, packed nothing",
        "stopped by budget and times; staging removed",
        (
            "hostile/test_floods.py::test_every_flood_ends_in_a_failure_with_a_sentence",
            "hostile/test_floods.py::test_no_file_is_more_than_a_megabyte_over_the_limit",
            "hostile/test_floods.py::test_staging_is_removed_but_for_what_a_retry_goes_on_with",
            "test_sources_egress_limits.py::test_the_budget_cuts_all_connections_in_the_middle",
            "faults/test_watchdog.py",
        ),
    ),
    14: Row(
        "a list of 10,000, a list of itself, gigabytes of metadata",
        "refused or capped; memory stays under its limit",
        (
            "hostile/test_floods.py::test_every_flood_ends_in_a_failure_with_a_sentence",
            "hostile/test_floods.py::test_no_child_takes_more_memory_than_it_may",
            "hostile/test_downloader.py::test_a_page_is_read_to_a_limit_and_media_in_pieces",
        ),
    ),
    15: Row(
        "ID3 bombs, pictures of 4 GB, a million comments, atoms in circles, half a FLAC",
        "the child ends alone, the download fails, web and watcher go on",
        (
            "hostile/test_bombs.py::test_a_bomb_is_a_failure_with_a_sentence_or_a_track_without_its_tags",
            "hostile/test_bombs.py::test_a_bomb_by_hand_is_listed_with_its_reason_and_the_watcher_goes_on",
            "hostile/test_bombs.py::test_no_child_takes_more_memory_than_it_may_and_the_server_grows_by_none_of_it",
            "test_tags_child.py::test_bomb_kills_only_its_child_and_the_other_files_are_read",
        ),
    ),
    16: Row(
        "a PNG of 30,000 by 30,000, a GIF of many frames, PSD, EPS, FITS, TIFF, a picture that is a page",
        "refused or made anew; nosniff",
        (
            "hostile/test_bombs.py::test_a_picture_bomb_costs_the_cover_and_nothing_else",
            "test_tags_cover.py::test_other_formats_are_refused",
            "test_tags_cover.py::test_page_hidden_behind_a_picture_does_not_survive",
            "test_journey_access.py::test_every_kind_of_answer_carries_the_security_headers",
        ),
    ),
    17: Row(
        "a cookies.txt of 50 MB, binary, of another user, of other sites",
        "at most 1 MB, parsed, only lines that match, 404 for others",
        (),
        "Cookies are not built yet: no request takes a cookies.txt. They come with an issue of their own.",
    ),
    18: Row(
        "forms and pictures of other sites, no Origin, another Host, method overrides",
        "403; no download",
        (
            "test_accounts_csrf.py::test_other_sites_are_refused_even_with_the_right_form_token",
            "test_accounts_csrf.py::test_other_sites_cannot_sign_somebody_in",
            "test_accounts_csrf.py::test_a_request_without_host_is_nobodys",
            "test_accounts_csrf.py::test_missing_or_wrong_form_token_is_refused",
            "test_accounts_csrf.py::test_method_override_is_ignored",
        ),
    ),
    19: Row(
        "a session chosen before login, the token of a deleted user, a replay after logout",
        "another session, 401",
        (
            "test_accounts_login.py::test_session_id_chosen_before_login_is_never_adopted",
            "test_accounts_login.py::test_logout_ends_the_session_and_its_cookie_cannot_be_replayed",
            "test_accounts_tokens.py::test_tokens_and_sessions_of_a_deleted_user_are_dead",
        ),
    ),
    20: Row(
        "1,000 wrong passwords from 50 addresses",
        "at most 10 are checked; others still get in",
        ("test_accounts_throttle.py::test_a_thousand_guesses_from_fifty_addresses_check_at_most_ten",),
    ),
    21: Row(
        "another user's downloads, files, covers and tokens, over all routes and methods",
        "404 each",
        (
            "test_web_access.py::test_alice_finds_and_changes_nothing_of_bobs",
            "test_accounts_tokens.py::test_bob_cannot_revoke_what_is_alices",
        ),
    ),
    22: Row(
        "links, pipes and devices in staging and in the library; a folder that turns into a link",
        "never followed, never waited for",
        (
            "hostile/test_links_and_pipes.py::test_staged_things_that_are_no_files_are_not_read",
            "hostile/test_links_and_pipes.py::test_what_lies_where_the_copy_goes_is_not_written_through",
            "hostile/test_links_and_pipes.py::test_a_trap_at_the_name_of_a_new_track_keeps_its_name",
            "hostile/test_links_and_pipes.py::test_a_folder_that_is_swapped_for_a_link_again_and_again_is_never_followed",
            "hostile/test_stolen_files.py::test_a_link_planted_in_staging_is_not_followed",
            "test_library_web.py::test_file_that_became_a_link_is_not_served",
        ),
    ),
    23: Row(
        "tags with line breaks and escapes in log lines, 100 MB of complaints",
        "escaped, cut at 64 KB",
        (
            "hostile/test_bombs.py::test_titles_never_write_lines_or_escapes_into_the_log",
            "test_audio_ffmpeg.py::test_endless_complaints_are_kept_short",
        ),
    ),
    24: Row(
        "a token that may only submit, at every other address",
        "403",
        (
            "test_web_access.py::test_a_submit_token_only_hands_in_links",
            "test_accounts_tokens.py::test_submit_token_reaches_what_is_for_it_and_nothing_else",
        ),
    ),
}
