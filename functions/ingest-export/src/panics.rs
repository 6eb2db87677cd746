//! Panics of the threads that read files.
//!
//! The crate that decodes Parquet panics at some damaged files, whose lengths contradict each other. A
//! function ends at a panic, which Lambda would try again twice. But such a file is an input like
//! another that cannot be read: it is refused, counted once and acknowledged.

use std::panic;
use std::thread;

use tokio::sync::watch;

/// The panics of threads other than the first, as the places in the code.
#[derive(Clone, Debug)]
pub struct Panics(watch::Receiver<String>);

impl Panics {
    /// Watches from now on. A thread that panics stays where it is and holds what it holds; only a
    /// panic of the thread that asks here ends the process.
    pub fn watch() -> Panics {
        let (sender, receiver) = watch::channel(String::new());
        let first = thread::current().id();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == first {
                return before(panic);
            }
            // The place alone: a message can quote what was read.
            sender.send_replace(panic.location().map(ToString::to_string).unwrap_or_default());
            loop {
                thread::park();
            }
        }));
        Panics(receiver)
    }

    /// Sees none.
    pub fn none() -> Panics {
        Panics(watch::channel(String::new()).1)
    }

    /// Runs `work` to its end; `Err` with the place of a panic that happens meanwhile, after which the
    /// work would never end.
    ///
    /// # Errors
    ///
    /// The place in the code.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        let mut panics = self.0.clone();
        panics.mark_unchanged();
        tokio::select! {
            outcome = work => Ok(outcome),
            Ok(()) = panics.changed() => Err(panics.borrow().clone()),
        }
    }
}
