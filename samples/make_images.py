"""Draw the sample pictures: a cow, a leaf with spots, a price report filled in by hand, and the report as a PDF.

They are drawings, so that nobody's photo is in the project; each is saved as another kind of file. With the same
Pillow, every run writes the same bytes. The canary's known pictures (functions/check_answers/pictures) are made here,
too.
"""

import argparse
import json
import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

INK, PEN = "#222222", "#1d2f8f"
PHOTO = Path(__file__).resolve().parent / "images" / "cat.jpg"
KNOWN = Path(__file__).resolve().parents[1] / "functions" / "check_answers" / "pictures"


def cow() -> Image.Image:
    """A brown and white cow on a meadow."""
    image = Image.new("RGB", (1200, 900), "#bfe3f5")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 560, 1200, 900), fill="#7db45a")
    for leg in (380, 470, 760, 850):
        draw.rectangle((leg, 560, leg + 46, 770), fill="#8a5a35")
        draw.rectangle((leg, 740, leg + 46, 770), fill="#3a2a1c")
    draw.ellipse((330, 330, 940, 640), fill="#8a5a35")
    draw.ellipse((430, 370, 600, 520), fill="#f4efe6")
    draw.ellipse((660, 430, 820, 590), fill="#f4efe6")
    draw.ellipse((640, 590, 740, 660), fill="#e9b7a8")  # udder
    draw.line((935, 420, 1010, 560, 990, 650), fill="#8a5a35", width=16, joint="curve")
    draw.ellipse((965, 630, 1015, 700), fill="#3a2a1c")
    draw.polygon(((360, 400), (250, 300), (330, 520)), fill="#8a5a35")  # neck
    draw.ellipse((160, 240, 340, 430), fill="#8a5a35")
    draw.ellipse((140, 350, 270, 450), fill="#e9b7a8")
    draw.ellipse((165, 390, 185, 412), fill=INK)
    draw.ellipse((215, 395, 235, 417), fill=INK)
    for eye in (205, 285):
        draw.ellipse((eye, 290, eye + 28, 322), fill="white")
        draw.ellipse((eye + 8, 300, eye + 22, 316), fill=INK)
    draw.polygon(((190, 255), (150, 190), (215, 240)), fill="#eadfc8")  # horns
    draw.polygon(((300, 245), (350, 185), (325, 260)), fill="#eadfc8")
    draw.polygon(((170, 290), (90, 270), (160, 330)), fill="#6f4526")  # ears
    draw.polygon(((335, 290), (410, 265), (340, 335)), fill="#6f4526")
    return image


def leaf() -> Image.Image:
    """A tomato leaf with the ringed brown spots of early blight; transparent around it, as a cut-out photo is."""
    image = Image.new("RGBA", (900, 900), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    edge = []
    for step in range(361):
        angle = math.radians(step)
        lobes = 1 + 0.10 * math.sin(9 * angle) + 0.03 * math.sin(23 * angle)
        edge.append((450 + 250 * lobes * math.cos(angle), 430 + 360 * lobes * math.sin(angle)))
    draw.polygon(edge, fill="#4f8f3a")
    draw.line((450, 60, 450, 880), fill="#86b36b", width=12)
    for height in range(180, 760, 90):
        for side in (-1, 1):
            draw.line((450, height, 450 + side * 190, height - 90), fill="#86b36b", width=5)
    spots = random.Random("early blight")
    for _ in range(14):
        x, y, size = spots.randint(290, 610), spots.randint(170, 690), spots.randint(22, 48)
        for ring, colour in enumerate(("#d9c04a", "#6b4a22", "#8f6a38", "#4a3018")):
            radius = size * (1 - ring * 0.24)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def form(market: str = "Pune", commodity: str = "onion", price: str = "20") -> Image.Image:
    """A price report, filled in by an unsteady hand and photographed a little askew."""
    image = Image.new("RGB", (1240, 1000), "#fbfaf4")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 1200, 960), outline=INK, width=4)
    draw.text((90, 80), "DAILY MARKET PRICE REPORT", fill=INK, font=ImageFont.load_default(56))
    hand = random.Random("field officer")
    rows = (
        ("Market", market),
        ("Date", "19/11/2026"),
        ("Commodity", commodity),
        ("Price, Rs per kg", price),
        ("Signed", "S. P."),
    )
    for number, (printed, written) in enumerate(rows):
        line = 290 + number * 130
        draw.text((90, line - 44), printed, fill=INK, font=ImageFont.load_default(40))
        draw.line((520, line, 1140, line), fill="#888888", width=3)
        _write(image, written, 560, line - 62, hand)
    askew = image.rotate(1.2, Image.Resampling.BICUBIC, fillcolor="#cfc9bb")
    return askew.filter(ImageFilter.GaussianBlur(0.6))


