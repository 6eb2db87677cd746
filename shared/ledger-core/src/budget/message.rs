//! The words of an alert.

use super::{Budget, Calendar, Crossing, CrossingKind, Driver, Projection, Spend, Verdict};
use crate::letter::{is_misleading, shown};
use crate::percent::Percent;
use crate::period::{ChargePeriod, Window};

/// The strictest channel of alerts refuses a subject of 100 characters or more.
const SUBJECT_CHARS_MAX: usize = 99;

/// Values of each dimension of a scope that a body names: a scope may hold thousands, and a message is
/// limited in size.
const SCOPE_VALUES_MAX: usize = 20;

/// Letters of one paragraph of a body. A message of 256 KiB is refused, holds the text more than once, and
/// a name can have any length.
const PARAGRAPH_CHARS_MAX: usize = 600;

/// Columns of a terminal, and of a mail that is read without scrolling.
const COLUMNS: usize = 80;

/// Columns of the names of values.
const LABEL_COLUMNS: usize = 13;

/// A subject of one line.
pub(super) fn subject(verdict: &Verdict, crossing: Crossing) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let limit = budget.limit.to_reader();
    let share = match crossing.kind {
        CrossingKind::Reached => format!("{}% of {limit}", verdict.percent()),
        CrossingKind::BackBelow => {
            format!("back below {}%, {}% of {limit}", crossing.threshold, verdict.percent())
        }
        CrossingKind::Projected => format!("forecast {}% of {limit}", projected_percent(verdict)),
    };
    let text = format!(
        "[AI budget] {} {share} ({}) - owner {}",
        budget.name,
        window_name(budget.calendar, spend.period),
        budget.owner,
    );
    // Channels refuse control characters and long subjects, and a name of earlier releases may bring
    // either.
    text.chars().filter(|it| !is_misleading(*it)).take(SUBJECT_CHARS_MAX).collect()
}

/// The name of a window. Quarters and years have one in the calendar alone: the month from which a fiscal year
/// counts is not known to every reader.
pub(super) fn window_name(calendar: Calendar, period: ChargePeriod) -> String {
    let start = period.start();
    let is_plain = calendar == Calendar::from(calendar.window());
    let is_whole = calendar.containing(start) == Some(period);
    match calendar.window() {
        Window::Daily => start.to_string(),
        Window::Weekly if is_whole => format!("week of {start}"),
        Window::Monthly if is_plain && is_whole => start.strftime("%b %Y").to_string(),
        Window::Quarterly if is_plain && is_whole => {
            format!("Q{} {}", (start.month() - 1) / 3 + 1, start.year())
        }
        Window::Yearly if is_plain && is_whole => start.year().to_string(),
        _ => period.to_string(),
    }
}

/// The text of an alert that says these crossings, which may be none. `drivers` are the most expensive first.
pub(super) fn body(verdict: &Verdict, crossings: &[Crossing], drivers: &[Driver]) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let mut text = Text::default();
    text.paragraph(0, &headline(verdict, crossings));
    text.blank();
    facts(&mut text, budget, spend);
    if let Some(Projection { expected, low, high }) = verdict.projection {
        let (expected, low, high) = (expected.to_reader(), low.to_reader(), high.to_reader());
        let forecast = format!("{expected} by its end; 80 of 100 times {low} to {high}");
        text.fact("Forecast", &forecast);
    }
    text.blank();
    text.paragraph(0, "What drives it:");
    for (at, driver) in drivers.iter().enumerate() {
        text.paragraph(5, &format!("  {}. {} {driver}", at + 1, driver.cost.to_reader()));
    }
    if drivers.is_empty() {
        text.paragraph(5, "  no cost in this window");
    }
    text.blank();
    text.paragraph(0, &format!("What happens next: {}", what_is_next(verdict)));
    text.paragraph(0, "See why:");
    text.verbatim(&format!(
        "  tollbook report --by principal,model --from {} --to {}",
        spend.period.start(),
        spend.period.end()
    ));
    text.0
}

