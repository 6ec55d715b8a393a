"""`python -m tests.fuzz [SECONDS | FILE | --privacy [FRAMES] | --mutations [COUNT [SECONDS [SEED]]]]`.

Fuzzes the port for so long, or feeds one input found. `--privacy` damages so many telegrams (100,000) and looks for
what is left of identifiers. `--mutations` checks so many mutated telegrams (10,000,000), or as many as SECONDS (600)
are enough for, in a process a core.
"""

from pathlib import Path
import sys
import tempfile
import time

from hypothesis import HealthCheck, Phase, given, settings, strategies as st

LONGEST_INPUT = 20_000
INPUTS_A_ROUND = 200
DAMAGED_FRAMES = 100_000
MUTATIONS, MUTATIONS_SECONDS = 10_000_000, 600


def with_atheris(seconds: int) -> None:
    """Fuzz by what code an input reaches; does not return."""
    import atheris  # noqa: PLC0415 -- only where it is installed

    with atheris.instrument_imports(include=["custom_components.emucs.port"]):
        from tests.fuzz.target import check  # noqa: PLC0415 -- instrumented as it is imported
    from tests.fuzz.corpus import seeds  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="emucs-fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:03d}").write_bytes(seed)
    print(f"atheris, {seconds} s, {number + 1} seeds; what is found is kept in {folder}", flush=True)
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={folder}/", "-timeout=10"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(corpus)], check)
    atheris.Fuzz()


def with_hypothesis(seconds: int) -> None:
    """Fuzz by changes to telegrams and by chance, as long as there is time."""
    from tests.fuzz.corpus import seeds  # noqa: PLC0415
    from tests.fuzz.target import check  # noqa: PLC0415

    known = list(seeds())
    print(f"hypothesis, {seconds} s, {len(known)} seeds: atheris is not installed", flush=True)
    change = st.tuples(st.integers(0, LONGEST_INPUT), st.integers(0, 40), st.binary(max_size=40))

    @given(seed=st.sampled_from(known), changes=st.lists(change, max_size=8), other=st.binary(max_size=200))
    @settings(
        max_examples=INPUTS_A_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def one_round(seed: bytes, changes: list[tuple[int, int, bytes]], other: bytes) -> None:
        for at, gone, new in changes:
            place = at % (len(seed) + 1)
            seed = seed[:place] + new + seed[place + gone :]
        check(seed)
        check(other)

    rounds, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        one_round()
        rounds += 1
    print(f"{rounds * INPUTS_A_ROUND} inputs, nothing found")


def with_mutations(count: int, seconds: int, seed: int) -> None:
    """Check mutated telegrams on all cores, and keep the inputs at which a check fails."""
    from tests.fuzz.mutations import mutate_on_all_cores  # noqa: PLC0415

    began = time.monotonic()
    total, findings = mutate_on_all_cores(count, seconds, seed)
    took = time.monotonic() - began
    print(f"{total} mutated telegrams in {took:.0f} s, seed {seed}: {len(findings)} kinds of findings")
    if findings:
        folder = Path(tempfile.mkdtemp(prefix="emucs-fuzz-"))
        for number, (kind, data) in enumerate(findings.items()):
            print(f"finding-{number}: {kind}")
            (folder / f"finding-{number}").write_bytes(data)
        sys.exit(f"They are kept in {folder}; feed one with `python -m tests.fuzz FILE`.")


def main() -> None:
    """Run the command."""
    argument = sys.argv[1] if len(sys.argv) > 1 else "60"
    if argument == "--privacy":
        from tests.fuzz.privacy import check_damage  # noqa: PLC0415

        frames = int(sys.argv[2]) if len(sys.argv) > 2 else DAMAGED_FRAMES
        check_damage(frames)
        print(f"{frames} damaged telegrams, no identifier left")
        return
    if argument == "--mutations":
        numbers = [int(each) for each in sys.argv[2:]]
        with_mutations(*numbers, *(MUTATIONS, MUTATIONS_SECONDS, 1)[len(numbers) :])
        return
    if not argument.isdecimal():
        from tests.fuzz.target import check  # noqa: PLC0415

        check(Path(argument).read_bytes())
        print("nothing found")
        return
    try:
        with_atheris(int(argument))
    except ModuleNotFoundError as error:
        if error.name != "atheris":
            raise
        with_hypothesis(int(argument))


if __name__ == "__main__":
    main()