def _write(image: Image.Image, text: str, left: float, top: float, hand: random.Random) -> None:
    """Letter by letter, each at its own size, height and slant."""
    for letter in text:
        font = ImageFont.load_default(hand.randint(58, 70))
        width = font.getlength(letter)
        tile = Image.new("L", (int(width) + 40, 110), 0)
        ImageDraw.Draw(tile).text((20, 10), letter, fill=255, font=font, stroke_width=1)
        tile = tile.rotate(hand.uniform(-9, 9), Image.Resampling.BICUBIC)
        image.paste(PEN, (round(left) - 20, round(top) + hand.randint(-6, 6)), tile)
        left += width + hand.randint(1, 6)


def make_images(folder: Path) -> list[Path]:
    """Write the pictures; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    report = form()
    cow().save(folder / "cow.jpg", quality=85)
    leaf().quantize(32).save(folder / "leaf.png", optimize=True)
    report.save(folder / "form.webp", quality=80, method=6)
    _save_pdf(report, folder / "form.pdf")
    return sorted(folder.iterdir())


def _save_pdf(report: Image.Image, path: Path) -> None:
    undated = {"creationDate": None, "modDate": None}  # the same bytes on every day
    report.convert("L").save(path, "PDF", resolution=150, quality=60, **undated)


def two_cats() -> Image.Image:
    """The photo of the cat beside a smaller and mirrored one."""
    one = Image.open(PHOTO).convert("RGB")
    other = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((one.width * 4 // 5, one.height * 4 // 5))
    both = Image.new("RGB", (one.width + other.width, one.height), "#8a7a66")
    both.paste(one, (0, 0))
    both.paste(other, (one.width, one.height - other.height))
    return both


def make_known(folder: Path) -> None:
    """Write the canary's pictures with their expected answers: a folder for each prompt, no two answers alike."""
    report, other_report = form(), form("Nashik", "tomato", "35")
    cat = Image.open(PHOTO).convert("RGB")
    known: dict[str, dict[str, tuple[Image.Image, dict[str, object]]]] = {
        "animal": {
            "cat.jpg": (cat, {"animal": "cat", "count": 1}),
            "two-cats.jpg": (two_cats(), {"animal": "cat", "count": 2}),
            "paper.jpg": (report, {"animal": "none", "count": 0}),
        },
        "form": {
            "onion.jpg": (report, {"form": "price_report", "commodity": "onion", "price_per_kilo": 20}),
            "tomato.jpg": (other_report, {"form": "price_report", "commodity": "tomato", "price_per_kilo": 35}),
            "cat.jpg": (cat, {"form": "not_a_form"}),
        },
    }
    for prompt, pictures in known.items():
        (folder / prompt).mkdir(parents=True, exist_ok=True)
        for name, (picture, _) in pictures.items():
            picture.save(folder / prompt / name, quality=80)
        labels = {name: right for name, (_, right) in pictures.items()}
        (folder / prompt / "labels.json").write_text(json.dumps(labels, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw and save the sample pictures.")
    beside = Path(__file__).resolve().parent / "images"
    where = "folder to write to (default: the images folder beside this script)"
    parser.add_argument("--output", type=Path, default=beside, help=where)
    made = make_images(parser.parse_args().output)
    make_known(KNOWN)
    print(f"{len(made)} pictures, {sum(path.stat().st_size for path in made):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
