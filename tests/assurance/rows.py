"""What is promised, threat by threat and fault by fault, and the tests that show it. One fact, one place: docs/assurance.md is written from
this and from the last runs (`python tasks.py assurance`).

A test is named by file and function under tests/; "file::function[one case]" where one case of many is meant.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    part: str
    what: str
    must: str
    tests: tuple[str, ...]


def _rows(part: str, *given: tuple[str, ...]) -> list[Row]:
    """Of each: what, must, tests, and names of bad inputs (tests/extracts/bad_inputs.py), of which each is a test of its own."""
    return [
        Row(part, what, must, (*shown.split(), *(f"extracts/test_bad_inputs.py::test_bad_input[{case}]" for case in cases))) for what, must, shown, *cases in given
    ]


STORE = _rows(
    "The store",
    ("one file per load, switched in one step", "the load before or the load after, whole", "store/test_faults.py::test_killed_at_any_moment_the_data_are_those_before_or_those_after store/test_loads.py::test_a_load_of_more_rows_than_a_row_group_is_whole"),
    ("a connection that threads share", "each its own rows", "store/test_connect.py::test_threads_with_a_cursor_each_get_their_own_rows"),
    ("other processes read while one loads", "they go on, and see the new load at once", "store/test_loads.py::test_another_store_object_sees_a_new_load_at_once_and_an_old_snapshot_stays_readable store/test_rewriting.py::test_readers_in_other_processes_see_every_load_whole_while_the_store_is_rewritten"),
    ("what DuckDB could reach", "no file, no network, no extension; configuration locked", "store/test_connect.py::test_what_is_not_needed_is_impossible"),
    ("scratch files", "inside the store, cleaned up, encrypted where the store is", "store/test_connect.py::test_queries_that_outgrow_memory_spill_into_the_store_and_clean_up store/test_encryption.py::test_what_spills_to_disk_is_encrypted"),
    ("who may read the files", "the program's account alone", "store/test_connect.py::test_files_are_for_the_account_alone"),
    ("encryption", "nothing anybody wrote is readable; never plain where it was asked for", "store/test_encryption.py::test_nothing_that_anybody_wrote_is_readable_in_a_store_encrypted_from_the_start store/test_encryption.py::test_the_search_for_secrets_finds_each_of_them_in_a_plain_store store/test_encryption.py::test_a_new_store_is_not_made_plain_where_encryption_is_required store/test_encryption.py::test_a_plain_file_in_an_encrypted_store_is_not_read"),
    ("a wrong or lost key, a changed key", "our own plain message; only the new key opens anything", "store/test_encryption.py::test_without_its_key_or_marker_every_way_in_says_so_and_changes_nothing store/test_encryption.py::test_after_rekey_only_the_new_key_opens_anything store/test_rewriting.py::test_killed_before_any_step_every_load_is_whole_and_the_same_command_finishes"),
    ("backup and restore", "what comes back is what was backed up; a damaged one is refused", "store/test_backup.py::test_what_comes_back_is_what_was_backed_up store/test_backup.py::test_a_damaged_backup_is_refused_and_nothing_is_put_anywhere store/test_backup.py::test_a_backup_killed_at_any_moment_leaves_no_half_backup_and_the_store_whole test_deploy.py::test_every_backup_is_tried_out_and_old_ones_go"),
    ("the audit", "can be added to, not changed", "store/test_state.py::test_the_audit_can_be_added_to_but_not_changed store/test_state.py::test_processes_that_begin_at_once_on_a_new_store_lose_no_line"),
)  # fmt: skip

FAULTS = _rows(
    "Threats and faults",
    ("kill -9 at any moment of a load, of the server or the command line", "old data whole or new data whole; no load lost", "store/test_faults.py::test_killed_at_any_moment_the_data_are_those_before_or_those_after store/test_faults.py::test_killed_at_a_known_stage_nothing_has_changed_and_no_name_is_left faults/test_killed_servers.py::test_killed_at_any_moment_no_load_is_lost_and_none_is_there_by_half"),
    ("disk full, read-only folder, no permission", "a clear message with what is needed; old data served", "store/test_faults.py::test_too_little_room_is_said_before_anything_is_written store/test_faults.py::test_a_disk_that_fills_up_during_a_load_leaves_the_old_data_served store/test_faults.py::test_a_read_only_folder_is_served_and_says_what_is_needed store/test_rewriting.py::test_a_disk_that_is_full_stops_it_and_nothing_is_lost faults/test_seen_on_the_page.py::test_a_disk_that_turned_read_only faults/test_seen_on_the_page.py::test_a_disk_that_is_full"),
    ("two loads at once; a load while 60 sessions read", "one wins, the other says so; nobody sees half", "store/test_faults.py::test_of_two_loads_at_once_one_wins_and_the_other_says_so_while_readers_read faults/test_sixty_sessions.py::test_sixty_sessions_see_one_load_or_the_other_and_never_half faults/test_seen_on_the_page.py::test_a_store_that_another_process_is_changing"),
    ("a store of an older version", "brought up to date; can be rolled back", "store/test_versions.py::test_a_store_of_every_released_version_opens_computes_and_goes_on store/test_versions.py::test_an_upgrade_can_be_rolled_back store/test_faults.py::test_a_store_from_a_newer_version_says_to_update"),
    ("a damaged pointer, a damaged or missing load", "the last good load is offered, with its date", "store/test_faults.py::test_a_damaged_or_missing_pointer_offers_the_last_good_load store/test_faults.py::test_a_damaged_or_missing_snapshot_offers_the_last_good_load store/test_faults.py::test_recover_skips_a_load_with_one_changed_byte"),
    ("the clock set back; a day to look at, or an extract, in the future", "refused or explained", "faults/test_seen_on_the_page.py::test_a_clock_that_was_set_back store/test_loads.py::test_a_clock_set_back_does_not_disturb_the_order_of_loads store/test_loads.py::test_an_extract_date_ahead_of_the_clock_is_asked_about pages/test_pages.py::test_a_date_after_the_extract_or_no_date_at_all_is_put_right"),
    ("not signed in: any page, deep link, WebSocket without origin or with a forged, old or ended cookie", "nothing but the sign-in page", "access/test_sign_in.py::test_a_cookie_that_is_no_good_opens_nothing access/test_sign_in.py::test_a_socket_without_origin_or_from_elsewhere_is_refused access/test_roles.py::test_every_page_is_in_the_matrix access/test_roles.py::test_each_role_sees_its_pages_and_its_children test_deploy.py::test_with_the_secrets_as_documented_nobody_gets_past_the_sign_in_page"),
    ("another team's child: page, address, filter, file, cache", "as if there were no such child", "access/test_roles.py::test_a_child_of_others_looks_like_one_that_does_not_exist access/test_roles.py::test_every_file_holds_only_their_children access/test_within.py::test_only_their_children_and_with_the_same_figures access/test_within.py::test_nobody_without_teams_sees_anything access/test_within.py::test_no_table_has_anything_of_the_others access/test_roles.py::test_marks_on_a_chart_of_everything_are_of_ones_own_teams"),
    ("a right that is taken away", "gone at the next click, warm cache or not", "access/test_roles.py::test_a_right_that_is_taken_away_is_gone_at_the_next_click access/test_roles.py::test_a_file_of_the_team_before_is_not_made_for_the_team_after"),
    ("a role's limits", "refused below the pages too", "access/test_roles.py::test_what_is_not_ones_right_is_refused_below_the_pages"),
    ("download links", "for whoever asked, once, not stored, noted", "access/test_roles.py::test_files_are_for_whoever_asked_and_once access/test_sign_in.py::test_from_sign_in_to_a_file_and_out_again pages/test_downloads.py::test_no_page_has_a_download_of_its_own"),
    ("who came in, whom they looked at, what they took away or were refused", "noted first, or not shown", "access/test_roles.py::test_what_was_seen_taken_and_refused_is_in_the_audit access/test_sign_in.py::test_without_its_list_of_rights_nobody_gets_in_and_nothing_goes_unnoted"),
    ("the sign-in cookie", "ends by age, idle time, expiry and sign-out; for HTTPS alone behind the proxy", "access/test_sign_in.py::test_a_cookie_that_is_no_good_opens_nothing access/test_sign_in.py::test_a_page_left_alone_is_taken_off_the_screen access/test_sign_in.py::test_an_ended_sign_in_stays_ended_however_it_is_written access/test_sign_in.py::test_long_tokens_of_two_people_are_two_people test_deploy.py::test_cookies_are_for_https_alone"),
    ("DNS rebinding, another site's page", "refused", "access/test_sign_in.py::test_a_socket_without_origin_or_from_elsewhere_is_refused test_deploy.py::test_a_session_begins_from_our_own_pages_only test_deploy.py::test_another_name_gets_no_answer_and_plain_http_is_sent_on"),
    ("data that are markup, links or HTML", "shown as text; no request leaves the browser; policy by header", "browser/test_hostile.py::test_every_page_and_file_takes_text_as_text browser/test_load_hostile.py::test_nothing_in_a_file_runs_or_is_markup test_deploy.py::test_every_answer_carries_the_headers_once test_deploy.py::test_the_dashboard_works_through_it"),
    ("data that are formulas", "text in every file taken away", "test_export.py::test_every_text_of_a_workbook_is_typed_as_text_and_quoted_where_it_could_be_a_formula test_export.py::test_no_cell_no_header_and_no_line_of_a_csv_begins_like_a_formula test_marked.py::test_no_text_is_a_formula"),
    ("what leaves in a file", "nothing hidden, no names unless asked for, IDs only in calendars and addresses", "browser/test_hostile.py::test_every_page_and_file_takes_text_as_text test_marked.py::test_what_runs_hides_or_leads_out_is_gone test_pack.py::test_names_only_when_asked_for pages/test_pages.py::test_the_address_never_has_a_name"),
    ("error text", "a number to the browser and the log, never data", "pages/test_pages.py::test_what_was_not_foreseen_is_a_number_without_values store/test_faults.py::test_errors_never_quote_the_data extracts/test_bad_inputs.py::test_no_message_quotes_a_cell pages/test_downloads.py::test_what_goes_wrong_while_a_file_is_made_names_no_child"),
    ("telemetry, calls to the internet", "none", "browser/test_hostile.py::test_every_page_and_file_takes_text_as_text test_deploy.py::test_the_dashboard_works_through_it"),
    ("figures of use, uploads without sign-in", "closed", "access/test_sign_in.py::test_figures_of_use_and_files_of_others_are_closed test_deploy.py::test_closed_doors_are_closed"),
    ("listening beyond this computer without sign-in", "does not start, says why", "access/test_sign_in.py::test_the_server_does_not_start_where_it_should_not_be_reached access/test_sign_in.py::test_without_sign_in_only_this_computer_is_answered access/test_sign_in.py::test_a_damaged_file_of_secrets_closes_the_doors pages/test_pages.py::test_no_page_answers_beyond_this_computer_without_sign_in"),
    ("Hide names", "no name or date of birth in any frame; no figure changes", "access/test_within.py::test_no_name_and_no_date_of_birth_reaches_the_browser access/test_within.py::test_hidden_names_change_no_figure access/test_within.py::test_every_text_column_is_hidden_or_names_nobody"),
    ("small numbers in what leaves the service", "7 or fewer taken out, the rest rounded to 5, nothing by subtraction", "views/test_outside.py::test_nothing_small_can_be_seen_or_subtracted views/test_outside.py::test_the_bounds views/test_outside.py::test_the_workbook_names_nobody"),
    ("erasure and retention", "gone from every file's bytes", "store/test_erase.py::test_an_erased_child_is_in_no_byte_of_a_plain_store store/test_erase.py::test_an_erased_child_is_in_no_file_and_nothing_about_others_has_changed store/test_erase.py::test_loads_older_than_that_are_gone_for_good_and_the_current_one_never"),
    ("the host: proxy, image, units", "headers, TLS, limits; no rights, read-only, memory bound", "test_deploy.py::test_every_answer_carries_the_headers_once test_deploy.py::test_old_protocols_are_refused test_deploy.py::test_a_flood_from_one_address_is_slowed_and_a_busy_morning_is_not test_deploy.py::test_what_the_image_runs_runs_without_rights_on_a_read_only_root test_deploy.py::test_the_units_are_hardened"),
    ("packages", "exact, with hashes, none of the tests' in production", "test_deploy.py::test_packages_are_those_of_the_lock_and_only_the_products"),
)  # fmt: skip


INPUTS = _rows(
    "Bad inputs",
    ("a cell at XFD1048576; 600 MB in a small zip; billion laughs; external entity; an entity in a number; 1,048,576 rows", "refused before parsing, with the reason", "extracts/test_isolate.py::test_a_600_mb_comment_in_a_small_zip_is_refused_quickly extracts/test_isolate.py::test_one_far_cell_is_refused_before_any_reader_allocates_for_it extracts/test_isolate.py::test_entities_are_refused extracts/test_isolate.py::test_an_entity_in_a_number_is_refused_because_the_reader_would_lose_digits", "one cell at XFD1048576", "a cell in the last row", "billion laughs"),
    ("time and memory", "the reading process is stopped, the dashboard goes on", "extracts/test_isolate.py::test_a_file_that_takes_too_long_is_stopped extracts/test_isolate.py::test_a_file_that_takes_too_much_memory_is_stopped extracts/test_isolate.py::test_progress_that_raises_ends_the_child"),
    ("a wrong size or checksum; cut short; no bytes; PDF, HTML or text named .xlsx", "“damaged” or “not a spreadsheet”", "extracts/test_isolate.py::test_every_truncation_of_a_workbook_is_refused_in_plain_words", "a part whose checksum is wrong", "a part whose size is wrong", "no bytes", "a PDF named xlsx", "HTML named xls", "plain text named xlsx"),
    ("protected with a password", "says so", "", "password-protected"),
    ("a wrong dimension tag; Strict Open XML", "all rows", "extracts/test_isolate.py::test_a_wrong_dimension_tag_loses_no_rows extracts/test_isolate.py::test_strict_open_xml_gives_all_rows"),
    ("formulas without a result", "open it in Excel and save", "extracts/test_readers.py::test_a_formula_without_a_result_in_an_xlsx", "a formula without a stored result", "all formulas without stored results"),
    ("#N/A, #REF!", "reported as Excel's errors, never as missing", "extracts/test_readers.py::test_error_cells_are_errors_in_every_format", "an #N/A cell in a required column"),
    ("title rows, merged cells", "header found; a merged data cell is a row error", "extracts/test_prepare.py::test_headers_below_a_banner_with_odd_spelling_and_in_any_order", "merged data cells"),
    ("headers twice, spaced, with what can't be seen", "normalised; two that become equal: asks", "extracts/test_prepare.py::test_two_headers_that_become_equal_are_refused", "the same header twice", "headers that become equal"),
    ("hidden sheets, rows, columns", "said", "extracts/test_isolate.py::test_hidden_sheets_rows_and_columns_are_read_and_said"),
    ("0001234, 1234, 1234.0, beyond 2^53", "text; with and without zeros in front is reported", "extracts/test_values.py::test_ids_are_kept_as_text extracts/test_values.py::test_ids_that_are_not_certain_are_refused extracts/test_prepare.py::test_child_ids_with_and_without_zeros_in_front_are_said", "the same id with and without zeros in front", "a number that Excel has rounded"),
    ("surnames NA, None, Null, Nan", "kept", "extracts/test_values.py::test_surnames_that_look_blank_are_kept_and_blank_words_elsewhere_are_blank"),
    ("dates of every kind", "day first or ISO; others are row errors", "extracts/test_values.py::test_dates_that_are_read extracts/test_values.py::test_dates_that_are_never_guessed extracts/test_prepare.py::test_1904_workbooks_give_the_same_dates", "required date: 31 February", "required date: month first", "a negative date serial", "a date serial of 99999999", "dates of both orders in one column"),
    ("control characters, NUL, marks that turn text", "taken out and said, or refused", "", "control characters in a text", "zero-width and right-to-left marks in a text", "NUL bytes in a csv", "an id with a NUL"),
    ("CSV of every encoding and separator; ragged; unclosed quote; header only", "decoded; row errors with line numbers", "extracts/test_prepare.py::test_csv_encodings_and_separators extracts/test_prepare.py::test_a_sep_line_is_followed", "a row cut short", "a row with a stray separator", "an unclosed quote", "headers only"),
    ("fewer children than before; an older extract; the same file again", "asks", "store/test_loads.py::test_losing_more_than_a_fifth_of_the_children_is_asked_about store/test_loads.py::test_as_many_children_but_others_is_asked_about store/test_loads.py::test_the_same_files_again_are_asked_about store/test_loads.py::test_all_reasons_are_given_at_once test_deploy.py::test_a_surprising_delivery_waits_for_a_person"),
    ("a meeting of an unknown child, before birth, in the future but held, twice; periods that overlap", "listed with the row", "extracts/test_prepare.py::test_cross_checks extracts/test_prepare.py::test_the_same_period_twice_loads_the_fuller_row_and_says_so"),
    ("files changed at random", "loaded or refused in plain words; never a crash", "extracts/test_fuzz.py::test_mutated_files_never_crash_the_reader extracts/test_fuzz.py::test_any_cells_in_a_workbook_are_loaded_or_left_out_and_order_does_not_matter extracts/test_fuzz.py::test_any_text_as_a_csv_is_read_or_refused"),
    ("the two readers against each other", "the same cells", "extracts/test_readers.py::test_calamine_and_openpyxl_see_the_same_cells"),
)  # fmt: skip

ROWS = [*STORE, *FAULTS, *INPUTS]


def named() -> list[str]:
    """Every test that a row names, once, in order; as pytest is told them."""
    return list(dict.fromkeys(f"tests/{test}" for row in ROWS for test in row.tests))