fn headline(verdict: &Verdict, crossings: &[Crossing]) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let of_kind = |kind| {
        let mut of_kind: Vec<u16> =
            crossings.iter().filter(|it| it.kind == kind).map(|it| it.threshold).collect();
        of_kind.sort_unstable();
        let words: Vec<String> = of_kind.iter().map(|it| format!("{it}%")).collect();
        (!words.is_empty()).then(|| words.join(" and "))
    };
    let (mut says, mut so_far) = (Vec::new(), "");
    if let Some(thresholds) = of_kind(CrossingKind::Reached) {
        says.push(format!("has reached {thresholds} of its limit"));
    }
    if let Some(thresholds) = of_kind(CrossingKind::BackBelow) {
        says.push(format!(
            "is back below {thresholds} of its limit, because bills were restated or the budget was \
             changed"
        ));
    }
    if let Some(thresholds) = of_kind(CrossingKind::Projected) {
        says.push(format!(
            "is expected to reach {thresholds} of its limit by the end of its window ({}%)",
            projected_percent(verdict)
        ));
        so_far = " so far";
    }
    let says = if says.is_empty() { String::new() } else { format!(" {}", says.join(" and ")) };
    format!(
        "Budget `{}`{says}: {} of {} ({}%){so_far}.",
        budget.name,
        spend.cost.to_reader(),
        budget.limit.to_reader(),
        verdict.percent()
    )
}

fn projected_percent(verdict: &Verdict) -> Percent {
    let expected = verdict.projection.map(|it| Percent::of(it.expected, verdict.budget.limit));
    expected.flatten().unwrap_or(Percent::ZERO)
}

fn facts(text: &mut Text, budget: &Budget, spend: &Spend) {
    let mut fact = |label: &str, value: &str| text.fact(label, value);
    fact("Owner", &budget.owner);
    if let Some(deputy) = &budget.deputy {
        fact("Deputy", deputy);
    }
    let counted = budget.scope.shortened(SCOPE_VALUES_MAX);
    fact("Counts", &format!("{counted}, {} cost", budget.cost_kind.as_str()));
    if !spend.beside.is_empty() {
        let beside: Vec<String> = spend.beside.iter().map(|it| it.to_reader()).collect();
        let currency = budget.limit.currency();
        fact("Not counted", &format!("{} (the limit is in {currency})", beside.join(", ")));
    }
    fact("Window", &format!("{} {} (UTC, end excluded)", budget.window(), spend.period));
    if let Some(previous) = spend.previous {
        let previous = previous.to_reader();
        fact("Compared", &format!("{previous} in the window before, up to the same day"));
    }
    let up_to = spend.data_up_to.map_or_else(|| "no data yet".to_owned(), |it| it.to_string());
    fact("Data up to", &format!("{up_to} ({})", spend.status.as_str()));
}

fn what_is_next(verdict: &Verdict) -> String {
    let next = verdict.budget.thresholds.iter().find(|it| !verdict.reached.contains(it));
    let next = match next {
        Some(next) => format!("there is another alert at {next}%."),
        None => "this was the last threshold of this window.".to_owned(),
    };
    format!("{next} Nothing is blocked: Tollbook reads bills and is not in the way of calls.")
}

/// A text in lines of 80 columns.
#[derive(Default)]
struct Text(String);

impl Text {
    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn fact(&mut self, label: &str, value: &str) {
        self.paragraph(LABEL_COLUMNS, &format!("{:<LABEL_COLUMNS$}{value}", format!("{label}:")));
    }

    fn verbatim(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Adds a paragraph whose further lines are moved in. Names are a bill's: one that brings a line of
    /// its own must not look like a line of ours.
    fn paragraph(&mut self, indent: usize, text: &str) {
        let whole = shown(text);
        let end = whole.char_indices().nth(PARAGRAPH_CHARS_MAX).map(|(end, _)| end);
        let cut = end.and_then(|end| whole.get(..end)).unwrap_or(&whole);
        let mut columns = 0;
        for (at, word) in cut.split(' ').enumerate() {
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
        self.0.push_str(if end.is_some() { " …\n" } else { "\n" });
    }
}
