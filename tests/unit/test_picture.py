"""What is sent of a picture: its pixels, upright, in sRGB, no larger than asked, and nothing else of the file."""

import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from identifier import decode, limits
from identifier.decode import image
from identifier.errors import Unusable
from identifier.pdf import document
from identifier.picture import check_size, sniff
from tests.examples import of_usual
from tests.paths import IMAGES

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def corners() -> Image.Image:
    """80 × 40, red and green above blue and white: every way to turn it looks different."""
    picture = Image.new("RGB", (80, 40), WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 39, 19), fill=RED)
    draw.rectangle((40, 0, 79, 19), fill=GREEN)
    draw.rectangle((0, 20, 39, 39), fill=BLUE)
    return picture


def shown(data: bytes, kind: str, longest_edge: int = 1_568) -> Image.Image:
    width, height, made = image(data, kind, longest_edge)
    picture = Image.open(io.BytesIO(made))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (width, height))
    return picture


def near(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int], within: int = 12) -> bool:
    got = picture.getpixel(place)
    assert isinstance(got, tuple)
    return all(abs(one - other) <= within for one, other in zip(got, colour, strict=True))


# Size


@pytest.mark.parametrize(
    ("size", "longest_edge", "sent"),
    [
        ((2000, 1000), 1568, (1568, 784)),
        ((1000, 2000), 500, (250, 500)),
        ((1568, 100), 1568, (1568, 100)),
        ((640, 480), 1568, (640, 480)),
        ((16, 16), 1568, (16, 16)),
    ],
)
def test_the_longer_side_is_scaled_down_to_what_the_prompt_asks_and_never_up(
    size: tuple[int, int], longest_edge: int, sent: tuple[int, int]
) -> None:
    for form in ("JPEG", "PNG"):
        assert shown(encoded(Image.new("RGB", size, RED), form), form.lower(), longest_edge).size == sent


@given(
    width=st.integers(16, 400), height=st.integers(16, 400), longest_edge=st.integers(64, 500), turn=st.integers(1, 8)
)
@of_usual(40)
def test_any_size_fits_keeps_its_shape_and_is_not_enlarged(
    width: int, height: int, longest_edge: int, turn: int
) -> None:
    exif = Image.Exif()
    exif[decode.ORIENTATION] = turn
    data = encoded(Image.new("L", (width, height), 128), "JPEG", exif=exif)
    asked = longest_edge
    upright = (height, width) if turn >= 5 else (width, height)
    longest_edge = decode._edge((width, height), longest_edge)
    if min(width, height) * min(1, longest_edge / max(width, height)) < limits.SHORTEST_EDGE - 0.5:
        with pytest.raises(Unusable, match="shows nothing"):
            image(data, "jpeg", asked)
        return
    sent = shown(data, "jpeg", asked).size
    assert max(sent) == min(max(upright), longest_edge)
    scale = max(sent) / max(upright)
    assert all(abs(side - full * scale) <= 1 for side, full in zip(sent, upright, strict=True))


@pytest.mark.parametrize("size", [(8_000, 1_000), (1_000, 8_000), (3_000, 1_200)])
def test_a_panorama_keeps_as_many_pixels_as_another_picture(size: tuple[int, int]) -> None:
    sent = shown(encoded(Image.new("L", size), "JPEG"), "jpeg", 1_024).size
    assert sent[0] * sent[1] == pytest.approx(1_024 * 768, rel=0.01)
    assert max(decode._edge((100_000, 1_000), 1_568), 0) == limits.LARGEST_EDGE


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_grey_of_more_than_eight_bits_is_neither_black_nor_white(form: str, bits: int) -> None:
    grey = Image.new("I;16", (64, 64), 2 ** (bits - 1))
    grey.putpixel((0, 0), 2**bits - 1)
    assert 118 <= shown(encoded(grey, form), form.lower()).getpixel((32, 32))[0] <= 138  # type: ignore[index]


def test_an_animations_frames_that_show_nothing_are_passed_over() -> None:
    nothing, red = Image.new("RGBA", (64, 64), (0, 0, 0, 0)), Image.new("RGBA", (64, 64), RED)
    animated = encoded(nothing, "PNG", save_all=True, append_images=[nothing, red], duration=100)
    assert near(shown(animated, "png"), (9, 9), RED)
    still = Image.new("RGB", (64, 64), BLUE)
    hidden = encoded(still, "PNG", save_all=True, append_images=[Image.new("RGB", (64, 64), RED)], default_image=True)
    assert near(shown(hidden, "png"), (9, 9), RED)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("colour", [WHITE, (0, 0, 0)])
