//! The dimensions of the business that rules set: team, product, cost centre …

use std::sync::Arc;

/// What a charge was for, in the words of the business. Each is set by the rule that claims it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the dimensions of DESIGN 7")]
pub struct Business {
    pub team: Option<Arc<str>>,
    pub product: Option<Arc<str>>,
    pub cost_centre: Option<Arc<str>>,
    pub environment: Option<Arc<str>>,
    pub customer: Option<Arc<str>>,
    pub workflow: Option<Arc<str>>,
    pub agent: Option<Arc<str>>,
}

/// A business dimension that a rule can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the fields of Business")]
pub enum BusinessField {
    Team,
    Product,
    CostCentre,
    Environment,
    Customer,
    Workflow,
    Agent,
}

impl BusinessField {
    /// All of them, in the order they show.
    pub const ALL: [BusinessField; 7] = [
        BusinessField::Team,
        BusinessField::Product,
        BusinessField::CostCentre,
        BusinessField::Environment,
        BusinessField::Customer,
        BusinessField::Workflow,
        BusinessField::Agent,
    ];

    /// The key in a rules file.
    pub fn as_str(self) -> &'static str {
        match self {
            BusinessField::Team => "team",
            BusinessField::Product => "product",
            BusinessField::CostCentre => "cost_centre",
            BusinessField::Environment => "environment",
            BusinessField::Customer => "customer",
            BusinessField::Workflow => "workflow",
            BusinessField::Agent => "agent",
        }
    }

    /// The value of this field.
    pub fn of(self, business: &Business) -> Option<&Arc<str>> {
        match self {
            BusinessField::Team => business.team.as_ref(),
            BusinessField::Product => business.product.as_ref(),
            BusinessField::CostCentre => business.cost_centre.as_ref(),
            BusinessField::Environment => business.environment.as_ref(),
            BusinessField::Customer => business.customer.as_ref(),
            BusinessField::Workflow => business.workflow.as_ref(),
            BusinessField::Agent => business.agent.as_ref(),
        }
    }

    /// The place of this field, to set it.
    pub fn slot(self, business: &mut Business) -> &mut Option<Arc<str>> {
        match self {
            BusinessField::Team => &mut business.team,
            BusinessField::Product => &mut business.product,
            BusinessField::CostCentre => &mut business.cost_centre,
            BusinessField::Environment => &mut business.environment,
            BusinessField::Customer => &mut business.customer,
            BusinessField::Workflow => &mut business.workflow,
            BusinessField::Agent => &mut business.agent,
        }
    }
}
