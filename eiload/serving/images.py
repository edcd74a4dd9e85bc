"""Images: files and made-up ones, as uint8 arrays [height, width, 3] and as encoded bytes.

This file knows pictures; it knows nothing of tensors' names, batches or requests. Every image is
decoded whole before any load is sent, so that a broken file is the user's error (`ScenarioError`,
with the path) and never a failed request. What people's files are is met as TensorFlow's
``decode_image(channels=3)`` meets it: grey becomes three equal channels, a palette is looked up,
alpha is dropped, of 16 bits the upper 8 are kept. One thing is done that TensorFlow does not do:
the rotation in the EXIF data is applied, because the picture that a person sees is meant.

Made-up images are integer arithmetic on seeded noise, so that a size and a seed give the same
pixels on every machine.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageOps, UnidentifiedImageError

from eiload.base.errors import ScenarioError

__all__ = ["MAX_PIXELS", "Image", "encode", "load", "load_encoded", "synthetic"]

MAX_PIXELS = 40_000_000
"""Largest image, in pixels: a good camera's (120 MB decoded). A file says its size in its first
bytes, so a bomb (11 kB that unfold to 90 million pixels) is refused before it is decoded."""

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What is decoded. Pillow knows more, some by running other programs (EPS), which a load test must
not do."""

ENCODED_FORMATS = ("JPEG", "MPO", "PNG")
"""What a model that takes encoded bytes can decode; MPO is a JPEG with more JPEGs behind it."""

JPEG_QUALITY = 90
"""Of made-up images; a photograph at 90 takes 1.5 to 3 bits a pixel."""

FINEST_SHARE = 5, 20
"""How loud the finest octaves of made-up images are, in 32nds; the others have 32. A photograph has
the same energy in every octave (amplitude ~ 1/f: Field, *Relations between the statistics of
natural images and the response properties of cortical cells*, 1987) but for the finest, which
optics and demosaicing blur. The numbers are fitted so that the JPEG is as large as a photograph's.
"""

Image = NDArray[np.uint8]
"""Pixels, shape (height, width, 3), red, green, blue."""


def load(path: str) -> Image:
    """Return the image in a file, upright.

    Raises:
        ScenarioError: the file cannot be read, is no image, is cut short or is too large.
    """
    _, image = _decode(path)
    return image


def load_encoded(path: str) -> bytes:
    """Return a JPEG's or PNG's bytes as they are; decoding and EXIF are the server's business.

    Raises:
        ScenarioError: as `load`, and the file is another kind of image.
    """
    kind, _ = _decode(path)
    if kind not in ENCODED_FORMATS:
        raise ScenarioError(
            f"{path}: is {kind}, expected JPEG or PNG for `encoding: jpeg`;"
            " convert it, or use `encoding: uint8`"
        )
    return Path(path).read_bytes()


def encode(image: Image) -> bytes:
    """Return the image as a JPEG."""
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def synthetic(width: int, height: int, seed: int) -> Image:
    """Return a made-up image: noise with a photograph's spectrum, and things with edges in it.

    Args:
        width: in pixels.
        height: in pixels.
        seed: what makes this image and no other; >= 0.

    Raises:
        ScenarioError: it would be too large.
    """
    if width * height > MAX_PIXELS:
        raise ScenarioError(f"synthetic image: {_too_large(width, height)}")
    rng = np.random.default_rng(seed)
    # Light varies in every octave, colour slowly.
    grids = [2]
    while grids[-1] < max(width, height):
        grids.append(grids[-1] * 2)
    pixels = np.zeros((height, width, 3), dtype=np.int16)
    for octave, cells in enumerate(reversed(grids)):
        share = FINEST_SHARE[octave] if octave < len(FINEST_SHARE) else 32
        noise = _octave(rng, cells, width, height, channels=1)
        pixels += (noise.astype(np.int16) - 128)[:, :, np.newaxis] * share // 144
    for cells in grids[:3]:
        noise = _octave(rng, cells, width, height, channels=3)
        pixels += (noise.astype(np.int16) - 128) // 6
    canvas = PillowImage.fromarray((pixels.clip(-128, 127) + 128).astype(np.uint8))
    _draw_things(rng, canvas)
    return np.array(canvas)


def _octave(
    rng: np.random.Generator, cells: int, width: int, height: int, channels: int
) -> NDArray[np.uint8]:
    """Return noise that varies over about 1/`cells` of the longer side.

    Resizing 8-bit images is fixed-point arithmetic in Pillow: the same on every machine.
    """
    longer = max(width, height)
    shape = (max(2, cells * height // longer), max(2, cells * width // longer))
    noise = rng.integers(0, 256, (*shape, 3) if channels == 3 else shape, dtype=np.uint8)
    coarse = PillowImage.fromarray(noise)
    return np.asarray(coarse.resize((width, height), PillowImage.Resampling.BICUBIC))


def _draw_things(rng: np.random.Generator, canvas: PillowImage.Image) -> None:
    """Put a dozen half-transparent boxes and ellipses on the canvas: edges, as objects have."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    for thing in range(12):
        left, top = (int(rng.integers(0, side)) for side in canvas.size)
        right, bottom = (
            start + int(rng.integers(0, 1 + side // 3))
            for start, side in zip((left, top), canvas.size, strict=True)
        )
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        shape = draw.rectangle if thing % 2 else draw.ellipse
        shape((left, top, right, bottom), fill=(red, green, blue, 110))


def _decode(path: str) -> tuple[str, Image]:
    """Return the name of a file's format and its pixels."""
    try:
        # Pillow warns of odd tags and of sizes, twice as large as ours, that it will refuse.
        # What matters of that is an error here; the rest is nothing to a load test.
        with (
            warnings.catch_warnings(action="ignore"),
            PillowImage.open(path, formats=FORMATS) as file,
        ):
            # The size is known once the file is open, nothing is unfolded before pixels are asked.
            if file.width * file.height > MAX_PIXELS:
                raise ScenarioError(f"{path}: {_too_large(file.width, file.height)}")
            kind = file.format or "unknown"
            return kind, _pixels(file)
    except ScenarioError:
        raise
    except PillowImage.DecompressionBombError:
        raise ScenarioError(f"{path}: {_too_large()}") from None
    except UnidentifiedImageError:
        raise ScenarioError(
            f"{path}: not an image that can be read, expected JPEG or PNG; check the file"
        ) from None
    except OSError as error:
        if error.errno is not None:
            raise ScenarioError(
                f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
            ) from None
        raise _broken(path, error) from None
    except Exception as error:
        # Pillow's decoders meet a broken file with whatever its bytes lead them into (SyntaxError,
        # struct.error, IndexError ...); all of them mean the same to a user.
        raise _broken(path, error) from None


def _broken(path: str, error: Exception) -> ScenarioError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ScenarioError(f"{path}: is cut short or damaged ({reason}); replace the file")


def _too_large(width: int | None = None, height: int | None = None) -> str:
    size = f"{width} x {height}" if width else "more than 178 million"
    return f"an image of {size} pixels is over the limit of {MAX_PIXELS:,} pixels; make it smaller"


def _pixels(file: PillowImage.Image) -> Image:
    upright = ImageOps.exif_transpose(file)
    if upright.mode.startswith("I;16"):
        grey = (np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if upright.mode in ("I", "F"):
        raise ValueError("32 bits a pixel, expected 8 or 16")
    return np.array(upright.convert("RGB"))
