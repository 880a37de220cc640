"""The models of optical recognition: where lines of text stand, and everything that a line may say."""

from __future__ import annotations

import logging
import threading
import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from govstats.documents.upright import Numbers, Pixels
from govstats.errors import MissingReader

Probabilities = npt.NDArray[np.float32]

#: What is overlooked on a picture of this size is found by its ink.
_LONGEST_FOR_LINES = 1600
#: Height of the lines that the recognition model takes, and how many of their pixels make a step of its answer.
_HEIGHT, _STEP = 48, 8
_WIDEST, _BATCH = 40 * _HEIGHT, 16
#: Texts that are followed side by side, characters that each may go on with, and how improbable a character is not followed.
_BEAM, _CHARACTERS, _RULED_OUT = 12, 4, 1e-4
_DIGITS = "0123456789"
#: What the engine takes for a letter in a cell that has digits only is the digit of this shape.
_SHAPES = {"0": "OoDQ〇○OoθØø", "1": "lI|丨!|Il", "2": "Zz", "5": "Ss", "6": "b", "8": "B", "9": "gq"}
LOOKALIKE = {letter: digit for digit, letters in _SHAPES.items() for letter in letters}


class Engine(NamedTuple):
    """The two models: where text stands, and what a line says."""

    detector: Any
    recogniser: Any
    characters: tuple[str, ...]


_LOCK = threading.Lock()


def engine_for(name: str) -> Engine:
    """Return the models, loaded once.

    Parameters
    ----------
    name : str
        Of the picture, for the error message.

    Returns
    -------
    Engine

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    """
    with _LOCK:
        try:
            return _load()
        except ImportError as error:
            raise MissingReader(
                f"{name}: this is a picture, and recognising text needs rapidocr with onnxruntime, which is not installed "
                f'or not whole ({error}); run: pip install "govstats[ocr]"'
            ) from error


@lru_cache(maxsize=1)
def _load() -> Engine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime  # noqa: F401  # rapidocr finds out only when it recognises
        import rapidocr
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    models = Path(rapidocr.__file__).parent / "models"
    parameters: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        # what is overlooked on a picture of this size is found by its ink; a narrow strip is not blown up
        "Det.limit_type": "max",
        "Det.limit_side_len": _LONGEST_FOR_LINES,
    }
    for task in ("det", "rec"):
        # a model that is not in the wheel would be fetched from the network
        found = sorted(models.glob(f"*_{task}_*.onnx"))
        if not found:
            raise ImportError(f"no {task} model in {models}")
        parameters[f"{task.title()}.model_path"] = str(found[-1])
    engine: Any = rapidocr.RapidOCR(params=parameters)
    # the models are loaded with the first picture that needs them
    engine(np.full((64, 320, 3), 255, np.uint8), use_det=True)
    engine(np.full((64, 320, 3), 255, np.uint8), use_det=False)
    characters = tuple(engine.text_rec.postprocess_op.character)
    return Engine(engine.text_det, engine.text_rec.session, characters)


def answers_to(engine: Engine, lines: Sequence[Pixels]) -> list[Probabilities]:
    """Return for each picture of a line the probability of every character (0: none) at every step from left to right."""
    import cv2

    widths = [min(max(round(_HEIGHT * line.shape[1] / line.shape[0]), _STEP), _WIDEST) for line in lines]
    answers: list[Probabilities] = [np.empty((0, 0), np.float32)] * len(lines)
    order = sorted(range(len(lines)), key=lambda number: widths[number])
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        # at least two digits wide: the model has never seen less
        width = max(-(-max(widths[number] for number in batch) // _STEP) * _STEP, 2 * _HEIGHT)
        tensor = np.zeros((len(batch), 3, _HEIGHT, width), np.float32)
        for row, number in enumerate(batch):
            line, wide = lines[number], widths[number]
            how = cv2.INTER_AREA if line.shape[0] > _HEIGHT else cv2.INTER_CUBIC
            tensor[row, :, :, :wide] = cv2.resize(line, (wide, _HEIGHT), interpolation=how).astype(np.float32) / 127.5 - 1
        for number, answer in zip(batch, engine.recogniser(tensor), strict=True):
            answers[number] = answer
    return answers


def best_text(answer: Probabilities, characters: Sequence[str]) -> tuple[str, float]:
    """Return the likeliest text and the mean probability of its characters."""
    best = answer.argmax(axis=1)
    first = np.concatenate([[True], best[1:] != best[:-1]]) & (best > 0)
    if not first.any():
        return "", 0.0
    return "".join(characters[number] for number in best[first]).strip(), float(answer.max(axis=1)[first].mean())


def likely_figures(answer: Probabilities, characters: Sequence[str]) -> dict[str, float]:
    """Return the figures that a line may be, with their probabilities.

    The probability of a text is the sum over all ways of spacing its characters: a digit mistaken, dropped or doubled is all
    one. Letters shaped like a digit count as that digit.
    """
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for row in answer:
        numbers = np.flatnonzero(row > _RULED_OUT)
        likely: dict[str, float] = defaultdict(float)
        for number in sorted(numbers[numbers > 0], key=lambda number: -row[number])[:_CHARACTERS]:
            likely[LOOKALIKE.get(characters[number], characters[number])] += float(row[number])
        # probability of each text so far, ending with a space or with its last character
        spaced: dict[str, float] = defaultdict(float)
        ended: dict[str, float] = defaultdict(float)
        for text, (space, end) in beams.items():
            spaced[text] += (space + end) * float(row[0])
            for character, probability in likely.items():
                if text[-1:] == character:
                    ended[text] += end * probability
                    ended[text + character] += space * probability
                else:
                    ended[text + character] += (space + end) * probability
        texts = sorted({*spaced, *ended}, key=lambda text: spaced[text] + ended[text], reverse=True)[:_BEAM]
        beams = {text: (spaced[text], ended[text]) for text in texts}
    found: dict[str, float] = defaultdict(float)
    for text, (space, end) in beams.items():
        found[text.strip()] += space + end
    return dict(found)


def detect_lines(engine: Engine, grey: Pixels) -> Numbers:
    """Return the corners of the lines of text."""
    import cv2

    found = engine.detector(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)).boxes
    return np.empty((0, 4, 2)) if found is None else np.asarray(found, np.float64).reshape(-1, 4, 2)
