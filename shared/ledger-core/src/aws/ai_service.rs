//! Recognises charges for generative AI.
//!
//! Third-party models on Bedrock are sold through AWS Marketplace, each under a product code of its
//! own, so a filter on the code `AmazonBedrock` misses most of them.

use crate::aws::usage_type::UsageType;

/// Whether a charge is generative AI on AWS.
///
/// `product_code` and `product_name` may each hold what Cost Explorer calls `SERVICE`.
///
/// - A code of AWS that is not Bedrock's is never AI, whatever else the line says.
/// - Bedrock's codes and product family are always AI, even if the usage type is unreadable.
/// - A Marketplace product is AI if its name says Bedrock.
/// - A line with neither code nor name is judged by its usage type.
///
/// **Source:** the rule of AWS's CUDOS dashboard (`bill_billing_entity`, `line_item_product_code`,
/// `product['product_name']`), widened by `product_product_family` and by the suffix
/// `(Amazon Bedrock Edition)`.
///
/// ```
/// use ledger_core::aws::ai_service::is_ai;
/// use ledger_core::aws::usage_type::UsageType;
///
/// let usage_type = UsageType::parse("USE1-MP:USE1_InputTokenCount-Units");
/// let name = Some("Claude Sonnet 4.6 (Amazon Bedrock Edition)");
/// assert!(is_ai(Some("7zgyu5r4"), Some("AWS Marketplace"), name, None, &usage_type));
/// assert!(!is_ai(Some("AmazonEC2"), Some("AWS"), None, None, &usage_type));
/// ```
#[must_use]
pub fn is_ai(
    product_code: Option<&str>,
    billing_entity: Option<&str>,
    product_name: Option<&str>,
    product_family: Option<&str>,
    usage_type: &UsageType,
) -> bool {
    let text_of = |text: Option<&str>| text.unwrap_or_default().trim().to_owned();
    let code = text_of(product_code);
    let name = text_of(product_name);
    if let Some(is_ai) = is_ai_by_code(&code) {
        return is_ai;
    }
    if is_bedrock_service(&name) || text_of(product_family) == BEDROCK_FAMILY {
        return true;
    }
    if text_of(billing_entity) == MARKETPLACE_ENTITY && name.contains("Bedrock") {
        return true;
    }
    code.is_empty() && name.is_empty() && usage_type.meter.is_known_ai()
}

/// Whether a charge is AI by its product code alone; `None` where the rest of the line decides.
#[must_use]
pub fn is_ai_by_code(product_code: &str) -> Option<bool> {
    let code = product_code.trim();
    if is_bedrock_service(code) {
        return Some(true);
    }
    is_other_aws_service(code).then_some(false)
}

const BEDROCK_FAMILY: &str = "Amazon Bedrock";
const MARKETPLACE_ENTITY: &str = "AWS Marketplace";
const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

/// Both spellings are in use: `AmazonBedrockAgentCore` in a CUR, `Amazon Bedrock AgentCore` in Cost Explorer.
fn is_bedrock_service(text: &str) -> bool {
    text.starts_with("AmazonBedrock")
        || text.starts_with("Amazon Bedrock")
        || text.ends_with(MARKETPLACE_EDITION)
}

/// AWS names its own services; a Marketplace code is an opaque id.
fn is_other_aws_service(code: &str) -> bool {
    code.starts_with("Amazon") || code.starts_with("AWS")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = "USE1-Claude4.6Sonnet-input-tokens";
    const BOX: &str = "BoxUsage:t3.micro";
    const NEW: &str = "USE1-SomethingAWSAddedLastWeek";

    #[track_caller]
    fn check([code, entity, name, family, usage_type]: [&str; 5], expected: bool) {
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let usage_type = UsageType::parse(usage_type);
        let actual = is_ai(given(code), given(entity), given(name), given(family), &usage_type);
        assert_eq!(actual, expected, "{code} | {entity} | {name} | {family} | {usage_type:?}");
    }

    #[test]
    fn bedrocks_codes_are_ai_whatever_the_usage_type() {
        for code in [
            "AmazonBedrock",
            "AmazonBedrockService",
            "AmazonBedrockFoundationModels",
            "AmazonBedrockAgentCore",
        ] {
            for usage_type in [TOKENS, BOX, NEW, ""] {
                check([code, "AWS", "", "", usage_type], true);
            }
        }
        assert_eq!(UsageType::parse(BOX).meter_within_bedrock(), crate::meter::Meter::Unknown);
    }

    #[test]
    fn service_names_of_cost_explorer_are_ai_in_either_place() {
        for service in [
            "Amazon Bedrock",
            "Amazon Bedrock Service",
            "Amazon Bedrock AgentCore",
            "Claude Sonnet 4.6 (Amazon Bedrock Edition)",
            "Meta Llama 2 Chat 13B (Amazon Bedrock Edition)",
        ] {
            check([service, "", "", "", NEW], true);
            check(["", "", service, "", NEW], true);
        }
    }

    #[test]
    fn marketplace_products_are_ai_by_name_or_family() {
        check(["7zgyu5r4", "AWS Marketplace", "Claude on Bedrock", "", NEW], true);
        check(["7zgyu5r4", "AWS Marketplace", "", "Amazon Bedrock", NEW], true);
        check(["7zgyu5r4", "AWS Marketplace", "Some Firewall", "", TOKENS], false);
        check(["7zgyu5r4", "AWS", "Claude on Bedrock", "", NEW], false);
    }

    #[test]
    fn other_services_are_never_ai() {
        for usage_type in [TOKENS, BOX, NEW] {
            check(["AmazonEC2", "AWS", "", "", usage_type], false);
            check(["AWSLambda", "AWS", "", "", usage_type], false);
            check(["Amazon Elastic Compute Cloud - Compute", "", "", "", usage_type], false);
            check(["", "", "Amazon Elastic Compute Cloud", "", usage_type], false);
        }
        check(
            ["AmazonEC2", "AWS", "Claude (Amazon Bedrock Edition)", "Amazon Bedrock", TOKENS],
            false,
        );
    }

    #[test]
    fn a_nameless_line_is_judged_by_its_usage_type() {
        check(["", "AWS", "", "", TOKENS], true);
        check(["", "", "", "", "USE1-Runtime:Consumption-based:vCPU"], true);
        check(["", "", "", "", BOX], false);
        check(["", "", "", "", NEW], false);
    }
}
