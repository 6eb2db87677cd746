//! Texts to paste that make the bill of AWS tell who called: trust policies, tags, rules, settings.
//!
//! Each is of one identity and one [`Reason`]. Names of identities hold letters, digits and `_+=,.@-/`
//! alone, so none of these texts needs an escape.

use super::principal::{Principal, PrincipalKind};
use crate::attribution_reason::Reason;

/// The tag that the texts use.
pub const TAG_KEY: &str = "team";

/// One change, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributionFix {
    /// The effect of the change, in words.
    pub title: String,
    /// Where the text goes.
    pub place: &'static str,
    /// The text.
    pub text: String,
}

fn fix(title: impl Into<String>, place: &'static str, text: impl Into<String>) -> AttributionFix {
    AttributionFix { title: title.into(), place, text: text.into() }
}

/// The changes for money of an identity that is in its class for this reason, the first the most
/// thorough; none where nothing is hidden or nothing can be done.
///
/// The identity is a role without its sessions, or the caller as the bill has it.
#[must_use]
pub fn fixes_of(identity: Option<&str>, reason: Reason) -> Vec<AttributionFix> {
    let principal = identity.and_then(|it| Principal::parse_folded(it).ok());
    match reason {
        Reason::Person
        | Reason::CallerTag
        | Reason::ResourceTag
        | Reason::NamedSessions
        | Reason::NotUsage
        | Reason::UnreadableCaller => Vec::new(),
        Reason::Gateway | Reason::OneIdentity => {
            principal.as_ref().map_or_else(Vec::new, |it| collapsed(it, reason))
        }
        Reason::Root => vec![fix(
            "Delete the access keys of the root user, and call with a role",
            "shell, with credentials of the root user",
            "aws iam list-access-keys\naws iam delete-access-key --access-key-id ID\n",
        )],
        Reason::NoTags => principal.as_ref().map_or_else(Vec::new, untagged),
        Reason::NoCaller => vec![fix(
            "Let the export name callers",
            "shell, in the account of the export, with its other properties and columns kept",
            "aws bcm-data-exports get-export --export-arn ARN\n\
             # In the answer: TableConfigurations.COST_AND_USAGE_REPORT.INCLUDE_IAM_PRINCIPAL_DATA = \"TRUE\",\n\
             # and line_item_iam_principal and tags among the columns of QueryStatement; then\n\
             aws bcm-data-exports update-export --export-arn ARN --export file://export.json\n",
        )],
        Reason::QuickLook => vec![
            activate(),
            fix(
                "Import the bill, which names callers",
                "shell",
                "tollbook import s3://BUCKET/PREFIX/\n",
            ),
        ],
        Reason::DefaultProject => vec![fix(
            "Name a project with tags in each request",
            "header of the requests",
            "OpenAI-Project: proj_ID\n",
        )],
    }
}

/// The pattern of a role's ARN with and without a path: the bill leaves out the path.
fn role_arns(principal: &Principal, role: &str) -> [String; 2] {
    let start = format!("arn:{}:iam::{}:role/", principal.partition(), principal.account());
    [format!("{start}{role}"), format!("{start}*/{role}")]
}

fn collapsed(principal: &Principal, reason: Reason) -> Vec<AttributionFix> {
    let mut fixes = Vec::new();
    if let Some(role) = principal.role() {
        fixes.push(fix(
            format!(
                "Trust `{role}` to open a session for each caller, with a tag and a source identity"
            ),
            "trust policy of a role of its own that may call the models, such as `tollbook-invoke`",
            trust_policy(principal, role),
        ));
        fixes.push(fix(
            format!("Allow `{role}` to open these sessions"),
            "policy of the role of the gateway",
            session_policy(principal),
        ));
        fixes.push(fix(
            "Open a session for each caller",
            "the gateway, before it calls a model; shown as a command",
            format!(
                "aws sts assume-role --role-arn arn:{}:iam::{}:role/tollbook-invoke \\\n  \
                 --role-session-name CALLER --source-identity CALLER --tags Key={TAG_KEY},Value=TEAM\n",
                principal.partition(),
                principal.account()
            ),
        ));
    }
    if reason == Reason::Gateway {
        fixes.push(fix(
            "LiteLLM: forward the user and team of its keys as request metadata, which are in invocation \
             logs and never on the bill",
            "config.yaml of LiteLLM",
            "litellm_settings:\n  bedrock_request_metadata_fields:\n    - user_api_key_user_id\n    \
             - user_api_key_team_id\n",
        ));
    }
    if reason == Reason::OneIdentity {
        fixes.extend(untagged(principal));
    }
    fixes.push(activate());
    fixes.dedup();
    fixes
}

