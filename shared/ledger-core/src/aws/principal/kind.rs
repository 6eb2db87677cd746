//! Kinds of identities.

/// How the name of each role begins that IAM Identity Center makes for a permission set.
pub(super) const SSO_ROLE_START: &str = "AWSReservedSSO_";

/// How the name of each role begins that belongs to an AWS service.
pub(super) const SERVICE_ROLE_START: &str = "AWSServiceRoleFor";

/// How the name of each user begins that Bedrock makes for an API key.
pub(super) const API_KEY_USER_START: &str = "BedrockAPIKey-";

labels! {
    /// Kind of the identity that an ARN names.
    pub enum PrincipalKind {
        /// A session of a role.
        AssumedRole = "assumed_role",
        /// A person's session through IAM Identity Center.
        SsoSession = "sso_session",
        /// A session of a role that belongs to an AWS service.
        ServiceLinkedRoleSession = "service_linked_role_session",
        /// A user of `GetFederationToken`.
        FederatedUser = "federated_user",
        /// An IAM user.
        IamUser = "iam_user",
        /// The IAM user that Bedrock makes for a long-term API key.
        BedrockApiKeyUser = "bedrock_api_key_user",
        /// A role without a session.
        Role = "role",
        /// The root user of an account.
        Root = "root",
    }
}

impl PrincipalKind {
    /// Whether the identity is a role or a session of one, so that its name is a role's name.
    #[must_use]
    pub fn is_role(self) -> bool {
        matches!(
            self,
            PrincipalKind::AssumedRole
                | PrincipalKind::SsoSession
                | PrincipalKind::ServiceLinkedRoleSession
                | PrincipalKind::Role
        )
    }
}
