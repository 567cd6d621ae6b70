"""Outputs read by another process: the same answer, and whatever breaks it is the output's fault and no one's harm."""

from __future__ import annotations

import gzip
import json
import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from evaluator.confinement import what_is_kept
from evaluator.contract import WrittenOutput, get_contract
from evaluator.contract.reader import OutputReader, _answer
from evaluator.contract.reading_process import Ended
from evaluator.errors import ClassifiedError, FailureClass, OutputRefused, PlatformFault
from evaluator.records import Grid, Prediction, Volume
from evaluator.volumes import write_mha, write_nifti
from tests.tiny_cohorts import GRID

FOLDER, GRAND_CHALLENGE = get_contract("folder"), get_contract("grand-challenge")
JSON_BYTES = 10_000
NOTHING = np.zeros(GRID.shape, dtype=np.uint8)
EMPTY_MEMBER = gzip.compress(b"", mtime=0)


@pytest.fixture(scope="module")
def reader() -> Iterator[OutputReader]:
    with OutputReader() as reader:
        yield reader


@pytest.fixture
def output(tmp_path: Path) -> WrittenOutput:
    write(tmp_path / "output" / "abc")
    return WrittenOutput(folder=tmp_path / "output", refused={})


def write(case: Path, lesions: np.ndarray = NOTHING, grid: Grid = GRID, likelihood: object = 0.5) -> None:
    case.mkdir(parents=True, exist_ok=True)
    write_nifti(case / "lesions.nii.gz", Volume(lesions, grid))
    (case / "prediction.json").write_text(json.dumps({"likelihood": likelihood}))


def read(reader: OutputReader, output: WrittenOutput) -> Prediction:
    return reader.read(FOLDER, output, "abc", grid=GRID, json_bytes=JSON_BYTES)


def refusal(reader: OutputReader, output: WrittenOutput) -> OutputRefused:
    with pytest.raises(OutputRefused) as caught:
        read(reader, output)
    return caught.value


def marked(dtype: str, *values: float) -> np.ndarray:
    data = np.zeros(GRID.shape, dtype=dtype)
    data[3, 5, 7 : 7 + len(values)] = values
    return data


def slow(output: WrittenOutput) -> None:
    """A file of so many empty gzip members that they take longer than it seems."""
    (output.folder / "abc" / "lesions.nii.gz").write_bytes(EMPTY_MEMBER * 250_000)


def child_of(process: int) -> int:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(children[0]) if children else 0


def while_it_reads(reader: OutputReader, output: WrittenOutput, act: Callable[[int], None]) -> ClassifiedError:
    """Do something to the process that reads, in the middle of it; whose fault it was."""
    (waiting,) = (process.pid for process in reader._idle)
    caught: list[ClassifiedError] = []

    def ask() -> None:
        with pytest.raises(ClassifiedError) as error:
            read(reader, output)
        caught.append(error.value)

    thread = threading.Thread(target=ask)
    thread.start()
    while not (child := child_of(waiting)) or "Seccomp:\t2" not in Path(f"/proc/{child}/status").read_text():
        assert thread.is_alive()
        time.sleep(0.001)
    act(child)
    thread.join()
    return caught[0]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int64", "float32", "float64"])
def test_it_reads_what_the_contract_reads(reader: OutputReader, output: WrittenOutput, dtype: str) -> None:
    write(output.folder / "abc", marked(dtype, 1, 0, 1))
    (output.folder / "abc" / "findings.json").write_text('[{"label": 1, "confidence": 0.25}]')
    write_nifti(output.folder / "abc" / "organs.nii.gz", Volume(marked("uint8", 7, 9), GRID))
    here = FOLDER.read(output, "abc", grid=GRID, json_bytes=JSON_BYTES)
    there = read(reader, output)
    assert np.array_equal(here.lesions.data, there.lesions.data)
    assert here.lesions.data.dtype == there.lesions.data.dtype
    assert here.organs is not None
    assert there.organs is not None
    assert np.array_equal(here.organs.data, there.organs.data)
    assert (here.likelihood, here.confidences, here.name) == (there.likelihood, there.confidences, there.name)
    assert there.lesions.data.flags.f_contiguous
    assert [path.name for path in output.folder.iterdir()] == ["abc"]


