//! Findings: what a person should know about the ledger or its input.

labels! {
    /// The kinds of findings. `docs/findings.md` explains each and its fix.
    pub enum FindingCode {
        /// Ids of accounts were numbers, and were read as the digits that these were made from.
        AccountRestored = "account-restored",
        /// A recorded alert was not accepted.
        AlertNotSent = "alert-not-sent",
        /// A recorded alert may or may not have arrived.
        AlertUnconfirmed = "alert-unconfirmed",
        /// Amounts had more than 15 fraction digits.
        AmountRounded = "amount-rounded",
        /// Much cost has an identity that hides its callers, or that says nothing of whom it called for.
        AttributionHidden = "attribution-hidden",
        /// A delivery has lines of a bill that another one does not have, and is kept beside it.
        BillInParts = "bill-in-parts",
        /// The newest delivery of a bill was made before its month ended.
        BillNotFinal = "bill-not-final",
        /// A delivery was put in place of bills.
        BillReplaced = "bill-replaced",
        /// An export no longer contains a bill that it delivered earlier.
        BillWithdrawn = "bill-withdrawn",
        /// A budget is in a currency that no bill has.
        BudgetCurrency = "budget-currency",
        /// Cells cannot be read; the cost of their lines is kept.
        CellUnreadable = "cell-unreadable",
        /// An export lacks columns.
        ColumnMissing = "column-missing",
        /// Owners of budgets have no contact, and there is no fallback.
        ContactMissing = "contact-missing",
        /// Groups of a day do not add up to the day's total.
        ControlTotal = "control-total",
        /// Other users of the machine may read the data folder.
        DataFolderShared = "data-folder-shared",
        /// The newest day with data is too long ago.
        DataStale = "data-stale",
        /// The file of the embedded database is damaged.
        DatabaseDamaged = "database-damaged",
        /// Days of an earlier delivery stay, because a later one lacks them.
        DaysKept = "days-kept",
        /// A bill is from another export than before, with the same lines.
        DelivererChanged = "deliverer-changed",
        /// A delivery holds bills that are not of its month.
        DeliveryMixed = "delivery-mixed",
        /// A delivery is held back, because it would take money away.
        DeliveryPending = "delivery-pending",
        /// The ledger holds a newer delivery of the same bill.
        DeliverySuperseded = "delivery-superseded",
        /// An environment has a larger share of all cost than its limit.
        EnvironmentOutgrown = "environment-outgrown",
        /// A delivery is of an export that the ledger is not fed by.
        ExportForeign = "export-foreign",
        /// Lines of a bill lack fields.
        FieldsUnknown = "fields-unknown",
        /// A file is of the kind before exports 2.0.
        LegacyReport = "legacy-report",
        /// Lines of a bill could not be read.
        LinesRejected = "lines-rejected",
        /// Days were stored by an earlier version, which kept fewer measures.
        MeasuresMissing = "measures-missing",
        /// An environment uses models that it does not allow.
        ModelNotAllowed = "model-not-allowed",
        /// The provider names no service for generative AI.
        NoAiService = "no-ai-service",
        /// No budgets are applied.
        NoBudgets = "no-budgets",
        /// Lines name no callers.
        NoCallers = "no-callers",
        /// The ledger holds no bill.
        NoData = "no-data",
        /// No rules are applied.
        NoRules = "no-rules",
        /// Lines lack the columns that amortized cost needs.
        NotAmortized = "not-amortized",
        /// An owner who would get cost has no budget, so alerts reach no recipient.
        OwnerWithoutContact = "owner-without-contact",
        /// A bill without a payer may be the bill of one.
        PayerUnknown = "payer-unknown",
        /// The cost of a closed month is not what was booked.
        PeriodChanged = "period-changed",
        /// Lines name callers that cannot be read.
        PrincipalUnreadable = "principal-unreadable",
        /// A quick look had nothing for days that had cost before.
        QuickLookEmpty = "quick-look-empty",
        /// Bill and quick look differ on a settled day.
        Reconciliation = "reconciliation",
        /// The limit of requests was reached.
        RequestCap = "request-cap",
        /// No line can meet the condition of a rule.
        RuleContradictory = "rule-contradictory",
        /// The days on which a rule counts are over.
        RuleEnded = "rule-ended",
        /// Two rules claim the same lines for different owners.
        RuleOverlap = "rule-overlap",
        /// A rule can never match, because of those before it.
        RuleUnreachable = "rule-unreachable",
        /// A rule claims nothing in the ledger.
        RuleUnused = "rule-unused",
        /// A bill keeps its owners, because those by other rules cannot be known without its files.
        RulesHeldBack = "rules-held-back",
        /// Rules would move all cost to other owners.
        RulesMoveEverything = "rules-move-everything",
        /// Rules would move no cost.
        RulesMoveNothing = "rules-move-nothing",
        /// A bill follows an older version of the rules.
        RulesOutdated = "rules-outdated",
        /// Session names of a role were folded into one.
        SessionsFolded = "sessions-folded",
        /// No cost carries a tag.
        TagKeySilent = "tag-key-silent",
        /// Lines count tokens and are not charges for AI.
        TokensNotAi = "tokens-not-ai",
        /// Alerts or alarms go to a topic that has no subscriber.
        TopicWithoutSubscriber = "topic-without-subscriber",
        /// Much cost has no owner.
        Unattributed = "unattributed",
        /// Usage types could not be read, so that their lines have no meter.
        UsageTypeUnknown = "usage-type-unknown",
    }
}

/// Something a person should know, and the fix where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The kind, a stable word for scripts.
    pub code: FindingCode,
    /// One sentence: what, where, and what to do.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../../docs/findings.md");

    #[test]
    fn each_code_is_explained_in_the_docs_in_order() {
        let explained: Vec<&str> = DOCS
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(code, _)| code)
            .collect();
        let codes: Vec<&str> = FindingCode::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(explained, codes);
    }

    #[test]
    fn codes_are_sorted_words_with_hyphens() {
        let codes: Vec<&str> = FindingCode::ALL.iter().map(|it| it.as_str()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        for code in codes {
            assert!(code.bytes().all(|it| it == b'-' || it.is_ascii_lowercase()), "{code}");
        }
    }
}
