"""Printed files under other people's eyes: Poppler opens PDFs, Pillow opens pictures, zpl-renderer-js prints ZPL, and zxing-cpp reads
every bar code back. What was looked at is left in `target/labels/`."""

import base64
import io
import json
import pathlib
import re
import subprocess

import zxingcpp
from PIL import Image

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "target" / "labels"
FOLDER.mkdir(parents=True, exist_ok=True)
SAMPLE = "SAMPLE-NOTFORSHIPPING"
INCH = 72.0
MM = 72.0 / 25.4

# Width and height in points.
SIZES = {"4x6": (4 * INCH, 6 * INCH), "4x8": (4 * INCH, 8 * INCH), "2.3x7.5": (2.3 * INCH, 7.5 * INCH), "A4": (210 * MM, 297 * MM),
         "A5": (148 * MM, 210 * MM), "A6": (105 * MM, 148 * MM), "letter": (8.5 * INCH, 11 * INCH)}

# What printers of this language know, as far as labels need it.
COMMANDS = {"XA", "XZ", "CI", "MM", "PW", "LL", "LH", "FO", "FB", "FR", "A0", "FH", "FD", "FS", "GB", "GF", "BY", "BC", "B7", "BX", "BQ", "BD", "PQ"}


def _poppler(command, pdf, *options):
    run = subprocess.run([command, *options, "-", "-"] if command == "pdftotext" else [command, *options, "-"], input=pdf,
                         capture_output=True, check=True)
    assert not run.stderr, f"{command} complains: {run.stderr.decode()}"
    return run.stdout


def words(pdf):
    """What a PDF says, without the blanks between words."""
    return "".join(_poppler("pdftotext", pdf, "-raw").decode().split())


def pictures(pdf, dpi=203):
    """The pages as printers of so many dots to the inch print them."""
    printed = subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-"], input=pdf, capture_output=True, check=True).stdout
    pages, stream = [], io.BytesIO(printed)
    while stream.tell() < len(printed):
        header = [stream.readline() for _ in range(3)]
        width, height = map(int, header[1].split())
        pages.append(Image.frombytes("L", (width, height), stream.read(width * height)))
    return pages


def symbols(picture):
    """What the bar codes of a picture say; function characters of GS1 are left out."""
    return [found.bytes.decode("utf-8", "replace").replace("\x1d", "") for found in zxingcpp.read_barcodes(picture)]


def maxicode(picture):
    """What the MaxiCode on a label of 4 by 6 inches says, which is read where it alone is seen."""
    dot = picture.width / 288
    cut = picture.convert("L").crop([round(edge * dot) for edge in (10, 155, 103, 240)])
    found = zxingcpp.read_barcodes(cut, formats=zxingcpp.BarcodeFormat.MaxiCode)
    return found[0].bytes.decode() if found else ""


def scans(picture, number, exactly=None):
    """Fails unless a bar code of the picture says the number, or exactly so much."""
    found = symbols(picture)
    wanted = exactly or number
    assert any(text == wanted if exactly else wanted in text for text in found), f"{wanted} is not among the bar codes {found}"


def pdf(name, data, size, pages, says=()):
    """Opens a PDF; its pages as pictures. Every page is of that size, every word lies on it, and fonts are in the file."""
    (FOLDER / f"{name}.pdf").write_bytes(data)
    assert data.startswith(b"%PDF-1.4"), f"no PDF: {data[:20]!r}"
    facts = dict(line.split(":", 1) for line in _poppler("pdfinfo", data).decode().splitlines() if ":" in line)
    assert int(facts["Pages"]) == pages, f"{facts['Pages']} pages, wanted {pages}"
    width, height = map(float, re.match(r"\s*([\d.]+) x ([\d.]+)", facts["Page size"]).groups())
    wanted = SIZES[size]
    assert abs(width - wanted[0]) < 1 and abs(height - wanted[1]) < 1, f"{width} by {height} points, wanted {wanted}"
    boxes = _poppler("pdftotext", data, "-bbox").decode()
    for left, top, right, bottom in re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', boxes):
        inside = float(left) >= 0 and float(top) >= -1 and float(right) <= width + 0.5 and float(bottom) <= height + 1
        assert inside, f"a word at {left} {top} {right} {bottom} is off the page"
    fonts = _poppler("pdffonts", data).decode().splitlines()[2:]
    assert fonts and all(re.search(r" yes (yes|no) +yes ", line) for line in fonts), f"fonts that are not in the file: {fonts}"
    text = words(data)
    assert text.count(SAMPLE) >= pages, "a page does not say that it is a sample"
    for wanted in says:
        wanted = "".join(wanted.split())
        assert wanted in text, f"{wanted} is not among {text}"
    return pictures(data)


def png(name, data, size, dpi):
    """Opens a picture."""
    (FOLDER / f"{name}.png").write_bytes(data)
    picture = Image.open(io.BytesIO(data))
    picture.load()
    wanted = tuple(round(side / INCH * dpi) for side in SIZES[size])
    assert picture.size == wanted, f"{picture.size} dots, wanted {wanted}"
    assert round(picture.info["dpi"][0]) == dpi, f"{picture.info['dpi']} dots to the inch, wanted {dpi}"
    return picture


def zpl(name, program, dpi=203, says=()):
    """Looks through a program: known commands, balanced, everything on the paper. Prints it later, with `printed`."""
    (FOLDER / f"{name}.zpl").write_text(program)
    labels = program.count("^XA")
    assert labels and labels == program.count("^XZ"), "labels that do not begin or end"
    width, length = int(re.search(r"\^PW(\d+)", program)[1]), int(re.search(r"\^LL(\d+)", program)[1])
    assert (width, length) == (round(4 * dpi), round(6 * dpi)), f"paper of {width} by {length} dots"
    assert "^CI28" in program, "the program does not say that it is UTF-8"
    body = program.replace("CT~~CD,~CC^~CT~\n", "")
    assert "~" not in body, "a tilde is a command"
    for command in re.findall(r"\^(\w\w)", body):
        assert command in COMMANDS, f"^{command} is unknown"
    assert len(re.findall(r"\^FD|\^GB|\^GF", body)) == body.count("^FS"), "a field does not end"
    for left, top in re.findall(r"\^FO(\d+),(\d+)", body):
        assert int(left) < width and int(top) < length, f"a field at {left},{top} is off the paper"
    text = "".join(re.findall(r"\^FD([^^]*)\^FS", body))
    for wanted in (*says, SAMPLE):
        assert "".join(wanted.split()) in "".join(text.split()), f"{wanted} is not in the program"


def printed(names, dpi=203):
    """What a printer makes of programs that were looked through: one picture for each."""
    files = [str(FOLDER / f"{name}.zpl") for name in names]
    renderer = pathlib.Path(__file__).with_name("print_zpl.mjs")
    run = subprocess.run(["node", str(renderer), str(dpi), *files], capture_output=True, check=True)
    pictures = [Image.open(io.BytesIO(base64.b64decode(data))) for data in json.loads(run.stdout)]
    for name, picture in zip(names, pictures):
        picture.save(FOLDER / f"{name}-printed.png")
    return pictures