def test_it_reads_the_other_contract_too(reader: OutputReader, tmp_path: Path) -> None:
    (tmp_path / "images" / "pdac-detection-map").mkdir(parents=True)
    write_mha(tmp_path / "images" / "pdac-detection-map" / "a.mha", Volume(marked("float64", 0.5), GRID))
    (tmp_path / "pdac-likelihood.json").write_text("0.5")
    found = reader.read(
        GRAND_CHALLENGE, WrittenOutput(folder=tmp_path, refused={}), "abc", grid=GRID, json_bytes=JSON_BYTES
    )
    assert (found.lesions.data[3, 5, 7], found.lesions.data.sum(), found.likelihood) == (0.5, 0.5, 0.5)


def spoiled(case: Path) -> Iterator[None]:
    other = Grid(GRID.shape, np.diag([-2.0, 2.0, 2.5, 1.0]))
    for lesions in (marked("float32", np.nan), marked("float32", np.inf), marked("float32", 2), marked("int16", -1)):
        write(case, lesions)
        yield
    write(case, grid=other)
    yield
    wrong: tuple[object, ...] = ("much", 2, None, float("nan"), [[[[]]]])
    for likelihood in wrong:
        write(case, likelihood=likelihood)
        yield
    (case / "prediction.json").unlink()
    yield
    write(case)
    for raw in (b"", b"no image", gzip.compress(bytes(400)), gzip.compress(b"\x5c\x01" * 500)):
        (case / "lesions.nii.gz").write_bytes(raw)
        yield


def test_it_refuses_what_the_contract_refuses_in_the_same_words(reader: OutputReader, output: WrittenOutput) -> None:
    said = 0
    for _ in spoiled(output.folder / "abc"):
        with pytest.raises(OutputRefused) as here:
            FOLDER.read(output, "abc", grid=GRID, json_bytes=JSON_BYTES)
        there = refusal(reader, output)
        assert (str(there), there.failure) == (str(here.value), here.value.failure)
        said += 1
    assert said == 15


def test_a_header_of_1e15_voxels_is_refused_before_any_is_read(reader: OutputReader, output: WrittenOutput) -> None:
    path = output.folder / "abc" / "lesions.nii.gz"
    header = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<8h", header, 40, 5, 32767, 32767, 32767, 32, 1, 1, 1)
    path.write_bytes(gzip.compress(bytes(header)))
    assert refusal(reader, output).failure is FailureClass.OUTPUT_INVALID


def test_an_output_that_takes_too_long_to_read_is_invalid_and_the_next_one_is_read(output: WrittenOutput) -> None:
    with OutputReader(seconds=1) as reader:
        read(reader, output)
        slow(output)
        began = time.monotonic()
        error = while_it_reads(reader, output, lambda child: os.kill(child, signal.SIGSTOP))
        took = time.monotonic() - began
        write(output.folder / "abc")
        assert read(reader, output).likelihood == 0.5
    assert error.failure is FailureClass.OUTPUT_INVALID
    assert "in time" in str(error)
    assert 3 < took < 10


def test_an_output_that_takes_too_much_memory_is_invalid_and_the_next_one_is_read(output: WrittenOutput) -> None:
    big = Grid((256, 256, 16), np.diag([1.0, 1.0, 1.0, 1.0]))
    with OutputReader(spare_bytes=-59 * 2**20) as reader:  # from -64 it has no room to begin, from -54 enough
        write(output.folder / "abc", np.ones(big.shape), big)
        with pytest.raises(OutputRefused, match="needed more memory") as caught:
            reader.read(FOLDER, output, "abc", grid=big, json_bytes=JSON_BYTES)
    assert caught.value.failure is FailureClass.OUTPUT_INVALID
    with OutputReader() as reader:
        assert reader.read(FOLDER, output, "abc", grid=big, json_bytes=JSON_BYTES).lesions.data.all()


