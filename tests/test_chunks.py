"""Many things a few at a time."""

from mailroom.chunks import chunks


def test_all_of_them_come_in_their_order_and_at_most_so_many_at_once():
    assert list(chunks([5, 3, 4, 1, 2], 2)) == [[5, 3], [4, 1], [2]]


def test_of_nothing_there_is_no_chunk():
    assert list(chunks([], 2)) == []
