//! Recognises charges for generative AI.
//!
//! Third-party models on Bedrock are sold through AWS Marketplace, each under a product code of its
//! own, so a filter on the code `AmazonBedrock` misses most of them. Their discounts, taxes, credits
//! and refunds may carry nothing but that code.

use crate::aws::usage_type::UsageType;
use crate::meter::Meter;

/// Whether a charge is generative AI on AWS, as far as its own line decides it.
///
/// `product_code` and `product_name` may each hold what Cost Explorer calls `SERVICE`. As [`judge`],
/// where no other line and no description is known.
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
    let description = None;
    let words = ProductWords {
        product_code,
        billing_entity,
        product_name,
        product_family,
        description,
        usage_type,
    };
    matches!(judge(&words), Verdict::Ai | Verdict::AiWithoutName)
}

/// The words of a line about the product that it charges for.
#[derive(Clone, Copy, Debug)]
pub struct ProductWords<'a> {
    /// `line_item_product_code`.
    pub product_code: Option<&'a str>,
    /// `bill_billing_entity`.
    pub billing_entity: Option<&'a str>,
    /// `product_name` among the attributes of the product.
    pub product_name: Option<&'a str>,
    /// `product_product_family`.
    pub product_family: Option<&'a str>,
    /// `line_item_line_item_description`.
    pub description: Option<&'a str>,
    /// The usage type.
    pub usage_type: &'a UsageType,
}

/// Whether a line is generative AI, as far as it says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is. So are all lines of its delivery with the same product code, if that is not AWS's own.
    Ai,
    /// As [`Verdict::Ai`], but only another line with its product code can name the product.
    AiWithoutName,
    /// It is not.
    Other,
    /// It is if another line with its product code is.
    ByCode,
}

/// Whether a line is generative AI on AWS.
///
/// - A code of AWS that is not Bedrock's is never AI, whatever else the line says.
/// - Bedrock's codes and product family are always AI, even if the usage type is unreadable.
/// - A Marketplace product is AI if its name or a description says Bedrock.
/// - A Marketplace product without a name is AI if its usage type is one of a model's.
/// - Any other line with a Marketplace code is decided by the other lines with that code.
/// - A line with neither code nor name is judged by its usage type.
///
/// **Source:** the rule of AWS's CUDOS dashboard (`bill_billing_entity`, `line_item_product_code`,
/// `product['product_name']`), widened by `product_product_family`, by the suffix
/// `(Amazon Bedrock Edition)` and by what lines without a name say.
#[must_use]
pub fn judge(words: &ProductWords<'_>) -> Verdict {
    let code = trimmed(words.product_code);
    let name = trimmed(words.product_name);
    if let Some(is_ai) = is_ai_by_code(code) {
        return if is_ai { Verdict::Ai } else { Verdict::Other };
    }
    let description = trimmed(words.description);
    let entity = trimmed(words.billing_entity);
    let is_marketplace = entity == MARKETPLACE_ENTITY || entity.is_empty() && !code.is_empty();
    let says_bedrock = name.contains("Bedrock") || description.contains("Bedrock");
    let meter = words.usage_type.meter;
    let is_ai = is_bedrock_service(name)
        || trimmed(words.product_family) == BEDROCK_FAMILY
        || description.contains(MARKETPLACE_EDITION)
        || is_marketplace && says_bedrock
        || is_marketplace && name.is_empty() && is_of_a_model(words.usage_type)
        || code.is_empty() && name.is_empty() && meter.is_known_ai();
    match (is_ai, code.is_empty()) {
        (true, false) if name.is_empty() => Verdict::AiWithoutName,
        (true, _) => Verdict::Ai,
        (false, true) => Verdict::Other,
        (false, false) => Verdict::ByCode,
    }
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

/// Whether a usage type counts tokens and says so. Other products of AWS have meters that look like
/// those of a model in all but this word.
#[must_use]
pub fn counts_tokens(usage_type: &UsageType) -> bool {
    usage_type.meter.token_direction().is_some()
        && usage_type.raw().to_ascii_lowercase().contains("token")
}

/// Whether no other product of AWS Marketplace has such a usage type. Images, searches and hours are
/// sold by others as well.
fn is_of_a_model(usage_type: &UsageType) -> bool {
    let capacity =
        [Meter::ReservedInputTpm, Meter::ReservedOutputTpm, Meter::ProvisionedModelUnits];
    counts_tokens(usage_type) || capacity.contains(&usage_type.meter)
}

const BEDROCK_FAMILY: &str = "Amazon Bedrock";
const MARKETPLACE_ENTITY: &str = "AWS Marketplace";
const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

fn trimmed(text: Option<&str>) -> &str {
    text.unwrap_or_default().trim()
}

/// Both spellings are in use: `AmazonBedrockAgentCore` in a CUR, `Amazon Bedrock AgentCore` in Cost Explorer.
pub(crate) fn is_bedrock_service(text: &str) -> bool {
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
        // Where the column of billing entities is missing.
        check(["7zgyu5r4", "", "Claude on Bedrock", "", NEW], true);
    }

    #[test]
    fn marketplace_products_without_a_name_are_ai_by_a_usage_type_of_models() {
        for (usage_type, expected) in [
            ("USE1-MP:USE1_OutputTokenCount-Units", true),
            ("USW2-MP:USW2_Reserved_1Month_InputTPM_Geo-Units", true),
            ("USE1-MP:USE1_ProvisionedThroughput_1MonthCommit_ModelUnits_Usage-Units", true),
            // Others sell images too.
            ("USE1-MP:USE1_created_image-Units", false),
            ("MP:USE1_scanned_hosts-Units", false),
            ("", false),
        ] {
            check(["7zgyu5r4", "AWS Marketplace", "", "", usage_type], expected);
            check(["7zgyu5r4", "", "", "", usage_type], expected);
            check(["7zgyu5r4", "AWS", "", "", usage_type], false);
            check(["7zgyu5r4", "AWS Marketplace", "Some Firewall", "", usage_type], false);
        }
    }

    #[test]
    fn what_a_line_does_not_say_the_others_with_its_code_decide() {
        let judge_of = |code, entity, description| {
            judge(&ProductWords {
                product_code: Some(code),
                billing_entity: Some(entity),
                product_name: None,
                product_family: None,
                description: Some(description),
                usage_type: &UsageType::parse(""),
            })
        };
        let marketplace = "AWS Marketplace";
        for (code, entity, description, expected) in [
            ("7zgyu5r4", marketplace, "Tax for product code 7zgyu5r4", Verdict::ByCode),
            ("7zgyu5r4", "AWS", "Private rate discount", Verdict::ByCode),
            ("7zgyu5r4", marketplace, "Claude (Amazon Bedrock Edition)", Verdict::AiWithoutName),
            ("7zgyu5r4", "AWS", "Refund: Claude (Amazon Bedrock Edition)", Verdict::AiWithoutName),
            ("", marketplace, "Refund: Claude (Amazon Bedrock Edition)", Verdict::Ai),
            ("", "AWS", "Refund", Verdict::Other),
            ("AmazonEC2", "AWS", "Refund: Claude (Amazon Bedrock Edition)", Verdict::Other),
            ("AmazonBedrock", "AWS", "", Verdict::Ai),
        ] {
            assert_eq!(judge_of(code, entity, description), expected, "{code} | {description}");
        }
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
