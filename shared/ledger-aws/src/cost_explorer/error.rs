//! The SDK's errors in the words of the port.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_costexplorer::error::{BuildError, ProvideErrorMetadata, SdkError};
use ledger_app::collect::CostExplorerError;

/// What AWS says, with the code of missing permission, when Cost Explorer is switched off.
const NOT_ENABLED: &str = "not enabled for cost explorer";

/// How much of a foreign message is kept.
const MESSAGE_CHARS_MAX: usize = 500;

pub(super) fn translate<E>(error: SdkError<E>) -> CostExplorerError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|it| it.status().as_u16());
    let refusal = match &error {
        SdkError::ServiceError(context) => context.err(),
        SdkError::ResponseError(_) => {
            return CostExplorerError::Unreadable("expected an answer of its API".to_owned());
        }
        _ => return CostExplorerError::Unreachable(Arc::new(error)),
    };
    let message = refusal.message().unwrap_or_default();
    match refusal.code().unwrap_or_default() {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            CostExplorerError::Throttled
        }
        "LimitExceededException" => CostExplorerError::LimitExceeded,
        "DataUnavailableException" => CostExplorerError::DataUnavailable,
        "BillExpirationException" => CostExplorerError::BillExpired,
        "InvalidNextTokenException" => CostExplorerError::InvalidToken,
        "RequestChangedException" => CostExplorerError::RequestChanged,
        _ if message.to_ascii_lowercase().contains(NOT_ENABLED) => CostExplorerError::NotEnabled,
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => CostExplorerError::AccessDenied,
        "" if status.is_some_and(|it| it < 400) => {
            CostExplorerError::Unreadable("expected an answer of its API".to_owned())
        }
        _ if status.is_none_or(|it| it >= 500) => CostExplorerError::Unreachable(Arc::new(error)),
        code => {
            let text = if message.is_empty() { code } else { message };
            CostExplorerError::Validation(text.chars().take(MESSAGE_CHARS_MAX).collect())
        }
    }
}

pub(super) fn not_built(error: BuildError) -> CostExplorerError {
    CostExplorerError::Validation(error.to_string())
}
