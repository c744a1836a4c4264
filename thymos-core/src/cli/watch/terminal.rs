//! A terminal that is drawn on as a whole.
//!
//! Invariant: however this process ends, short of being killed outright, the terminal is as it was: when a [`Terminal`] is
//! dropped, and before a panic is told.

use std::io::{self, BufWriter, Write};
use std::panic;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, Color as Shade, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{execute, queue};
use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier};

use crate::system::os::signals;

/// How much of a terminal is drawn on, in lines and in columns. Some tell a size that nobody could see, nor any memory hold.
const MOST: u16 = 1000;

/// The terminal, taken over.
pub struct Terminal {
    shown: Buffer,
}

impl Terminal {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Self> {
        // A panic aborts, and nothing is dropped then.
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            leave();
            told(panic);
        }));
        let terminal = Self { shown: Buffer::empty(Rect::ZERO) };
        take_over()?;
        Ok(terminal)
    }

    /// Draws what differs from what is there. After a change of size, everything is drawn.
    pub fn draw(&mut self, paint: impl FnOnce(Rect) -> Buffer) -> io::Result<()> {
        let (width, height) = terminal::size()?;
        let area = Rect::new(0, 0, width.min(MOST), height.min(MOST));
        let mut out = BufWriter::new(io::stdout().lock());
        // Terminals that know this show the whole change at once; others ignore it.
        queue!(out, BeginSynchronizedUpdate)?;
        if self.shown.area != area {
            self.shown = Buffer::empty(area);
            queue!(out, Clear(ClearType::All))?;
        }
        let next = paint(area);
        for (x, y, cell) in self.shown.diff(&next) {
            queue!(out, MoveTo(x, y))?;
            print(&mut out, cell)?;
        }
        self.shown = next;
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }

    /// Gives the terminal back, stops this process as its user asked, and takes the terminal over again when it goes on.
    pub fn stop(&mut self) -> io::Result<()> {
        leave();
        signals::stop();
        self.shown = Buffer::empty(Rect::ZERO);
        take_over()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

fn take_over() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back. A terminal that is gone needs nothing.
fn leave() {
    let _ = execute!(io::stdout(), EndSynchronizedUpdate, SetAttribute(Attribute::Reset), Show, LeaveAlternateScreen);
    let _ = terminal::disable_raw_mode();
}

fn print(out: &mut impl Write, cell: &Cell) -> io::Result<()> {
    for (modifier, attribute) in [(Modifier::BOLD, Attribute::Bold), (Modifier::DIM, Attribute::Dim)] {
        if cell.modifier.contains(modifier) {
            queue!(out, SetAttribute(attribute))?;
        }
    }
    match cell.fg {
        Color::Green => queue!(out, SetForegroundColor(Shade::DarkGreen))?,
        Color::Yellow => queue!(out, SetForegroundColor(Shade::DarkYellow))?,
        Color::Magenta => queue!(out, SetForegroundColor(Shade::DarkMagenta))?,
        _ => {}
    }
    queue!(out, Print(cell.symbol()), SetAttribute(Attribute::Reset))
}
