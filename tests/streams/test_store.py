"""The file of those who were not heard of for long: what it keeps, and that nothing is left of it."""

from __future__ import annotations

import random
from math import inf
from pathlib import Path
from types import SimpleNamespace

import pytest

from streams.errors import StoreFault
from streams.lane.restored import Restored
from streams.lane.terms import MARK, mark, signed
from streams.settings import load
from streams.store import FileStore
from streams.views.tap import ViewTap
from tests.streams.test_partition import LOADED, NOW, RATINGS, Bench, laid, record, shot_of
from tests.streams.test_worker import Bench as Workers
from tests.streams.test_worker import story
from tests.training_rules.test_corridor import RULES
from tests.training_rules.test_storing import decides_the_same, few
from training_rules.snapshots import ROOM, due_at
from training_rules.storing import InMemory, Store

__all__ = ["few"]


def snapshots(count: int, due: float = inf) -> dict[str, bytes]:
    return {f"p{number:03}": due_at(RULES.dump(RULES.new_state(f"p{number:03}")), due) for number in range(count)}


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


def test_what_is_put_is_there_and_goes_when_it_is_taken(store: FileStore) -> None:
    states = snapshots(3)
    store.put(states)
    assert (store.get("p001"), store.take("p001"), store.get("p001"), store.take("p001"), len(store)) == (states["p001"], states["p001"], None, None, 2)


def test_all_are_read_page_by_page_while_others_come_and_go(store: FileStore) -> None:
    states = snapshots(1200)
    store.put(states)
    found = {}
    for number, (who, raw) in enumerate(store.items()):
        found[who] = raw
        if number == 100:
            store.take("p000")
            store.put({"new": states["p000"]})
    assert found == states | {"new": states["p000"]}
    assert sorted(store.ids()) == sorted(found.keys() - {"p000"})


def test_both_stores_say_the_same(store: FileStore) -> None:
    rnd, plain, states = random.Random(1), InMemory(), list(snapshots(300).items())
    for _ in range(400):
        act(rnd, rnd.choice(states), (store, plain))
        after, most = (float(rnd.randrange(10)), f"p{rnd.randrange(300):03}"), rnd.randrange(1, 20)
        assert store.alarms(after, most) == plain.alarms(after, most)
    assert (len(store), dict(store.items()), set(store.ids())) == (len(plain), dict(plain.items()), set(plain.ids()))


def act(rnd: random.Random, state: tuple[str, bytes], stores: tuple[Store, ...]) -> None:
    """One is put, taken, or dropped."""
    who, raw = state
    if stores[0].get(who) is None:
        raw = due_at(raw, rnd.choice((float(rnd.randrange(10)), inf)))
        for store in stores:
            store.put({who: raw})
    elif rnd.random() < 0.5:
        assert len({store.take(who) for store in stores}) == 1
    else:
        for store in stores:
            store.drop(who)


def test_the_file_has_no_name_and_goes_with_the_store(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "store")
    store.put(snapshots(100))
    assert (list((tmp_path / "store").iterdir()), open_files(tmp_path)) == ([], 1)
    store.close()
    assert open_files(tmp_path) == 0


def files(folder: Path) -> list[Path]:
    """The files of a folder that this process has open."""
    links = Path("/proc/self/fd").iterdir()
    return [link for link in links if link.is_symlink() and str(link.readlink()).startswith(f"{folder}/")]


def open_files(folder: Path) -> int:
    return len(files(folder))


def test_one_that_was_closed_has_nobody(store: FileStore) -> None:
    """Views may be on their way through all partners when a partition is taken away."""
    store.put(snapshots(1200))
    ids = store.ids()
    next(ids)
    store.close()
    assert (len(list(ids)), store.get("p001"), store.alarms((0.0, ""), 5), len(store)) == (499, None, [], 0)


def test_of_one_who_is_dropped_no_byte_is_left_in_the_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put({f"q{number}": bytes(ROOM) + b"\x02" + bytes(20) + b"secret" * 300 for number in range(2000)} | {"p": bytes(ROOM) + b"\x02" + bytes(20) + b"the name" * 300})
    store._db.execute("COMMIT")
    store._db.execute("BEGIN")
    assert b"the name" in bytes_of(tmp_path)
    store.take("p")
    store.drop("p")
    assert (b"the name" in bytes_of(tmp_path), b"secret" in bytes_of(tmp_path)) == (False, True)


def bytes_of(folder: Path) -> bytes:
    """What the file holds that this process has open in a folder."""
    return files(folder)[0].read_bytes()


def test_a_folder_that_can_not_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match=r"a file of .*/file/store: .*NUDGELINE_DATA_DIR.*NUDGELINE_STORE_AFTER=0"):
        FileStore(tmp_path / "file" / "store")


