//! The words and limits of AWS Budgets, as far as they decide whether it can express a budget.

use crate::aws::ai_service::is_bedrock_service;
use crate::aws::tags::{OF_CALLER, OF_CATEGORY};

/// The most budgets of an account.
pub const BUDGETS_MAX: usize = 20_000;

/// The most notifications of a budget. The service's model says five in one place and ten in another.
pub const NOTIFICATIONS_MAX: usize = 5;

/// Characters of a budget's name.
const NAME_CHARS_MAX: usize = 100;

/// Why a name is no name of a budget; `None` if it is one.
///
/// **Source:** the pattern of `BudgetName` in the service's model. Names with mail addresses, telephone
/// numbers or web addresses may be refused as well, and only the service knows which.
#[must_use]
pub fn refused_name(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let script = lower.find("<script>");
    let has_script =
        script.and_then(|at| lower.get(at..)).is_some_and(|it| it.contains("</script>"));
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        Some("a name has 1 to 100 characters")
    } else if name.contains([':', '\\']) {
        Some("a name has no `:` and no `\\`")
    } else if name.contains("/action/") || has_script {
        Some("a name has no `/action/` and no script")
    } else {
        None
    }
}

/// Whether a text is the name of an AI service as AWS filters by it; a product code is none.
#[must_use]
pub fn is_service_name(text: &str) -> bool {
    text.contains(' ') && is_bedrock_service(text)
}

/// Whether a tag key of the bill is that of a caller: AWS spells it the same in filters.
#[must_use]
pub fn is_tag_of_caller(key: &str) -> bool {
    key.strip_prefix(OF_CALLER).is_some_and(|it| !it.is_empty())
}

/// The name of a cost category, if a tag key of the bill is one.
#[must_use]
pub fn category_of(key: &str) -> Option<&str> {
    key.strip_prefix(OF_CATEGORY).filter(|it| !it.is_empty())
}

/// The account of a topic, by the topic's ARN: notifications go to topics of the same account.
#[must_use]
pub fn account_of_topic(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [prefix, _, service, region, account, name] = parts.as_slice() else { return None };
    let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
    let is_topic = *prefix == "arn" && *service == "sns" && !region.is_empty() && !name.is_empty();
    (is_account && is_topic).then_some(*account)
}

/// The tag key of a cost category on the bill.
#[must_use]
pub fn key_of_category(name: &str) -> String {
    format!("{OF_CATEGORY}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_service() {
        for name in ["tollbook-search monthly", "a/b", "ä", "a<script>", "</script><script>"] {
            assert_eq!(refused_name(name), None, "{name}");
        }
        let long = "x".repeat(101);
        for name in ["", &long, "a:b", "a\\b", "x/action/y", "a<SCRIPT>b</Script>"] {
            assert!(refused_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_service_is_filtered_by_its_name() {
        assert!(is_service_name("Amazon Bedrock"));
        assert!(is_service_name("Claude Sonnet 4.6 (Amazon Bedrock Edition)"));
        for other in ["AmazonBedrock", "7zgyu5r4", "Amazon Elastic Compute Cloud - Compute", ""] {
            assert!(!is_service_name(other), "{other}");
        }
    }

    #[test]
    fn a_topic_is_in_an_account() {
        let topic = "arn:aws:sns:eu-west-1:123456789012:alerts";
        assert_eq!(account_of_topic(topic), Some("123456789012"));
        for other in ["", "alerts", "arn:aws:sqs:eu-west-1:123456789012:alerts", "arn:aws:sns:::a"]
        {
            assert_eq!(account_of_topic(other), None, "{other}");
        }
    }

    #[test]
    fn tags_of_callers_and_cost_categories_are_told_apart() {
        assert!(is_tag_of_caller("iamPrincipal/team"));
        for other in ["iamPrincipal/", "resourceTags/team", "costCategory/Unit"] {
            assert!(!is_tag_of_caller(other), "{other}");
        }
        assert_eq!(category_of(&key_of_category("Unit")), Some("Unit"));
        assert_eq!(category_of("iamPrincipal/team"), None);
    }
}
