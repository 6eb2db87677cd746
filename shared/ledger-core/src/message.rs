//! Messages to people: one content, in the form of a mail and of a chat.

use std::fmt::Write as _;

use crate::letter::{is_misleading, shown};

/// Letters of one paragraph. A message of 256 KiB is refused, holds the text more than once, and a name can
/// have any length.
const PARAGRAPH_CHARS_MAX: usize = 600;

/// Columns of a terminal, and of a mail that is read without scrolling.
const COLUMNS: usize = 80;

/// Columns of the names of values.
const LABEL_COLUMNS: usize = 13;

/// Entries of a list that a message has room for.
const ENTRIES_MAX: usize = 50;

/// The strictest channel of alerts refuses a subject of 100 characters or more.
const SUBJECT_CHARS_MAX: usize = 99;

/// The end of each message about what is next.
pub const NOTHING_IS_BLOCKED: &str =
    "Nothing is blocked: Tollbook reads bills and is not in the way of calls.";

/// A subject of one line: channels refuse control characters and long subjects, and a name may bring either.
pub fn subject_line(text: &str) -> String {
    text.chars().filter(|it| !is_misleading(*it)).take(SUBJECT_CHARS_MAX).collect()
}

/// The content of a message. Names are a bill's or a file's, and may hold anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The sentence that comes first.
    pub headline: Headline,
    /// Values with their names.
    pub facts: Vec<(&'static str, String)>,
    /// The name of the list.
    pub list_name: &'static str,
    /// The list, most important first.
    pub list: Vec<String>,
    /// The words for a list without entries.
    pub no_entries: &'static str,
    /// The words about what is next.
    pub next: String,
    /// The command that shows more; it holds no names.
    pub command: String,
}

/// A sentence about something that has a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// The word before the name.
    pub noun: &'static str,
    /// The name.
    pub name: String,
    /// The words after it, which hold no names.
    pub says: String,
}

impl Message {
    /// The text of a mail, in lines of 80 columns where names allow it.
    pub fn mail(&self, page: Option<&str>) -> String {
        let Headline { noun, name, says } = &self.headline;
        let mut text = Text::default();
        text.paragraph(0, &format!("{noun} `{name}`{says}"));
        text.blank();
        for (label, value) in &self.facts {
            let indent = LABEL_COLUMNS;
            text.paragraph(indent, &format!("{:<indent$}{value}", format!("{label}:")));
        }
        text.blank();
        text.paragraph(0, &format!("{}:", self.list_name));
        for (at, entry) in self.list.iter().take(ENTRIES_MAX).enumerate() {
            text.paragraph(5, &format!("{:>3}. {entry}", at + 1));
        }
        if let Some(rest) = self.rest_of_list() {
            text.paragraph(5, &format!("  {rest}"));
        }
        text.blank();
        text.paragraph(0, &format!("What happens next: {}", self.next));
        text.paragraph(0, "See why:");
        text.verbatim(&format!("  {}", self.command));
        if let Some(page) = page {
            text.verbatim(&format!("  {page}"));
        }
        text.0
    }

    /// The text of a chat, in Markdown. Names are in code, where they mean nothing.
    pub fn chat(&self, page: Option<&str>) -> String {
        let Headline { noun, name, says } = &self.headline;
        let mut text = format!("{noun} {}{says}\n\n", code(name));
        for (label, value) in &self.facts {
            line(&mut text, format_args!("**{label}:** {}", code(value)));
        }
        line(&mut text, format_args!("\n**{}**", self.list_name));
        for (at, entry) in self.list.iter().take(ENTRIES_MAX).enumerate() {
            line(&mut text, format_args!("{}. {}", at + 1, code(entry)));
        }
        if let Some(rest) = self.rest_of_list() {
            line(&mut text, format_args!("{rest}"));
        }
        line(&mut text, format_args!("\n**What happens next:** {}", self.next));
        line(&mut text, format_args!("**See why:** {}", code(&self.command)));
        if let Some(page) = page {
            line(&mut text, format_args!("**Page:** {page}"));
        }
        text
    }

    fn rest_of_list(&self) -> Option<String> {
        match self.list.len() {
            0 => Some(self.no_entries.to_owned()),
            count if count > ENTRIES_MAX => Some(format!("and {} more", count - ENTRIES_MAX)),
            _ => None,
        }
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A text takes everything.
    let _ = writeln!(text, "{line}");
}

/// A text as code of Markdown. The signs that end it, or that a chat reads even there, are written as others
/// that look alike.
fn code(text: &str) -> String {
    let text = cut(&shown(text));
    let inert = |it| match it {
        '`' => '\'',
        '<' => '‹',
        '>' => '›',
        '@' => '＠',
        other => other,
    };
    format!("`{}`", text.chars().map(inert).collect::<String>())
}

/// The beginning of a long text.
fn cut(text: &str) -> String {
    let end = text.char_indices().nth(PARAGRAPH_CHARS_MAX).map(|(end, _)| end);
    match end.and_then(|end| text.get(..end)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}

/// A text in lines of 80 columns.
#[derive(Default)]
struct Text(String);

impl Text {
    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn verbatim(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Adds a paragraph whose further lines are moved in. Names are a bill's: one that brings a line of
    /// its own must not look like a line of ours.
    fn paragraph(&mut self, indent: usize, text: &str) {
        let mut columns = 0;
        for (at, word) in cut(&shown(text)).split(' ').enumerate() {
            let width = word.chars().count();
            // The words of ours that lead a line are short: they never stay alone on it.
            if at > 0 && columns + 1 + width > COLUMNS && columns > indent {
                self.0.push('\n');
                self.0.push_str(&" ".repeat(indent));
                columns = indent;
            } else if at > 0 {
                self.0.push(' ');
                columns += 1;
            }
            self.0.push_str(word);
            columns += width;
        }
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> Message {
        Message {
            headline: Headline {
                noun: "Budget",
                name: name.to_owned(),
                says: " has reached 80% of its limit.".to_owned(),
            },
            facts: vec![("Owner", name.to_owned())],
            list_name: "What drives it",
            list: vec![format!("1.00 USD {name}")],
            no_entries: "nothing",
            next: "there is no more.".to_owned(),
            command: "tollbook report".to_owned(),
        }
    }

    #[test]
    fn a_chat_has_the_words_of_the_mail() {
        insta::assert_snapshot!(message("search").chat(Some("https://example.com/")), @r"
        Budget `search` has reached 80% of its limit.

        **Owner:** `search`

        **What drives it**
        1. `1.00 USD search`

        **What happens next:** there is no more.
        **See why:** `tollbook report`
        **Page:** https://example.com/
        ");
    }

    #[test]
    fn a_name_means_nothing_to_a_chat() {
        let hostile = "a` <!channel> @here [x](https://example.com)\n**Owner:** other";
        let chat = message(hostile).chat(None);
        let code = "`a' ‹!channel› ＠here [x](https://example.com)\\u{a}**Owner:** other`";
        assert!(chat.contains(&format!("**Owner:** {code}\n")), "{chat}");
        let outside = chat.split('`').step_by(2).collect::<String>();
        for sign in ["<", ">", "@", "[", "other"] {
            assert!(!outside.contains(sign), "{outside}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let list = (0..53).map(|it| it.to_string()).collect();
        let message = Message { list, ..message("search") };
        for text in [message.mail(None), message.chat(None)] {
            assert!(text.contains("and 3 more"), "{text}");
            assert!(!text.contains("51."), "{text}");
        }
    }
}
