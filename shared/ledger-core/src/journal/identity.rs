//! The id and the hash of a journal's content.

use sha2::{Digest as _, Sha256};

use super::posted::{Journal, JournalLine, Support};
use crate::money::Money;
use crate::organisation::Code;

/// The form of the bytes that are hashed: another form gives other ids.
const FORM: &str = "tollbook-journal/3";

/// The start of each id.
const ID_START: &str = "TB";

/// Hexadecimal digits in an id: with its start they fit the shortest field for a reference, of 16
/// characters, and beside a month into a header text of 25.
const ID_DIGITS: usize = 12;

/// Gives a journal the id and the hash of its content. Its status is not part of it: a month that becomes
/// final without a change is the same batch.
pub(super) fn identified(journal: Journal) -> Journal {
    let mut bytes = Bytes(Sha256::new());
    let Journal { period, posting_date, currency, entity, kind, cost_kind, lines, .. } = &journal;
    bytes.text(FORM);
    bytes.text(&period.to_string());
    bytes.text(&posting_date.to_string());
    bytes.text(currency.as_str());
    bytes.text(entity.code.as_str());
    bytes.text(&entity.name);
    bytes.maybe(entity.ledger_id.as_ref().map(Code::as_str));
    bytes.maybe(entity.home_currency.map(|it| it.to_string()).as_deref());
    bytes.text(kind.as_str());
    bytes.text(cost_kind.as_str());
    bytes.count(lines.len());
    lines.iter().for_each(|it| bytes.line(it));
    bytes.supports(&journal.below_minor_unit);
    let digest = bytes.0.finalize();
    let content_hash: String = digest.iter().map(|it| format!("{it:02x}")).collect();
    let digits: String = content_hash.chars().take(ID_DIGITS).collect();
    let batch_id = format!("{ID_START}{}", digits.to_uppercase());
    Journal { batch_id, content_hash, ..journal }
}

/// Bytes in which no two contents look alike: each text has its length in front.
struct Bytes(Sha256);

impl Bytes {
    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.count(text.iter().len());
        self.text(text.unwrap_or(""));
    }

    fn money(&mut self, money: Money) {
        self.0.update(money.femto_units().to_be_bytes());
    }

    fn line(&mut self, line: &JournalLine) {
        let JournalLine { kind, account, cost_centre, side, amount, text, .. } = line;
        let JournalLine { account_name, cost_centre_name, counterpart, tax_code, support, .. } =
            line;
        self.text(kind.as_str());
        self.text(account.as_str());
        self.text(account_name);
        self.maybe(cost_centre.as_ref().map(Code::as_str));
        self.maybe(cost_centre_name.as_deref());
        self.text(side.as_str());
        self.money(*amount);
        self.text(text);
        self.maybe(counterpart.as_ref().map(Code::as_str));
        self.maybe(tax_code.as_ref().map(Code::as_str));
        self.supports(support);
    }

    fn supports(&mut self, supports: &[Support]) {
        self.count(supports.len());
        for Support { owner, environment, service, exact, line_count } in supports {
            self.text(owner.as_str());
            self.maybe(environment.as_deref());
            self.text(service);
            self.money(*exact);
            self.number(*line_count);
        }
    }
}
