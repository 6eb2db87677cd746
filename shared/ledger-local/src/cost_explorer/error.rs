//! Errors of Cost Explorer.

/// An error of Cost Explorer: caused by the request, or queued with
/// [`super::CostExplorerStandIn::fail_next`].
///
/// - **Source:** the exceptions of the Cost Explorer API, in AWS's spelling. All arrive with HTTP
///   status 400, [`StandInError::InternalServerError`] with 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandInError {
    /// Too many requests a second; not part of the API model.
    #[error("Rate exceeded")]
    ThrottlingException,
    /// Too many requests in a short time.
    #[error("You made too many calls in a short period of time. Try again later.")]
    LimitExceededException,
    /// There is no data for what was asked.
    #[error("The requested data is unavailable.")]
    DataUnavailableException,
    /// The requested report is gone.
    #[error("The requested report expired. Update the date interval and try again.")]
    BillExpirationException,
    /// The page token is invalid: begin again without a token.
    #[error("The pagination token is invalid. Try again without a pagination token.")]
    InvalidNextTokenException,
    /// The page token belongs to another request.
    #[error(
        "Your request parameters changed between pages. Try again with the old parameters or without a pagination token."
    )]
    RequestChangedException,
    /// Not allowed, or Cost Explorer is not switched on: only the message says which; not part of
    /// the API model.
    #[error("{0}")]
    AccessDeniedException(String),
    /// The request itself is wrong, as the message says; not part of the API model.
    #[error("{0}")]
    ValidationException(String),
    /// A failure of the service, with HTTP status 500; not part of the API model.
    #[error("The request processing has failed because of an unknown error, exception or failure.")]
    InternalServerError,
    /// The connection is closed without any answer.
    #[error("the connection is closed without an answer")]
    CloseConnection,
    /// An operation this stand-in does not know; not part of the API model.
    #[error("the operation is not known")]
    UnknownOperationException,
    /// A body that cannot be read as the request; not part of the API model.
    #[error("{0}")]
    SerializationException(String),
}

impl StandInError {
    /// The name on the wire, in `__type`.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::ThrottlingException => "ThrottlingException",
            Self::LimitExceededException => "LimitExceededException",
            Self::DataUnavailableException => "DataUnavailableException",
            Self::BillExpirationException => "BillExpirationException",
            Self::InvalidNextTokenException => "InvalidNextTokenException",
            Self::RequestChangedException => "RequestChangedException",
            Self::AccessDeniedException(_) => "AccessDeniedException",
            Self::ValidationException(_) => "ValidationException",
            Self::InternalServerError => "InternalServerError",
            Self::CloseConnection => "CloseConnection",
            Self::UnknownOperationException => "UnknownOperationException",
            Self::SerializationException(_) => "SerializationException",
        }
    }

    /// The member that carries the message: `Message` in the modelled exceptions, `message` in
    /// those that the front of the service answers.
    pub(super) fn message_member(&self) -> &'static str {
        match self {
            Self::LimitExceededException
            | Self::DataUnavailableException
            | Self::BillExpirationException
            | Self::InvalidNextTokenException
            | Self::RequestChangedException => "Message",
            _ => "message",
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::ValidationException(message.into())
    }

    /// The wording of a required member that is missing, the same in all of AWS.
    pub(super) fn missing(member: &str) -> Self {
        Self::ValidationException(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    }

    /// The wording of a member outside its enumeration, the same in all of AWS.
    pub(super) fn outside(member: &str, value: &str, allowed: &[&str]) -> Self {
        Self::ValidationException(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
            allowed.join(", ")
        ))
    }
}
