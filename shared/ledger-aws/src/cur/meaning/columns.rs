//! The columns that are read, and what their absence means.

use ledger_core::bill_text::BillText;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Date,
    Map,
}

impl Kind {
    /// The types that can be read, for a message.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "a double, a decimal, an integer or text",
            Kind::Date => "a timestamp, a date or text",
            Kind::Map => "a map of text to text, or JSON text",
        }
    }
}

/// The lines that a column is read of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// All of them.
    All,
    /// Charges for AI. Other lines are only totalled, so that nothing in such a cell is a reason to
    /// leave one out.
    Ai,
    /// The few charges for AI that are amortized. They are read as text.
    Amortized,
}

/// Declares [`Column`] with what is known of each: its name in AWS's spelling, the type of its
/// values, and the lines it is read of.
macro_rules! columns {
    ($($column:ident = $name:literal, $kind:ident, $lines:ident;)+) => {
        /// A column that is read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column {
            $($column,)+
        }

        impl Column {
            /// All of them, in the order of their numbers.
            pub(crate) const ALL: [Column; [$($name),+].len()] = [$(Column::$column),+];

            /// The name in AWS's spelling.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Column::$column => $name,)+
                }
            }

            /// The type of its values.
            pub(crate) fn kind(self) -> Kind {
                match self {
                    $(Column::$column => Kind::$kind,)+
                }
            }

            const fn lines(self) -> Lines {
                match self {
                    $(Column::$column => Lines::$lines,)+
                }
            }
        }
    };
}

columns! {
    BillingEntity = "bill_billing_entity", Text, All;
    PeriodStart = "bill_billing_period_start_date", Date, All;
    Payer = "bill_payer_account_id", Text, All;
    Account = "line_item_usage_account_id", Text, Ai;
    UsageStart = "line_item_usage_start_date", Date, All;
    LineType = "line_item_line_item_type", Text, Ai;
    Description = "line_item_line_item_description", Text, Ai;
    ProductCode = "line_item_product_code", Text, All;
    UsageType = "line_item_usage_type", Text, All;
    Amount = "line_item_usage_amount", Number, Ai;
    Unblended = "line_item_unblended_cost", Number, All;
    NetUnblended = "line_item_net_unblended_cost", Number, All;
    Currency = "line_item_currency_code", Text, All;
    Principal = "line_item_iam_principal", Text, Ai;
    PricingUnit = "pricing_unit", Text, Ai;
    Product = "product", Map, All;
    ProductFamily = "product_product_family", Text, All;
    Region = "product_region_code", Text, Ai;
    AvailabilityZone = "line_item_availability_zone", Text, Ai;
    Tags = "tags", Map, Ai;
    InvoiceId = "bill_invoice_id", Text, Ai;
    List = "pricing_public_on_demand_cost", Number, Ai;
    SavingsPlanEffectiveCost = "savings_plan_savings_plan_effective_cost", Number, Amortized;
    SavingsPlanNetEffectiveCost = "savings_plan_net_savings_plan_effective_cost", Number, Amortized;
    SavingsPlanTotalCommitment = "savings_plan_total_commitment_to_date", Number, Amortized;
    SavingsPlanUsedCommitment = "savings_plan_used_commitment", Number, Amortized;
    SavingsPlanRecurringCommitment =
        "savings_plan_recurring_commitment_for_billing_period", Number, Amortized;
    SavingsPlanNetRecurringCommitment =
        "savings_plan_net_recurring_commitment_for_billing_period", Number, Amortized;
    SavingsPlanUpfrontCommitment =
        "savings_plan_amortized_upfront_commitment_for_billing_period", Number, Amortized;
    SavingsPlanNetUpfrontCommitment =
        "savings_plan_net_amortized_upfront_commitment_for_billing_period", Number, Amortized;
    ReservationEffectiveCost = "reservation_effective_cost", Number, Amortized;
    ReservationNetEffectiveCost = "reservation_net_effective_cost", Number, Amortized;
    ReservationUnusedUpfrontFee =
        "reservation_unused_amortized_upfront_fee_for_billing_period", Number, Amortized;
    ReservationNetUnusedUpfrontFee =
        "reservation_net_unused_amortized_upfront_fee_for_billing_period", Number, Amortized;
    ReservationUnusedRecurringFee = "reservation_unused_recurring_fee", Number, Amortized;
    ReservationNetUnusedRecurringFee = "reservation_net_unused_recurring_fee", Number, Amortized;
    ReservationArn = "reservation_reservation_a_r_n", Text, Amortized;
}

