"""`aed teach`: teach a sound by a few recordings, without any training."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.commands import Subparsers
    from aed.commands.teach.place import Place

_DESCRIPTION = """\
Teaches a sound of your home by 3 to 10 recordings of it (any format that libsndfile reads; `aed
record` makes them). It is heard within a second by the aed that runs on this machine, and by one
that starts later. Recordings that are not told from the background, from each other or from another
taught sound are refused. They are kept in the state directory, for the next model to learn from.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `teach`."""
    parser = subparsers.add_parser(
        "teach",
        help="teach a sound of your home by a few recordings",
        description=_DESCRIPTION,
        epilog='Example: aed teach "Doorbell upstairs" bell*.flac --under doorbell',
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="what the sound is called")
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="a recording of it")
    parser.add_argument(
        "--under", metavar="NODE", help="node that it is a kind of (`aed ontology show`)"
    )
    parser.add_argument(
        "--background",
        type=Path,
        metavar="DIR",
        help="recordings of your home without the sound, which it must be told from too",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="it makes events, but calls for nobody's attention"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="list what is taught")
    other.add_argument("--remove", metavar="ID", help="forget a sound, delete its recordings")
    other.add_argument(
        "--measure",
        type=Path,
        metavar="DIR",
        help="hear recordings: those in DIR/ID are of that sound, all others of none",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--config", type=Path, metavar="FILE", help="settings of the daemon (YAML)")
    where.add_argument(
        "--socket", type=Path, metavar="PATH", help="its control socket; else that of the service"
    )
    where.add_argument(
        "--state", type=Path, metavar="DIR", help="a state directory that no daemon uses"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="the model, where no daemon runs to say which"
    )
    parser.set_defaults(run=run, usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked.

    Args:
        arguments: those of `add_parser`.

    Returns:
        0.

    Raises:
        AedError: it cannot be done; says why.
        SystemExit: 2 if the arguments do not go together.
    """
    from aed.commands.teach.place import find_place

    is_other = arguments.list or arguments.remove is not None or arguments.measure is not None
    if is_other and arguments.name is not None:
        arguments.usage("--list, --remove and --measure take no name and no recordings")
    if not is_other and (arguments.name is None or arguments.under is None or not arguments.clips):
        arguments.usage("wanted a name, recordings and --under; or --list, --remove or --measure")
    place = find_place(arguments)
    if arguments.list:
        _list(place)
    elif arguments.remove is not None:
        _remove(place, arguments.remove)
    elif arguments.measure is not None:
        from aed.commands.teach.measuring import measure

        print("\n".join(measure(place, arguments.measure)))
    else:
        from aed.commands.teach.teaching import teach

        print(
            teach(
                place,
                name=arguments.name,
                clips=arguments.clips,
                under=arguments.under,
                background=arguments.background,
                is_alert=not arguments.quiet,
            )
        )
    return 0


def _list(place: "Place") -> None:
    from aed.bundle import load_bundle
    from daemon.taught.local_requests import listed
    from daemon.taught.store import TaughtStore

    if place.socket is not None:
        sounds = place.ask("taught", {})["sounds"]
    else:
        store = TaughtStore(place.state)
        store.load(load_bundle(place.bundle), is_kept=False)
        sounds = [listed(entry.model_dump()) for entry in store.entries]
    if not sounds:
        print("nothing is taught")
    for sound in sounds:
        kind = "alerts" if sound["is_alert"] else "events alone"
        how = f"margin {sound['margin']:.2f}" if sound["problem"] is None else "NOT HEARD"
        print(f"{sound['id']}  under {sound['under']}  {sound['name']!r}  {kind}  {how}")
        if sound["problem"] is not None:
            print(f"  {sound['problem']}")


def _remove(place: "Place", id_: str) -> None:
    from daemon.taught.store import TaughtStore

    if place.socket is not None:
        place.ask("forget", {"id": id_})
    else:
        TaughtStore(place.state).forget(id_)
    print(f"{id_} is forgotten")
