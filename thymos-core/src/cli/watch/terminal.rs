//! A terminal that is drawn on as a whole.
//!
//! Invariant: however this process ends, short of being killed outright, the terminal is as it was: when a [`Terminal`] is
//! dropped, and before a panic is told.

use std::io::{self, BufWriter, Write};
use std::panic;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use crate::history::watch::screen::Size;
use crate::system::os::signals;

/// How much of a terminal is drawn on, in lines and in columns. Some tell a size that nobody could see, nor any memory hold.
const MOST: usize = 1000;

/// The terminal, taken over.
pub struct Terminal {
    size: Size,
    shown: Vec<String>,
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
        let terminal = Self { size: Size::default(), shown: Vec::new() };
        take_over()?;
        Ok(terminal)
    }

    /// Draws the lines that differ from those that are there. After a change of size, everything is drawn.
    pub fn draw(&mut self, paint: impl FnOnce(Size) -> Vec<String>) -> io::Result<()> {
        let (width, height) = terminal::size()?;
        let size = Size { width: usize::from(width).min(MOST), height: usize::from(height).min(MOST) };
        let mut out = BufWriter::new(io::stdout().lock());
        // Terminals that know this show the whole change at once; others ignore it.
        queue!(out, BeginSynchronizedUpdate)?;
        if self.size != size {
            (self.size, self.shown) = (size, Vec::new());
            queue!(out, Clear(ClearType::All))?;
        }
        let mut next = paint(size);
        next.resize(size.height, String::new());
        for (y, line) in (0..).zip(&next) {
            if self.shown.get(usize::from(y)) != Some(line) {
                // Cleared first: behind a full line, some terminals would clear its last letter.
                queue!(out, MoveTo(0, y), Clear(ClearType::CurrentLine), Print(line))?;
            }
        }
        self.shown = next;
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }

    /// Gives the terminal back, stops this process as its user asked, and takes the terminal over again when it goes on.
    pub fn stop(&mut self) -> io::Result<()> {
        leave();
        signals::stop();
        self.size = Size::default();
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