fn untagged(principal: &Principal) -> Vec<AttributionFix> {
    let (Some(name), kind) = (principal.name(), principal.kind()) else { return Vec::new() };
    let mut fixes = Vec::new();
    let tag = match kind {
        PrincipalKind::IamUser | PrincipalKind::BedrockApiKeyUser => Some("tag-user --user-name"),
        PrincipalKind::AssumedRole | PrincipalKind::Role => Some("tag-role --role-name"),
        _ => None,
    };
    if let Some(command) = tag {
        fixes.push(fix(
            format!("Tag `{name}` with the team that it calls for"),
            "shell, in the account of the identity",
            format!("aws iam {command} {name} --tags Key={TAG_KEY},Value=TEAM\n"),
        ));
        fixes.push(activate());
    }
    let field = if principal.role().is_some() { "role" } else { "user" };
    fixes.push(fix(
        "Or give its cost an owner by a rule, also that of past months that are open",
        "rules.toml",
        format!(
            "[[rule]]\nname = \"{name}\"\nowner = \"TEAM\"\n[rule.when]\n{field} = {{ exact = \
             \"{name}\" }}\naccount = \"{}\"\n",
            principal.account()
        ),
    ));
    fixes
}

fn activate() -> AttributionFix {
    fix(
        "Activate the tag, once a caller with it has called; it counts for later use alone",
        "shell, in the payer account",
        format!(
            "aws ce update-cost-allocation-tags-status --cost-allocation-tags-status \
             TagKey={}{TAG_KEY},Status=Active\n",
            super::tags::OF_CALLER
        ),
    )
}

/// The trust policy of a role that one gateway opens sessions of.
fn trust_policy(principal: &Principal, role: &str) -> String {
    let (partition, account) = (principal.partition(), principal.account());
    let [plain, with_path] = role_arns(principal, role);
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "SessionsOfKnownCallers",
      "Effect": "Allow",
      "Principal": {{ "AWS": "arn:{partition}:iam::{account}:root" }},
      "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
      "Condition": {{
        "ArnLike": {{ "aws:PrincipalArn": ["{plain}", "{with_path}"] }},
        "StringLike": {{ "aws:RequestTag/{TAG_KEY}": "?*", "sts:SourceIdentity": "?*" }}
      }}
    }},
    {{
      "Sid": "TagsOfTheseSessions",
      "Effect": "Allow",
      "Principal": {{ "AWS": "arn:{partition}:iam::{account}:root" }},
      "Action": "sts:TagSession",
      "Condition": {{
        "ArnLike": {{ "aws:PrincipalArn": ["{plain}", "{with_path}"] }},
        "StringLike": {{ "aws:RequestTag/{TAG_KEY}": "?*" }}
      }}
    }}
  ]
}}
"#
    )
}

fn session_policy(principal: &Principal) -> String {
    let (partition, account) = (principal.partition(), principal.account());
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Effect": "Allow",
      "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
      "Resource": "arn:{partition}:iam::{account}:role/tollbook-invoke"
    }}
  ]
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "arn:aws-us-gov:sts::123456789012:assumed-role/llm-gateway";

    fn text(identity: Option<&str>, reason: Reason) -> String {
        fixes_of(identity, reason).into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn the_trust_policy_names_this_very_role_in_its_partition() {
        let fixes = fixes_of(Some(GATEWAY), Reason::Gateway);
        let policy = &fixes[0].text;
        for part in [
            r#""arn:aws-us-gov:iam::123456789012:role/llm-gateway""#,
            r#""arn:aws-us-gov:iam::123456789012:role/*/llm-gateway""#,
            "sts:TagSession",
            r#""sts:SourceIdentity": "?*""#,
        ] {
            assert!(policy.contains(part), "{policy}");
        }
    }

    #[test]
    fn the_trust_policy_is_the_one_that_is_evaluated() {
        let fixes =
            fixes_of(Some("arn:aws:sts::123456789012:assumed-role/llm-gateway"), Reason::Gateway);
        let evaluated = include_str!("../../../../infra/policies/invoke-trust.json");
        assert_eq!(fixes[0].text, evaluated);
    }

    #[test]
    fn each_hidden_reason_of_use_has_a_fix_and_no_other_has() {
        for reason in Reason::ALL {
            let is_fixed = !text(Some(GATEWAY), *reason).is_empty();
            let expected = !matches!(
                reason,
                Reason::Person
                    | Reason::CallerTag
                    | Reason::ResourceTag
                    | Reason::NamedSessions
                    | Reason::NotUsage
                    | Reason::UnreadableCaller
            );
            assert_eq!(is_fixed, expected, "{reason}");
        }
    }

    #[test]
    fn a_user_is_tagged_as_a_user_and_a_role_as_a_role() {
        let user = text(Some("arn:aws:iam::123456789012:user/ci/batch"), Reason::NoTags);
        assert!(user.contains("aws iam tag-user --user-name batch --tags Key=team,"), "{user}");
        assert!(
            user.contains("user = { exact = \"batch\" }\naccount = \"123456789012\""),
            "{user}"
        );
        let role = text(Some(GATEWAY), Reason::NoTags);
        assert!(role.contains("aws iam tag-role --role-name llm-gateway "), "{role}");
        assert!(role.contains("TagKey=iamPrincipal/team,Status=Active"), "{role}");
        // Its role belongs to a service and cannot be tagged.
        let service = "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForX/s";
        let service = text(Some(service), Reason::NoTags);
        assert!(!service.contains("tag-role") && service.contains("[[rule]]"), "{service}");
    }
}