def test_an_animation_that_fades_in_is_shown_by_its_first_frame_of_more_than_one_colour(
    form: str, colour: tuple[int, int, int]
) -> None:
    picture = Image.new("RGB", (64, 64), RED)
    picture.paste(BLUE, (0, 0, 32, 64))
    frames = [Image.new("RGB", (64, 64), colour), picture]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert near(shown(data, form.lower()), (9, 9), BLUE)


@pytest.mark.parametrize(("form", "kind"), [("AVIF", "avif"), ("TIFF", "tiff"), ("BMP", "bmp")])
def test_what_phones_and_scanners_send_is_shown(form: str, kind: str) -> None:
    data = encoded(Image.new("RGB", (64, 48), RED), form)
    assert sniff(data) == kind
    assert near(shown(data, kind), (9, 9), RED)


def test_an_iphones_heic_is_shown() -> None:
    data = (IMAGES.parents[1] / "tests" / "recordings" / "pictures" / "cat.heic").read_bytes()
    assert sniff(data) == "heif"
    assert shown(data, "heif").size == (160, 106)


def test_noise_is_made_smaller_until_it_is_under_the_limit_of_bytes() -> None:
    noise = Image.frombytes("RGB", (2400, 1600), random.Random(1).randbytes(2400 * 1600 * 3))  # noqa: S311
    width, height, made = image(encoded(noise, "JPEG", quality=60), "jpeg", 2400)
    assert limits.IMAGE_BYTES / 2 < len(made) <= limits.IMAGE_BYTES
    assert width < 2400
    assert width / height == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (40_000, 30)])
def test_what_would_show_nothing_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(Unusable, match="shows nothing") as refusal:
        image(encoded(Image.new("RGB", size), "PNG"), "png", 1568)
    assert refusal.value.reason == "too_small"


# Upright

# How a camera stores what it saw upright, by the orientation that it then notes (EXIF 2.3, tag 274).
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "stored"), STORED.items())
def test_every_exif_orientation_comes_out_upright(form: str, orientation: int, stored: Image.Transpose | None) -> None:
    picture = corners() if stored is None else corners().transpose(stored)
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    lossless = {"lossless": True} if form == "WEBP" else {"quality": 95} if form == "JPEG" else {}
    upright = shown(encoded(picture, form, exif=exif, **lossless), form.lower())
    assert upright.size == (80, 40)
    assert near(upright, (10, 5), RED, 30)
    assert near(upright, (70, 5), GREEN, 30)
    assert near(upright, (10, 35), BLUE, 30)
    assert near(upright, (70, 35), WHITE, 30)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    assert near(shown(encoded(corners(), "PNG", exif=exif), "png"), (10, 5), RED)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_metadata_is_no_reason_to_refuse_the_pixels() -> None:
    data = encoded(corners(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f" + b"\x99" * 60)
    assert shown(data, "jpeg").size == (80, 40)


# Colours and kinds


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    grey = Image.new("I;16", (64, 64), 0x4000)
    assert near(shown(encoded(grey, "PNG"), "png"), (30, 30), (64, 64, 64), 2)


def test_cmyk_becomes_rgb() -> None:
    assert near(shown(encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG"), "jpeg"), (30, 30), RED)


def test_a_palette_is_scaled_smoothly() -> None:
    stripes = Image.new("RGB", (256, 256), "black")
    for column in range(0, 256, 2):
        stripes.paste("white", (column, 0, column + 1, 256))
    middle = shown(encoded(stripes.quantize(2), "PNG"), "png", 64).getpixel((32, 32))
    assert isinstance(middle, tuple)
    assert all(100 < value < 156 for value in middle)  # scaled without smoothing it would be black or white


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "colour key"])
def test_what_is_transparent_is_white(mode: str) -> None:
    if mode == "P":
        data = encoded(Image.new("P", (64, 64), 0), "PNG", transparency=0)
    elif mode == "colour key":
        data = encoded(Image.new("RGB", (64, 64), BLUE), "PNG", transparency=BLUE)
    else:
        data = encoded(Image.new(mode, (64, 64), 0), "PNG")
    assert near(shown(data, "png"), (30, 30), WHITE)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_scans_are_read(mode: str) -> None:
    assert near(shown(encoded(Image.new(mode, (64, 64), 255), "PNG"), "png"), (30, 30), WHITE)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_sent(form: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(
        frames[0], form, save_all=True, append_images=frames[1:], **({"lossless": True} if form == "WEBP" else {})
    )
    assert near(shown(data, form.lower()), (30, 30), RED)


def test_of_a_photo_with_several_pictures_the_first_is_sent() -> None:
    data = encoded(
        Image.new("RGB", (64, 64), RED), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64), BLUE)]
    )
    assert sniff(data) == "jpeg"
    assert near(shown(data, "jpeg"), (30, 30), RED)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_colours_of_another_space_become_srgb() -> None:
    """A profile in which red and blue have changed places: what a camera stored as red is blue."""
    exchanged = srgb().replace(b"rXYZ", b"****").replace(b"bXYZ", b"rXYZ").replace(b"****", b"bXYZ")
    for form in ("JPEG", "PNG"):
        data = encoded(Image.new("RGB", (64, 64), RED), form, icc_profile=exchanged)
        assert near(shown(data, form.lower()), (30, 30), BLUE), form
        data = encoded(Image.new("RGB", (64, 64), RED), form, icc_profile=srgb())
        assert near(shown(data, form.lower()), (30, 30), RED), form


