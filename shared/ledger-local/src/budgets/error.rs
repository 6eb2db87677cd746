//! Errors of AWS Budgets.

/// An error of AWS Budgets: caused by the request, or queued with
/// [`super::BudgetsStandIn::fail_next`].
///
/// - **Source:** the exceptions of the service's model, in AWS's spelling. All arrive with HTTP status 400,
///   [`StandInError::InternalError`] with 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandInError {
    /// A member of the request breaks a constraint, or two of them do not go together.
    #[error("{0}")]
    InvalidParameter(String),
    /// There is a record of this name already.
    #[error("{0}")]
    DuplicateRecord(String),
    /// There is no record of this name.
    #[error("{0}")]
    NotFound(String),
    /// More than may be made.
    #[error("{0}")]
    CreationLimitExceeded(String),
    /// Not allowed.
    #[error("{0}")]
    AccessDenied(String),
    /// The token of a page is unknown.
    #[error("The pagination token is invalid.")]
    InvalidNextToken,
    /// Too many requests a second.
    #[error("Rate exceeded")]
    Throttling,
    /// A failure of the service.
    #[error("The request processing has failed because of an unknown error.")]
    InternalError,
    /// An operation that this stand-in does not know; not part of the model.
    #[error("the operation is not known")]
    UnknownOperation,
}

impl StandInError {
    /// The name on the wire, in `__type`.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::DuplicateRecord(_) => "DuplicateRecordException",
            Self::NotFound(_) => "NotFoundException",
            Self::CreationLimitExceeded(_) => "CreationLimitExceededException",
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::InvalidNextToken => "InvalidNextTokenException",
            Self::Throttling => "ThrottlingException",
            Self::InternalError => "InternalErrorException",
            Self::UnknownOperation => "UnknownOperationException",
        }
    }
}
