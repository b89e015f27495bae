import threading

import pytest

from mailroom.connectors.ahead import ahead


class Pages:
    """Pages of a tenant that refuses the page `broken`."""

    def __init__(self, number, broken=None):
        self.number, self.broken = number, broken
        self.fetched = []
        self.fetching = threading.Semaphore(0)

    def __iter__(self):
        for page in range(self.number):
            self.fetched.append(page)
            self.fetching.release()
            if page == self.broken:
                raise ConnectionError(page)
            yield page


@pytest.mark.parametrize("most", [1, 3, 20])
def test_pages_come_in_order_and_none_is_left_out(most):
    assert list(ahead(iter(Pages(7)), most)) == list(range(7))


def test_so_many_pages_are_fetched_while_the_first_is_in_use():
    pages = Pages(9)
    walk = ahead(iter(pages), 3)
    assert next(walk) == 0
    for _ in range(4):  # the one in use and three more
        assert pages.fetching.acquire(timeout=10)
    walk.close()
    assert pages.fetched == [0, 1, 2, 3]


def test_an_error_comes_after_the_pages_before_it():
    walk = ahead(iter(Pages(5, broken=2)), 4)
    assert [next(walk), next(walk)] == [0, 1]
    with pytest.raises(ConnectionError):
        next(walk)
