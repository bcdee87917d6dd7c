//! Rectangles of a page.

/// A rectangle, which a layout cuts into smaller ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::carrier) struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Area {
    pub fn new(width: f32, height: f32) -> Self {
        Self { x: 0.0, y: 0.0, width, height }
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    pub fn middle(&self) -> f32 {
        self.x + self.width / 2.0
    }

    /// The area without a margin on each side.
    pub fn inset(&self, x: f32, y: f32) -> Self {
        let (width, height) = ((self.width - 2.0 * x).max(0.0), (self.height - 2.0 * y).max(0.0));
        Self { x: self.x + x, y: self.y + y, width, height }
    }

    /// Takes a part off the top.
    pub fn cut_top(&mut self, height: f32) -> Self {
        let height = height.min(self.height);
        let cut = Self { height, ..*self };
        self.y += height;
        self.height -= height;
        cut
    }

    pub fn cut_bottom(&mut self, height: f32) -> Self {
        let height = height.min(self.height);
        self.height -= height;
        Self { y: self.bottom(), height, ..*self }
    }

    pub fn cut_left(&mut self, width: f32) -> Self {
        let width = width.min(self.width);
        let cut = Self { width, ..*self };
        self.x += width;
        self.width -= width;
        cut
    }

    pub fn cut_right(&mut self, width: f32) -> Self {
        let width = width.min(self.width);
        self.width -= width;
        Self { x: self.right(), width, ..*self }
    }
}
