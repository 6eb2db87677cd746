//! The columns that are read, and what their absence means.

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
            Kind::Number => "a double, a decimal, a 64-bit integer or text",
            Kind::Date => "a timestamp, a date or text",
            Kind::Map => "a map of text to text, or JSON text",
        }
    }
}

/// A column that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    BillingEntity,
    PeriodStart,
    Payer,
    Account,
    UsageStart,
    LineType,
    Description,
    ProductCode,
    UsageType,
    Amount,
    Unblended,
    NetUnblended,
    Currency,
    Principal,
    PricingUnit,
    Product,
    ProductFamily,
    Region,
    Tags,
    InvoiceId,
    List,
    SavingsPlanEffectiveCost,
    SavingsPlanNetEffectiveCost,
    SavingsPlanTotalCommitment,
    SavingsPlanUsedCommitment,
    SavingsPlanRecurringCommitment,
    SavingsPlanNetRecurringCommitment,
    SavingsPlanUpfrontCommitment,
    SavingsPlanNetUpfrontCommitment,
    ReservationEffectiveCost,
    ReservationNetEffectiveCost,
    ReservationUnusedUpfrontFee,
    ReservationNetUnusedUpfrontFee,
    ReservationUnusedRecurringFee,
    ReservationNetUnusedRecurringFee,
    ReservationArn,
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

/// The columns that name the caller and the invoice, beside the tags.
pub(crate) const CALLER_COLUMNS: [Column; 4] =
    [Column::Principal, Column::Account, Column::Region, Column::InvoiceId];

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
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Column; 36] = [
        Column::BillingEntity,
        Column::PeriodStart,
        Column::Payer,
        Column::Account,
        Column::UsageStart,
        Column::LineType,
        Column::Description,
        Column::ProductCode,
        Column::UsageType,
        Column::Amount,
        Column::Unblended,
        Column::NetUnblended,
        Column::Currency,
        Column::Principal,
        Column::PricingUnit,
        Column::Product,
        Column::ProductFamily,
        Column::Region,
        Column::Tags,
        Column::InvoiceId,
        Column::List,
        Column::SavingsPlanEffectiveCost,
        Column::SavingsPlanNetEffectiveCost,
        Column::SavingsPlanTotalCommitment,
        Column::SavingsPlanUsedCommitment,
        Column::SavingsPlanRecurringCommitment,
        Column::SavingsPlanNetRecurringCommitment,
        Column::SavingsPlanUpfrontCommitment,
        Column::SavingsPlanNetUpfrontCommitment,
        Column::ReservationEffectiveCost,
        Column::ReservationNetEffectiveCost,
        Column::ReservationUnusedUpfrontFee,
        Column::ReservationNetUnusedUpfrontFee,
        Column::ReservationUnusedRecurringFee,
        Column::ReservationNetUnusedRecurringFee,
        Column::ReservationArn,
    ];

    /// The columns that are read of every AI line. The others say how a few lines are amortized, which
    /// are read as text.
    pub(crate) const OF_ALL_LINES: &[Column] = Column::ALL.split_at(21).0;

    /// Without these a line says nothing.
    pub(crate) const REQUIRED: [Column; 3] =
        [Column::UsageStart, Column::Unblended, Column::UsageType];

    /// The name in AWS's spelling.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::BillingEntity => "bill_billing_entity",
            Column::PeriodStart => "bill_billing_period_start_date",
            Column::Payer => "bill_payer_account_id",
            Column::Account => "line_item_usage_account_id",
            Column::UsageStart => "line_item_usage_start_date",
            Column::LineType => "line_item_line_item_type",
            Column::Description => "line_item_line_item_description",
            Column::ProductCode => "line_item_product_code",
            Column::UsageType => "line_item_usage_type",
            Column::Amount => "line_item_usage_amount",
            Column::Unblended => "line_item_unblended_cost",
            Column::NetUnblended => "line_item_net_unblended_cost",
            Column::Currency => "line_item_currency_code",
            Column::Principal => "line_item_iam_principal",
            Column::PricingUnit => "pricing_unit",
            Column::Product => "product",
            Column::ProductFamily => "product_product_family",
            Column::Region => "product_region_code",
            Column::Tags => "tags",
            Column::InvoiceId => "bill_invoice_id",
            Column::List => "pricing_public_on_demand_cost",
            Column::SavingsPlanEffectiveCost => "savings_plan_savings_plan_effective_cost",
            Column::SavingsPlanNetEffectiveCost => "savings_plan_net_savings_plan_effective_cost",
            Column::SavingsPlanTotalCommitment => "savings_plan_total_commitment_to_date",
            Column::SavingsPlanUsedCommitment => "savings_plan_used_commitment",
            Column::SavingsPlanRecurringCommitment => {
                "savings_plan_recurring_commitment_for_billing_period"
            }
            Column::SavingsPlanNetRecurringCommitment => {
                "savings_plan_net_recurring_commitment_for_billing_period"
            }
            Column::SavingsPlanUpfrontCommitment => {
                "savings_plan_amortized_upfront_commitment_for_billing_period"
            }
            Column::SavingsPlanNetUpfrontCommitment => {
                "savings_plan_net_amortized_upfront_commitment_for_billing_period"
            }
            Column::ReservationEffectiveCost => "reservation_effective_cost",
            Column::ReservationNetEffectiveCost => "reservation_net_effective_cost",
            Column::ReservationUnusedUpfrontFee => {
                "reservation_unused_amortized_upfront_fee_for_billing_period"
            }
            Column::ReservationNetUnusedUpfrontFee => {
                "reservation_net_unused_amortized_upfront_fee_for_billing_period"
            }
            Column::ReservationUnusedRecurringFee => "reservation_unused_recurring_fee",
            Column::ReservationNetUnusedRecurringFee => "reservation_net_unused_recurring_fee",
            Column::ReservationArn => "reservation_reservation_a_r_n",
        }
    }

    /// The type of its values.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Column::PeriodStart | Column::UsageStart => Kind::Date,
            Column::Amount | Column::Unblended | Column::NetUnblended | Column::List => {
                Kind::Number
            }
            Column::ReservationArn => Kind::Text,
            it if it.is_for_amortizing() => Kind::Number,
            Column::Product | Column::Tags => Kind::Map,
            _ => Kind::Text,
        }
    }

    /// Whether it matters for AI lines alone. Other lines are only totalled, so that nothing
    /// in such a cell is a reason to leave one out.
    pub(crate) fn is_for_ai(self) -> bool {
        self.is_for_amortizing()
            || matches!(
                self,
                Column::Account
                    | Column::Amount
                    | Column::Description
                    | Column::InvoiceId
                    | Column::LineType
                    | Column::List
                    | Column::PricingUnit
                    | Column::Principal
                    | Column::Region
                    | Column::Tags
            )
    }

    /// Whether it says how a few AI lines are amortized, and nothing else.
    fn is_for_amortizing(self) -> bool {
        !Column::OF_ALL_LINES.contains(&self)
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
            Column::ProductCode => {
                "generative AI is told from the usage type alone; name the column in the export's \
                 query"
            }
            _ => return None,
        })
    }
}
