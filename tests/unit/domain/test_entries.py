"""Entries and their JSON."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.entries import Entry, EntryKind

LOT = "0" * 32

entries = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    unit=st.sampled_from(("points", "stars")),
    quantity=st.integers(-(10**12), 10**12),
    rule=st.sampled_from(("base", "big-basket")),
    line=st.none() | st.integers(1, 500),
    lot=st.none() | st.just(LOT),
    expires_on=st.none() | st.dates(),
)


@given(entry=entries)
def test_an_entry_comes_back_from_json_as_it_was(entry: Entry) -> None:
    assert Entry.from_json(entry.to_json()) == entry
