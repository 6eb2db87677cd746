//! Errors as one line for logs and terminals.

use std::error::Error;

/// An error with all its causes, on one line.
pub fn causes(err: &(dyn Error + 'static)) -> String {
    let mut message = String::new();
    for cause in std::iter::successors(Some(err), |it| (**it).source()) {
        let text = cause.to_string();
        // Some libraries repeat their cause in their own message.
        if !message.ends_with(&text) {
            let colon = if message.is_empty() { "" } else { ": " };
            message = format!("{message}{colon}{text}");
        }
    }
    message.replace('\n', " ")
}
