#!/bin/sh
# Makes the fonts of this folder from Debian's packages fonts-liberation2, fonts-nanum and fonts-droid-fallback, with pyftsubset of
# fonttools: the letters that addresses have, without hints, under names of our own, as their licenses ask for. Where there are more,
# 512 units to the em are left: points that printers cannot tell apart are a sixth of a font in a file.
set -eu
here=$(dirname "$0")
fonts=${FONTS:-/usr/share/fonts}

# subset FILE NAME CHARACTERS OUTPUT
subset() {
    pyftsubset "$fonts/truetype/$1" --unicodes="$3" --no-hinting --layout-features= --notdef-outline --name-IDs=4 \
        --drop-tables+=GDEF,GPOS,GSUB,kern,FFTM,gasp,vhea,vmtx --output-file="$here/$4"
    python3 - "$here/$4" "$2" <<'END'
import sys
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
path, name = sys.argv[1:]
font = TTFont(path)
if font["head"].unitsPerEm > 1000:
    scale_upem(font, 512)
for record in font["name"].names:
    if record.nameID in (1, 4, 6):
        record.string = name.replace(" ", "") if record.nameID == 6 else name
font.save(path)
END
}

latin="U+0020-024F,U+0259,U+02BB-02DD,U+0300-036F,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+2010-2044,U+2070-20BF,U+2100-2122,U+2150-215F"
latin="$latin,U+2190-2199,U+2212,U+221E,U+25A0,U+25A1,U+25CF"
subset liberation2/LiberationSans-Regular.ttf "Seatrial Sans" "$latin" sans-regular.ttf
subset liberation2/LiberationSans-Bold.ttf "Seatrial Sans Bold" "$latin" sans-bold.ttf
subset droid/DroidSansFallbackFull.ttf "Seatrial Han" "U+2E80-2FDF,U+3000-312F,U+3200-33FF,U+4E00-9FFF,U+F900-FAFF,U+FF00-FFEF" han.ttf
subset nanum/NanumGothic.ttf "Seatrial Hangul" "U+3131-318E,U+AC00-D7A3" hangul.ttf