def test_a_colour_profile_of_another_kind_of_pixels_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert near(shown(encoded(Image.new("RGB", (64, 64), RED), "PNG", icc_profile=lab), "png"), (30, 30), RED)


@pytest.mark.parametrize("profile", [b"", b"no profile", b"\x00" * 4096])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    assert near(shown(encoded(Image.new("RGB", (64, 64), RED), "JPEG", icc_profile=profile), "jpeg"), (30, 30), RED)


# Nothing else of the file

SECRETS = (b"Pune 18.52N", b"Nokia 3310", b"my comment", b"photo of a person", b"Thumbs")


def test_no_metadata_is_sent_on() -> None:
    exif = Image.Exif()
    exif[271] = "Nokia 3310"  # Make
    exif.get_ifd(0x8825)[1] = "Pune 18.52N"  # GPS
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "my comment")
    texts.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>photo of a person</x:xmpmeta>")
    for data, kind in (
        (
            encoded(corners(), "JPEG", exif=exif, icc_profile=srgb(), comment="my comment", xmp=b"photo of a person"),
            "jpeg",
        ),
        (encoded(corners(), "PNG", exif=exif, icc_profile=srgb(), pnginfo=texts), "png"),
        (encoded(corners(), "WEBP", exif=exif, icc_profile=srgb(), xmp=b"photo of a person"), "webp"),
        (encoded(corners(), "GIF", comment=b"my comment"), "gif"),
    ):
        assert any(secret in data for secret in SECRETS), kind
        made = image(data + b"my comment", kind, 1568)[2]
        for trace in (*SECRETS, b"Exif", b"xmp", b"ICC_PROFILE", b"http"):
            assert trace not in made, (kind, trace)
        assert set(markers(made)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # JFIF, tables, frame, scan


def markers(jpeg: bytes) -> list[int]:
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in IMAGES.iterdir()))
def test_the_same_file_gives_the_same_bytes(name: str) -> None:
    data = (IMAGES / name).read_bytes()
    kind = sniff(data)
    one, other = (document(data) if kind == "pdf" else image(data, kind, 640) for _ in range(2))
    assert one == other


# What it is


@pytest.mark.parametrize(
    ("name", "kind"), [("cow.jpg", "jpeg"), ("leaf.png", "png"), ("form.webp", "webp"), ("form.pdf", "pdf")]
)
def test_a_file_is_what_its_content_says(name: str, kind: str) -> None:
    assert sniff((IMAGES / name).read_bytes()) == kind


def test_a_size_is_refused_before_the_file_is_read() -> None:
    check_size(1)
    check_size(limits.UPLOAD_BYTES)
    for size, reason in ((0, "empty"), (limits.UPLOAD_BYTES + 1, "too_large")):
        with pytest.raises(Unusable) as refusal:
            check_size(size)
        assert refusal.value.reason == reason