def test_a_crash_of_what_reads_is_the_outputs_fault_and_the_next_one_is_read(output: WrittenOutput) -> None:
    with OutputReader() as reader:
        read(reader, output)
        slow(output)
        error = while_it_reads(reader, output, lambda child: os.kill(child, signal.SIGSEGV))
        assert error.failure is FailureClass.OUTPUT_INVALID
        assert "signal 11" in str(error)
        write(output.folder / "abc")
        assert read(reader, output).likelihood == 0.5
        assert len(reader._idle) == 1


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM], ids=["out of memory", "shut down"])
def test_ended_from_outside_it_is_the_platforms_fault_and_the_next_one_is_read(
    output: WrittenOutput, sent: signal.Signals
) -> None:
    with OutputReader() as reader:
        read(reader, output)
        slow(output)
        error = while_it_reads(reader, output, lambda child: os.kill(child, sent))
        assert error.failure is FailureClass.PLATFORM_ERROR
        assert "ended from outside" in str(error)
        write(output.folder / "abc")
        assert read(reader, output).likelihood == 0.5


def test_killed_after_its_time_on_the_processor_it_is_the_outputs_fault(tmp_path: Path) -> None:
    """As the kernel does, five seconds later, to who goes on after SIGXCPU."""
    with pytest.raises(OutputRefused, match="in time"):
        _answer(tmp_path, Ended(code=-signal.SIGKILL, seconds=25.0), allowed=20)
    with pytest.raises(PlatformFault):
        _answer(tmp_path, Ended(code=-signal.SIGKILL, seconds=19.0), allowed=20)


def test_what_reads_has_no_secret_no_privilege_and_no_file_but_its_own(
    output: WrittenOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    seen: dict[str, str] = {}
    files: list[str] = []

    def look(child: int) -> None:
        place = Path(f"/proc/{child}")
        for line in (place / "status").read_text().splitlines():
            name, _, value = line.partition(":\t")
            seen[name] = value
        seen["environment"] = (place / "environ").read_text()
        seen["limits"] = (place / "limits").read_text()
        files.extend(sorted(str(link.readlink()) for link in (place / "fd").iterdir()))

    with (output.folder.parent / "secret").open("w") as secret, OutputReader() as reader:
        os.set_inheritable(secret.fileno(), True)
        read(reader, output)
        slow(output)
        while_it_reads(reader, output, look)
    assert "secret" not in seen["environment"]
    assert "PATH" not in seen["environment"]
    assert (seen["CapEff"], seen["CapPrm"], seen["NoNewPrivs"], seen["Seccomp"]) == ("0" * 16, "0" * 16, "1", "2")
    ours = [file for file in files if file != os.devnull]
    assert files.count(os.devnull) == 3
    written = {"lesions.nii.gz", "prediction.json"}  # whichever it reads at this moment
    assert {Path(file).name for file in ours} <= {"answer.json", "lesions.raw", "organs.raw"} | written
    limits = {line[:26].strip(): line[26:].split()[0] for line in seen["limits"].splitlines()}
    assert (limits["Max core file size"], limits["Max cpu time"], limits["Max open files"]) == ("0", "20", "32")
    assert 0 < int(limits["Max address space"]) < 4 * 2**30


def test_on_this_machine_a_confined_process_reaches_nothing() -> None:
    assert what_is_kept() == {
        "network": "Operation not permitted",
        "files": "Permission denied",
        "processes": "Operation not permitted",
        "programs": "Operation not permitted",
        "memory": "Cannot allocate memory",
    }


def test_when_the_process_that_waits_is_killed_it_is_the_platforms_fault_and_the_next_one_is_new(
    output: WrittenOutput,
) -> None:
    with OutputReader() as reader:
        read(reader, output)
        (waiting,) = reader._idle
        os.kill(waiting.pid, signal.SIGKILL)
        waiting.wait()
        with pytest.raises(PlatformFault, match="ended"):
            read(reader, output)
        assert read(reader, output).likelihood == 0.5


def test_its_processes_end_with_it(output: WrittenOutput) -> None:
    with OutputReader() as reader:
        read(reader, output)
        (waiting,) = reader._idle
        assert waiting.poll() is None
    assert waiting.poll() is not None
