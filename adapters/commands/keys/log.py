"""Make the key that signs the desk's log, or show the one it has: what to note elsewhere."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Make the desk's key (Ed25519, PEM, for its owner alone), where there is none, and print its verifier key.

    Note the verifier key where whoever may write to the store cannot: `warrant audit verify --key` takes it. A paper
    desk names its key in the log at its next start; the log of a backtest names none, so that its root stays the same.
    """
    from adapters.desk.folder import shown, writable_desk
    from adapters.signing.log_key import log_signer, make_log_key

    place = writable_desk(desk)
    known = log_signer(place)
    key = make_log_key(place) if known is None else known.key
    if json:
        write_json({"made": known is None, "vkey": key.text, "file": str(place.log_key)})
        return Status.FINE
    write(f"{'made' if known is None else 'the desk has'} the key {shown(place.log_key)}; keep it to yourself")
    write("its verifier key, to note elsewhere:")
    write(key.text)
    return Status.FINE
