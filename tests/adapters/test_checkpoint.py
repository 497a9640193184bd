"""Signed notes and checkpoints against published examples, and against whatever somebody may hand us."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.signing import checkpoint, note
from adapters.signing.checkpoint import Checkpoint, origin_of
from adapters.signing.note import Malformed, Signer, Untrusted, VerifierKey

# The example of the specification C2SP signed-note v1.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
# The example of C2SP tlog-checkpoint. Its key is not published.
SOFA = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
# golang.org/x/mod, sumdb/note/note_test.go: keys, a text, its signatures; the seed is that of the published test key.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_SEED = bytes.fromhex("810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173")
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


def signer(name: str, seed: int = 1) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_specifications_note_holds_by_its_key() -> None:
    key = VerifierKey.read(FOO)
    assert key.text == FOO
    found = note.read(FOO_NOTE.encode())
    assert (found.text, found.signers([key])) == ("This is an example message.\n", (key,))


def test_the_specifications_checkpoint_is_read_and_written() -> None:
    found = checkpoint.read(SOFA.encode())
    assert (found.checkpoint.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert SOFA.startswith(found.checkpoint.text + "\n")


def test_a_published_key_signs_the_published_bytes() -> None:
    peter = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))
    assert peter.key.text == PETER
    assert note.sign(TEXT, peter).decode() == TEXT + "\n" + PETER_LINE


def test_published_signatures_one_known_both_known_none_known() -> None:
    peter, enoch = VerifierKey.read(PETER), VerifierKey.read(ENOCH)
    both = note.read(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode())
    assert both.text == TEXT
    assert both.signers([peter]) == (peter,)
    assert both.signers([peter, enoch, enoch]) == (peter, enoch)
    with pytest.raises(Untrusted, match="no such key is known"):
        both.signers([])
    # The same name with another key, and the same key by another name, are other keys.
    with pytest.raises(Untrusted, match="no such key is known"):
        both.signers([VerifierKey("PeterNeumann", enoch.public), VerifierKey("CarmenSandiego", peter.public)])


def test_a_known_key_whose_signature_fails_refuses_the_whole_note() -> None:
    peter, enoch = VerifierKey.read(PETER), VerifierKey.read(ENOCH)
    forged = note.read(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".replace("answer", "end").encode())
    with pytest.raises(Untrusted, match="does not hold"):
        forged.signers([peter])
    longer = f"{TEXT}\n{PETER_LINE[:60]}ABCD{PETER_LINE[60:]}{ENOCH_LINE}"
    with pytest.raises(Untrusted, match="does not hold"):
        note.read(longer.encode()).signers([enoch, peter])
    assert note.read(longer.encode()).signers([enoch]) == (enoch,)


@pytest.mark.parametrize("key", [PETER, ENOCH, FOO])
def test_no_part_and_no_altered_digit_of_a_verifier_key_is_one(key: str) -> None:
    parts = [key[a:b] for a in range(len(key)) for b in range(a + 1, len(key) + 1) if b - a < len(key)]
    digits = [key[:at] + chr(ord(key[at]) + 1) + key[at + 1 :] for at in range(len(key))]
    # Both of golang.org/x/mod: a longer key, and another algorithm, each with its right id.
    odd = [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]
    for text in (*parts, *digits, *odd):
        with pytest.raises(Malformed):
            VerifierKey.read(text)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (TEXT, 3),
        (TEXT + "\n", 4),
        (f"{TEXT}\n{PETER_LINE[:-1]}", 4),
        (f"\x01{TEXT}\n{PETER_LINE}", 1),
        (f"{TEXT[:70]}\t{TEXT[70:]}\n{PETER_LINE}", 2),
        (f"{TEXT}\n— Bad Name {PETER_LINE[15:]}", 4),
        (f"{TEXT}\n— a+b {PETER_LINE[15:]}", 4),
        (f"{TEXT}\n{PETER_LINE}Unexpected line.\n", 5),
        (f"{TEXT}\n{PETER_LINE}{PETER_LINE.replace('—', '-')}", 5),
        (f"{TEXT}\n— PeterNeumann x08go/ZJ\n— PeterNeumann AAAAAA==\n", 5),
        (f"{TEXT}\n— PeterNeumann x08go/ZJk=\n", 4),
        (f"{TEXT}\n— PeterNeumann x08go/ZJk\n", 4),
        (f"{TEXT}\n— PeterNeumann x08go/ZJkv==\n", 4),
        (f"{TEXT}\n— PeterNeumann \n", 4),
        (f"{TEXT}\n{PETER_LINE * 101}", 104),
        ("", 1),
        ("\n\n", 3),
    ],
)
def test_what_is_no_note_is_told_with_its_line(content: str, line: int) -> None:
    with pytest.raises(Malformed) as told:
        note.read(content.encode())
    assert told.value.line == line


def test_bytes_that_are_no_text_and_a_note_too_long() -> None:
    with pytest.raises(Malformed, match="UTF-8") as told:
        note.read(b"one\n\xff\n\n" + PETER_LINE.encode())
    assert told.value.line == 2
    with pytest.raises(Malformed, match="bytes"):
        note.read(b"a" * (note.MOST_BYTES + 1))


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        f"origin\n1\n{ROOT[:-2]}J=\n",
        f"origin\n1\n{ROOT[4:]}\n",
        f"origin\n1\n{ROOT}AAAA\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1.0\n{ROOT}\n",
        f"origin\n١\n{ROOT}\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"\n1\n{ROOT}\n",
        f"origin\n1\n{ROOT}\n\nmore\n",
        f"origin\n1\n{ROOT} \n",
        "origin\n1\n",
    ],
)
def test_a_note_that_is_no_checkpoint_is_refused(text: str) -> None:
    content = note.sign(text, signer("origin"))
    assert note.read(content).text == text
    with pytest.raises(Malformed):
        checkpoint.read(content)


def test_lines_after_the_root_are_kept_and_signed() -> None:
    meant = Checkpoint("origin", 0, bytes(32), ("more", "and more"))
    content = checkpoint.signed(meant, signer("origin"))
    assert checkpoint.read(content).checkpoint == meant
    for odd in (Checkpoint("two\nlines", 0, bytes(32)), Checkpoint("", 0, bytes(32)), Checkpoint("o", -1, bytes(32))):
        with pytest.raises(Malformed):
            checkpoint.signed(odd, signer("origin"))


@given(size=st.integers(0, (1 << 63) - 1), root=st.binary(min_size=32, max_size=32), desk=st.text("aZ0.+:%-_"))
def test_what_is_signed_is_read_back_and_holds(size: int, root: bytes, desk: str) -> None:
    origin = origin_of(desk)
    key = signer(origin)
    content = checkpoint.signed(Checkpoint(origin, size, root), key, signer("witness.example", 2))
    found = checkpoint.read(content)
    assert found.checkpoint == Checkpoint(origin, size, root)
    assert found.note.signers([key.key]) == (key.key,)
    assert VerifierKey.read(key.key.text) == key.key
    assert content == checkpoint.signed(Checkpoint(origin, size, root), key, signer("witness.example", 2))


def test_two_desks_never_share_an_origin() -> None:
    assert len({origin_of(name) for name in ("a+b", "a%2Bb", "a%b", "a%25b", "ab")}) == 5


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_hostile_bytes_are_told_and_never_a_traceback(content: bytes) -> None:
    for read in (note.read, checkpoint.read, lambda raw: VerifierKey.read(raw.decode("latin-1"))):
        try:
            read(content)
        except Malformed as fault:
            assert fault.line >= 1


@given(at=st.integers(0, 10**6), by=st.integers(1, 255))
def test_an_altered_byte_of_a_signed_checkpoint_never_holds_as_another(at: int, by: int) -> None:
    key = signer("warrant/demo")
    content = checkpoint.signed(Checkpoint("warrant/demo", 12, bytes(range(32))), key)
    altered = bytearray(content)
    altered[at % len(content)] ^= by
    try:
        found = checkpoint.read(bytes(altered))
        found.note.signers([key.key])
    except (Malformed, Untrusted):
        return
    raise AssertionError(f"an altered checkpoint holds: {bytes(altered)!r}")