/// The number of columns that are read.
pub(crate) const COUNT: usize = Column::ALL.len();

/// Columns that a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnSet(u64);

const _: () = assert!(COUNT <= 64, "each column has a bit");

impl ColumnSet {
    pub(crate) fn insert(&mut self, column: Column) {
        self.0 |= 1 << column as u32;
    }

    pub(crate) fn has(self, column: Column) -> bool {
        self.0 & (1 << column as u32) != 0
    }
}

/// The columns that name the caller, and the texts that are kept as they are, beside the tags.
pub(crate) const CALLER_COLUMNS: [Column; 2 + BillText::COUNT] = {
    let mut columns = [Column::Account; 2 + BillText::COUNT];
    columns[0] = Column::Principal;
    let (mut places, mut texts) = (columns.split_at_mut(2).1, BillText::ALL);
    while let ([place, more_places @ ..], [text, more_texts @ ..]) = (places, texts) {
        *place = Column::of_text(*text);
        (places, texts) = (more_places, more_texts);
    }
    columns
};

/// The columns that name the product that was charged for, beside its attributes.
pub(crate) const PRODUCT_COLUMNS: [Column; 6] = [
    Column::ProductCode,
    Column::BillingEntity,
    Column::ProductFamily,
    Column::UsageType,
    Column::PricingUnit,
    Column::Description,
];

impl Column {
    /// The columns that are read of every AI line. The others say how a few lines are amortized.
    pub(crate) const OF_ALL_LINES: &[Column] = {
        let mut rest: &[Column] = &Column::ALL;
        while let [column, more @ ..] = rest
            && !matches!(column.lines(), Lines::Amortized)
        {
            rest = more;
        }
        Column::ALL.split_at(COUNT - rest.len()).0
    };

    /// Without these a line says nothing.
    pub(crate) const REQUIRED: [Column; 3] =
        [Column::UsageStart, Column::Unblended, Column::UsageType];

    /// Whether it matters for AI lines alone.
    pub(crate) fn is_for_ai(self) -> bool {
        self.lines() != Lines::All
    }

    /// Where a text is that is kept as it is.
    pub(crate) const fn of_text(text: BillText) -> Column {
        match text {
            BillText::Region => Column::Region,
            BillText::AvailabilityZone => Column::AvailabilityZone,
            BillText::InvoiceId => Column::InvoiceId,
        }
    }

    /// The consequence of its absence and the fix; `None` where nothing is lost.
    pub(crate) fn absence(self) -> Option<&'static str> {
        Some(match self {
            Column::Principal => {
                "no line names its caller; set the table property `INCLUDE_IAM_PRINCIPAL_DATA` to \
                 `\"TRUE\"` and name the column in the export's query"
            }
            Column::Amount => {
                "no line has tokens or a quantity; name the column in the export's query"
            }
            Column::PricingUnit => {
                "no quantity has a unit, so none is kept; name the column in the export's query"
            }
            Column::List => {
                "the unblended cost counts as the list cost; name the column in the export's query"
            }
            Column::InvoiceId => "no line names its invoice; name the column in the export's query",
            Column::Tags => "no line has tags; name the column in the export's query",
            Column::Currency => "amounts are read as USD; name the column in the export's query",
            Column::Payer => {
                "the payer is read as `unknown`; name the column in the export's query"
            }
            Column::PeriodStart => {
                "the bill is the one of the folder or of the month of usage; name the column in \
                 the export's query"
            }
            Column::Account => {
                "the account is read from the caller where there is one; name the column in the \
                 export's query"
            }
            Column::Product => {
                "models that AWS Marketplace sells have no names, and those of their charges that \
                 are not tokens can count as other cost; name the column in the export's query"
            }
            Column::ProductCode => {
                "generative AI is told from the usage type alone; name the column in the export's \
                 query"
            }
            _ => return None,
        })
    }
}
