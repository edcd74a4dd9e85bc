"""Image files and made-up images, as pixels; test_tensorflow.py compares pixels with TensorFlow."""

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from eiload.base.errors import ScenarioError
from eiload.serving import images

GRADIENT = np.add.outer(np.arange(40), np.arange(60))[:, :, np.newaxis] * [1, 2, 3] % 256
PIXELS = GRADIENT.astype(np.uint8)
"""A picture of 60 x 40 that is different in each channel."""


def saved(folder: Path, image: PillowImage.Image, name: str, **options: Any) -> str:
    """Return the path of the saved image."""
    path = folder / name
    image.save(path, **options)
    return str(path)


def test_lossless(tmp_path: Path) -> None:
    """A colour PNG comes out as it is: uint8, height before width, red first."""
    image = images.load(saved(tmp_path, PillowImage.fromarray(PIXELS), "a.png"))
    assert image.dtype == np.uint8
    assert image.shape == (40, 60, 3)
    np.testing.assert_array_equal(image, PIXELS)


def test_grey(tmp_path: Path) -> None:
    """A grey image becomes three equal channels."""
    image = images.load(saved(tmp_path, PillowImage.fromarray(PIXELS[:, :, 0]), "a.png"))
    np.testing.assert_array_equal(image, np.repeat(PIXELS[:, :, :1], 3, axis=2))


def test_palette(tmp_path: Path) -> None:
    """A palette is looked up, one with a transparent entry too."""
    palette = PillowImage.fromarray(PIXELS).quantize(16)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(images.load(saved(tmp_path, palette, "a.png")), expected)
    path = saved(tmp_path, palette, "b.png", transparency=3)
    np.testing.assert_array_equal(images.load(path), expected)


@pytest.mark.parametrize("grey", [False, True])
def test_alpha_is_dropped(tmp_path: Path, grey: bool) -> None:
    """Transparency is ignored, as TensorFlow's decoder does; colours stay as stored."""
    image = PillowImage.fromarray(PIXELS)
    if grey:
        image = image.convert("L")
    expected = np.asarray(image.convert("RGB"))
    image.putalpha(PillowImage.fromarray(PIXELS[:, :, 2]))
    np.testing.assert_array_equal(images.load(saved(tmp_path, image, "a.png")), expected)


def test_16_bits(tmp_path: Path) -> None:
    """Of 16 bits a pixel the upper 8 are kept."""
    deep = PIXELS[:, :, 0].astype(np.uint16) * 256 + 255
    image = images.load(saved(tmp_path, PillowImage.fromarray(deep), "a.png"))
    np.testing.assert_array_equal(image[:, :, 1], PIXELS[:, :, 0])