def test_a_full_disk_is_said_and_nobody_goes_on(store: FileStore) -> None:
    store._db.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StoreFault, match="full"):
        store.put(snapshots(2000))


def dumped(who: str, at: float) -> bytes:
    state = LOADED.new_state(who)
    state.now = at
    return LOADED.dump(state)


class Kept:
    def __init__(self, key: bytes, value: bytes) -> None:
        self.key, self.value = key, value


def restored() -> Restored:
    """Of one who was heard of just now, one long ago, and one who was erased."""
    found = Restored()
    states = {"now": NOW - 10.0, "long ago": NOW - 10_000.0, "erased": -inf}
    found.apply([Kept(who.encode(), signed(1, dumped(who, at))) for who, at in states.items()])
    found.apply([Kept(MARK, mark(1, NOW))])
    return found


def plan(folder: Path, store_after: float = 3600.0) -> dict[str, object]:
    return {"store_after": store_after, "new_store": lambda: FileStore(folder)}


def served(folder: Path) -> Bench:
    """A partition after its first look around."""
    bench = Bench(restored(), **plan(folder))
    bench.partition.rest(0.0)
    return bench


def test_those_not_heard_of_for_long_go_to_the_store_soon_after_a_start(tmp_path: Path) -> None:
    partners = served(tmp_path).partition.corridor.partners
    assert (list(partners.resting), list(partners.store.ids()), list(partners.erased)) == (["now"], ["long ago"], ["erased"])


def test_where_no_time_is_set_nothing_is_stored() -> None:
    bench = Bench(restored(), store_after=0.0, new_store=lambda: pytest.fail("no store is to be made"))
    assert sorted(bench.partition.corridor.partners.resting) == ["long ago", "now"]


def test_one_who_is_stored_is_written_again_after_their_next_event(tmp_path: Path) -> None:
    bench = served(tmp_path)
    bench.feed(RATINGS, record(1, who="long ago", at=NOW + 1))
    assert [key for key, _ in bench.run().records] == [b"long ago", MARK]
    assert list(bench.partition.corridor.partners.awake) == ["long ago"]


def test_who_rests_for_long_is_stored_when_the_partition_looks(tmp_path: Path) -> None:
    bench = served(tmp_path)
    bench.feed(RATINGS, record(1, who="new", at=NOW + 1))
    bench.run()
    laid(bench)
    bench.partition.advance(NOW + 4000.0)
    shot_of(bench.partition)
    bench.partition.rest(3000.0)
    partners = bench.partition.corridor.partners
    assert (sorted(partners.store.ids()), list(partners.resting)) == (["long ago", "new", "now"], [])


def test_an_erasure_takes_one_out_of_the_store(tmp_path: Path) -> None:
    bench = served(tmp_path)
    corridor = bench.partition.corridor
    corridor.forget("long ago", NOW, "topic.profile", 1)
    assert (corridor.partners.store.get("long ago"), sorted(corridor.partners.erased)) == (None, ["erased", "long ago"])


def test_a_partition_that_is_taken_away_drops_its_file(tmp_path: Path) -> None:
    bench = served(tmp_path)
    assert open_files(tmp_path) == 1
    bench.partition.close()
    assert open_files(tmp_path) == 0


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.usefixtures("few")
def test_being_stored_in_a_file_at_any_moment_changes_no_decision(seed: int, store: FileStore) -> None:
    decides_the_same(seed, store)


def test_a_worker_says_how_many_are_stored_and_drops_the_files_of_what_it_loses(tmp_path: Path) -> None:
    async def told(bench: Workers) -> tuple[object, ...]:
        bench.worker.closed()
        await bench.worker.opened({0: restored()}, 2)
        bench.worker.tick()
        seen = bench.worker.snapshot()
        opened = open_files(tmp_path)
        bench.worker.closed()
        return seen["stored"], seen["partners"], opened, open_files(tmp_path)

    assert story(told, **plan(tmp_path)) == (1, 3, 1, 0)


def test_views_show_those_who_are_stored_and_bring_nobody_back(tmp_path: Path) -> None:
    bench = served(tmp_path)
    tap = ViewTap(load(redis_url="redis://127.0.0.1:1"))
    tap.worker = SimpleNamespace(partitions={3: bench.partition})  # type: ignore[assignment]
    assert {view.partner_id for view in tap.everyone()} == {"now", "long ago"}
    assert [view.partner_id for view in tap.changed(3, NOW - 11_000.0) if view is not None] == ["now", "long ago"]
    assert not bench.partition.corridor.partners.awake
