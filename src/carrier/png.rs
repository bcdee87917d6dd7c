//! Plain pictures: a page of text lines as a PNG, in the size of a label printer of 203 dots to the inch.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};

const WIDTH: usize = 812;
const HEIGHT: usize = 1218;
const ROW: usize = WIDTH.div_ceil(8);
const SCALE: usize = 2;
const MARGIN: usize = 40;
const LEADING: usize = 34;

/// A PNG of 4 by 6 inches with `lines` from the top, in black on white. Characters that the font lacks are shown as question
/// marks; what does not fit on the page is cut off.
///
/// # Panics
/// Never: the picture is written to memory, and its size is fixed.
#[must_use]
pub fn page(lines: &[String]) -> Vec<u8> {
    let mut dots = vec![0xff_u8; ROW * HEIGHT];
    for (place, line) in lines.iter().enumerate() {
        let top = MARGIN + place * LEADING;
        for (column, letter) in line.chars().enumerate() {
            draw(&mut dots, MARGIN + column * 8 * SCALE, top, letter);
        }
    }
    let mut file = Vec::with_capacity(8 * 1024);
    let mut encoder =
        png::Encoder::new(&mut file, u32::try_from(WIDTH).expect("a small number"), u32::try_from(HEIGHT).expect("a small number"));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 7992, yppu: 7992, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().expect("memory can be written to");
    writer.write_image_data(&dots).expect("there are as many dots as the header says");
    writer.finish().expect("memory can be written to");
    file
}

fn draw(dots: &mut [u8], left: usize, top: usize, letter: char) {
    let glyph = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).or_else(|| BASIC_FONTS.get('?')).unwrap_or_default();
    for (y, row) in (0_usize..).zip(glyph).flat_map(|(y, row)| (0..SCALE).map(move |part| (y * SCALE + part, row))) {
        for x in (0..8 * SCALE).filter(|x| row & (1 << (x / SCALE)) != 0) {
            let (x, y) = (left + x, top + y);
            if x < WIDTH && y < HEIGHT {
                dots[y * ROW + x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_picture_has_the_size_of_a_label() {
        let file = super::page(&["Zoë".to_owned(), "x".repeat(200)]);
        let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info();
        let info = reader.map(|reader| (reader.info().width, reader.info().height)).ok();
        assert_eq!(info, Some((812, 1218)));
    }
}
