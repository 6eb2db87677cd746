//! Bills as CSV files, in the columns of a CUR 2.0 export.

use std::fmt::Write as _;

/// Columns of a bill, each with the value that a line has unless it is given another one.
const DEFAULTS: [(&str, &str); 13] = [
    ("bill_billing_period_start_date", "2026-10-01T00:00:00Z"),
    ("bill_payer_account_id", "123456789012"),
    ("line_item_usage_account_id", "123456789012"),
    ("line_item_usage_start_date", "2026-10-01T00:00:00Z"),
    ("line_item_line_item_type", "Usage"),
    ("line_item_product_code", "AmazonBedrock"),
    ("line_item_usage_type", "USE1-NovaLite-input-tokens"),
    ("line_item_usage_amount", "1"),
    ("pricing_unit", "1K tokens"),
    ("line_item_unblended_cost", "1"),
    ("line_item_currency_code", "USD"),
    ("line_item_iam_principal", "arn:aws:sts::123456789012:assumed-role/app-search/run"),
    ("tags", r#"{"iamPrincipal/team":"search"}"#),
];

/// A bill that grows line by line.
///
/// ```
/// use ledger_testkit::csv_bill::CsvBill;
/// let bill = CsvBill::default()
///     .line(&[("line_item_unblended_cost", "2.5")])
///     .line(&[("line_item_net_unblended_cost", "2")]);
/// assert!(bill.to_string().lines().next().unwrap().ends_with(",line_item_net_unblended_cost"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CsvBill {
    /// Columns beyond the defaults, in the order of their first use.
    more: Vec<String>,
    lines: Vec<Vec<(String, String)>>,
}

impl CsvBill {
    /// Adds a line with these values; a column without a default is empty in all other lines.
    pub fn line(mut self, values: &[(&str, &str)]) -> CsvBill {
        let mut line = Vec::new();
        for (column, value) in values {
            let is_known = DEFAULTS.iter().any(|(name, _)| name == column)
                || self.more.iter().any(|name| name == column);
            if !is_known {
                self.more.push((*column).to_owned());
            }
            line.push(((*column).to_owned(), (*value).to_owned()));
        }
        self.lines.push(line);
        self
    }
}

impl std::fmt::Display for CsvBill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let more = self.more.iter().map(|name| (name.as_str(), ""));
        let columns: Vec<(&str, &str)> = DEFAULTS.into_iter().chain(more).collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        writeln!(f, "{}", names.join(","))?;
        for line in &self.lines {
            let mut text = String::new();
            for (name, default) in &columns {
                let given = line.iter().rfind(|(column, _)| column == name);
                let value = given.map_or(*default, |(_, value)| value);
                let comma = if text.is_empty() { "" } else { "," };
                match value.contains([',', '"', '\n']) {
                    true => write!(text, "{comma}\"{}\"", value.replace('"', "\"\""))?,
                    false => write!(text, "{comma}{value}")?,
                }
            }
            writeln!(f, "{text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_own_values_and_otherwise_the_defaults() {
        let bill = CsvBill::default()
            .line(&[])
            .line(&[("line_item_unblended_cost", "2"), ("invoice", "a,b")])
            .to_string();
        let lines: Vec<&str> = bill.lines().collect();
        assert!(lines[1].ends_with(r#",1,USD,arn:aws:sts::123456789012:assumed-role/app-search/run,"{""iamPrincipal/team"":""search""}","#));
        assert!(lines[2].contains(",2,USD,") && lines[2].ends_with(r#","a,b""#));
    }
}
