"""The collector is left as it was found."""

from __future__ import annotations

import gc

import pytest

from mailroom.bulk_work import bulk_work


def test_the_collector_runs_rarely_inside_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with bulk_work():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_of_two_blocks_at_once_the_last_one_puts_it_back() -> None:
    before = gc.get_threshold()
    with bulk_work():
        with bulk_work():
            pass
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before


def test_an_error_inside_puts_it_back_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), bulk_work():
        raise RuntimeError
    assert gc.get_threshold() == before