def test_1_bit(tmp_path: Path) -> None:
    """Black and white becomes 0 and 255."""
    image = PillowImage.fromarray(PIXELS).convert("1")
    loaded = images.load(saved(tmp_path, image, "a.png"))
    np.testing.assert_array_equal(loaded[:, :, 0], np.asarray(image) * 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """All eight ways to hold a camera give the same upright picture."""
    # What has to be done to the stored pixels to see the picture upright (EXIF 2.3, tag 274).
    to_upright: dict[int, Callable[[Any], Any]] = {
        1: lambda pixels: pixels,
        2: lambda pixels: pixels[:, ::-1],
        3: lambda pixels: pixels[::-1, ::-1],
        4: lambda pixels: pixels[::-1],
        5: lambda pixels: pixels.transpose(1, 0, 2),
        6: lambda pixels: np.rot90(pixels, -1),
        7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90,
    }
    exif = PillowImage.Exif()
    exif[274] = orientation
    path = saved(tmp_path, PillowImage.fromarray(PIXELS), "a.png", exif=exif)
    np.testing.assert_array_equal(images.load(path), to_upright[orientation](PIXELS))


def test_cmyk_jpeg(tmp_path: Path) -> None:
    """A printer's JPEG is turned into red, green and blue."""
    path = saved(tmp_path, PillowImage.fromarray(PIXELS).convert("CMYK"), "a.jpg")
    assert images.load(path).shape == (40, 60, 3)


def test_32_bits_are_refused(tmp_path: Path) -> None:
    """Measurements stored as an image are no picture."""
    path = saved(tmp_path, PillowImage.fromarray(PIXELS[:, :, 0].astype(np.float32)), "a.tiff")
    with pytest.raises(ScenarioError, match="32 bits a pixel, expected 8 or 16"):
        images.load(path)


def test_missing(tmp_path: Path) -> None:
    """A file that is not there is named."""
    path = f"{tmp_path}/none.jpg"
    with pytest.raises(ScenarioError, match=r"none\.jpg: cannot be read: No such file"):
        images.load(path)


def test_folder(tmp_path: Path) -> None:
    """A folder is no image."""
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        images.load(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden(tmp_path: Path) -> None:
    """A file that may not be read is named, with the reason."""
    path = saved(tmp_path, PillowImage.fromarray(PIXELS), "a.png")
    Path(path).chmod(0)
    with pytest.raises(ScenarioError, match="cannot be read: Permission denied"):
        images.load(path)


@pytest.mark.parametrize("content", [b"", b"text", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xff\xd8"])
def test_not_an_image(tmp_path: Path, content: bytes) -> None:
    """What is no image, or one that only another program could draw, is refused."""
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"a\.jpg: not an image that can be read, expected"):
        images.load(str(path))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.bmp", "a.tiff"])
@pytest.mark.parametrize("encoded", [False, True])
def test_truncated(tmp_path: Path, name: str, encoded: bool) -> None:
    """A file cut in half is found before the run, in any format."""
    path = Path(saved(tmp_path, PillowImage.fromarray(images.synthetic(64, 64, 1)), name))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ScenarioError, match=r"is cut short or damaged|not an image"):
        images.load_encoded(str(path)) if encoded else images.load(str(path))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says its size and has next to no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    size = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize(("width", "height"), [(9500, 9500), (40_000_001, 1), (60_000, 60_000)])
@pytest.mark.filterwarnings("error")
def test_decompression_bomb(tmp_path: Path, width: int, height: int) -> None:
    """A small file that says it is huge is refused by its size, before it is unfolded."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(width, height))
    size = f"{width} x {height}" if width < 60_000 or height == 1 else "more than 178 million"
    with pytest.raises(ScenarioError, match=rf"bomb\.png: an image of {size} pixels is over the"):
        images.load(str(path))


def test_largest(tmp_path: Path) -> None:
    """An image at the limit is not refused for its size."""
    path = tmp_path / "a.png"
    path.write_bytes(png_header(8000, 5000))
    with pytest.raises(ScenarioError, match="cut short"):
        images.load(str(path))


def test_encoded_is_the_file(tmp_path: Path) -> None:
    """Encoded bytes are the file's own, to the byte."""
    for name in ("a.jpg", "a.png"):
        path = saved(tmp_path, PillowImage.fromarray(PIXELS), name)
        assert images.load_encoded(path) == Path(path).read_bytes()


def test_encoded_is_jpeg_or_png(tmp_path: Path) -> None:
    """A model that decodes cannot decode everything."""
    path = saved(tmp_path, PillowImage.fromarray(PIXELS), "a.bmp")
    with pytest.raises(ScenarioError, match=r"a\.bmp: is BMP, expected JPEG or PNG for `encoding"):
        images.load_encoded(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data(), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM"]))
def test_damaged_files_are_images_or_errors(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    """Whatever bytes are flipped, an image comes out or a ScenarioError of one line."""
    file = io.BytesIO()
    PillowImage.fromarray(PIXELS).save(file, kind)
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with contextlib.suppress(ScenarioError):
        image = images.load(str(path))
        assert image.dtype == np.uint8
        assert image.ndim == 3


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_synthetic_has_its_size(width: int, height: int, seed: int) -> None:
    """Made-up images have the size that is asked for, and the same pixels every time."""
    image = images.synthetic(width, height, seed)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, images.synthetic(width, height, seed))


def test_synthetic_is_reproducible() -> None:
    """Seed 1 gives these pixels, on every machine and in every release."""
    image = images.synthetic(64, 48, 1)
    assert zlib.crc32(image.tobytes()) == 2497554236


def test_synthetic_resembles_a_photograph() -> None:
    """Made-up images have a photograph's contrast, spectrum and size as a JPEG."""
    for seed in range(4):
        image = images.synthetic(640, 427, seed)
        # 3dogs.jpg of AWS's example has a deviation of 35 and takes 2.4 bits a pixel at quality 90.
        assert 25 < image.std() < 60
        assert 1.5 < len(images.encode(image)) * 8 / (640 * 427) < 4
        energy = octave_energy(image)
        # Equal energy in all octaves but the finest, within a factor of 2.
        assert max(energy[:-1]) < 2 * min(energy[:-1])
        assert energy[-1] < energy[-2]


def octave_energy(image: images.Image) -> list[float]:
    """Return the contrast in each octave, from 1/128 cycle a pixel to 1/2."""
    grey = image.mean(axis=2)
    spectrum = np.abs(np.fft.fft2(grey - grey.mean()))
    down, across = (np.fft.fftfreq(length) for length in grey.shape)
    frequency = np.hypot(down[:, np.newaxis], across)
    bands = [(frequency >= low) & (frequency < 2 * low) for low in 0.5 ** np.arange(7, 1, -1)]
    return [float(np.sqrt((spectrum[band] ** 2).sum())) for band in bands]


def test_synthetic_differs_by_seed() -> None:
    """Another seed is another picture."""
    assert np.abs(images.synthetic(64, 64, 1) - images.synthetic(64, 64, 2).astype(int)).mean() > 10


def test_synthetic_too_large() -> None:
    """Made-up images have the limit of files."""
    with pytest.raises(
        ScenarioError, match="synthetic image: an image of 8192 x 8192 pixels is over"
    ):
        images.synthetic(8192, 8192, 1)
