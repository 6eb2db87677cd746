//! Region prefixes.

/// The region of a prefix that has the right shape but is not in the table.
pub const UNKNOWN_REGION: &str = "unknown";

/// The region prefix at the start of a usage type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RegionPrefix<'a> {
    pub text: &'a str,
    pub region: &'static str,
}

/// Takes a region prefix and its separator off the start.
pub(super) fn take(text: &str) -> Option<(RegionPrefix<'_>, &str)> {
    let (prefix, rest) = text.split_once(['-', '_'])?;
    let region = region_of(prefix)?;
    Some((RegionPrefix { text: prefix, region }, rest))
}

fn region_of(prefix: &str) -> Option<&'static str> {
    let known = PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, region)| *region);
    known.or_else(|| has_prefix_shape(prefix).then_some(UNKNOWN_REGION))
}

/// Two to five capitals and a digit, as in `APS7`, unless the capitals are a family of models.
fn has_prefix_shape(prefix: &str) -> bool {
    let letters = prefix.trim_end_matches(|char: char| char.is_ascii_digit());
    let digit_count = prefix.len() - letters.len();
    digit_count == 1
        && (2..=5).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && !MODEL_FAMILIES.contains(&letters)
}

/// Families in capitals, which would pass for a prefix where a line has none: `GLM5-input-tokens`.
const MODEL_FAMILIES: &[&str] = &["DBRX", "GLM", "GPT", "KIMI", "PHI", "QWEN", "SD", "SDXL"];

/// The digits are AWS's billing codes, not the numbers of the regions: `APS3` is ap-south-1.
///
/// Source: grafana/cloudcost-exporter, `pkg/aws/client/billing_data.go` (Apache-2.0), with `EUW1`,
/// `UGE1` and `UGW1` from other public code.
const PREFIXES: &[(&str, &str)] = &[
    ("APE1", "ap-east-1"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("CAN1", "ca-central-1"),
    ("CNN1", "cn-north-1"),
    ("CNW1", "cn-northwest-1"),
    ("CPT1", "af-south-1"),
    ("EU", "eu-west-1"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
    ("SAE1", "sa-east-1"),
    ("UGE1", "us-gov-east-1"),
    ("UGW1", "us-gov-west-1"),
    ("US", "us-east-1"),
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
];
