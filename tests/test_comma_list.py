"""Several values in one field."""

from mailroom.comma_list import comma_list


def test_blanks_and_empty_values_do_not_count():
    assert comma_list(" held, rejected ,,\n released,") == ["held", "rejected", "released"]


def test_an_empty_field_has_no_values():
    assert comma_list("  ") == []
