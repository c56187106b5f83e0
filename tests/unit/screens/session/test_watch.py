"""A watch in words."""

from screens.session.watch import Watch


def test_words_of_a_watch_fit_into_the_room_and_name_the_next_check() -> None:
    watch = Watch("verified", seconds=30.5)
    assert watch.words(54) == f"watching since {watch.since} · 0 checks · next in 0:30"
    for _ in range(1234):
        watch.checked(30.5)
    narrow = watch.words(44)
    assert narrow == f"since {watch.since[:5]} · 1,234 checks · next in 0:30"
    assert len(narrow) <= 44
