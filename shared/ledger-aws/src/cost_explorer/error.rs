//! The SDK's errors in the words of the port.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_costexplorer::error::{BuildError, ProvideErrorMetadata, SdkError};
use ledger_app::ports::QuickLookError;

/// Text of AWS, with the code of missing permission, when Cost Explorer is switched off.
const NOT_ENABLED: &str = "not enabled for cost explorer";

/// Characters of a foreign message that are kept.
const MESSAGE_CHARS_MAX: usize = 500;

pub(super) fn translate<E>(error: SdkError<E>) -> QuickLookError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    use QuickLookError::{Refused, TooSoon, UnknownPage};
    let status = error.raw_response().map(|it| it.status().as_u16());
    let refusal = match &error {
        SdkError::ServiceError(context) => context.err(),
        SdkError::ResponseError(_) => return unreadable(),
        _ => return unreachable(error),
    };
    let message = refusal.message().unwrap_or_default();
    match refusal.code().unwrap_or_default() {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => TooSoon(
            "Cost Explorer got too many requests a second; try again in a few minutes",
        ),
        "LimitExceededException" => TooSoon(
            "Cost Explorer got too many requests in a short time; try again in an hour",
        ),
        "DataUnavailableException" => Refused(
            "Cost Explorer has no data for the period; ask for later days, or wait a day if it was switched on just now".to_owned(),
        ),
        "BillExpirationException" => Refused(
            "Cost Explorer no longer keeps the period; ask for later days".to_owned(),
        ),
        "InvalidNextTokenException" => {
            UnknownPage("Cost Explorer no longer knows the page it named; try again")
        }
        "RequestChangedException" => {
            UnknownPage("Cost Explorer took a page for one of another request; try again")
        }
        _ if message.to_ascii_lowercase().contains(NOT_ENABLED) => Refused(
            "Cost Explorer is not switched on; open it once in the payer account's billing console, and let member accounts use it there".to_owned(),
        ),
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => Refused(
            "access to Cost Explorer is denied; allow `ce:GetCostAndUsage` and `ce:GetDimensionValues`, and check that the credentials are valid".to_owned(),
        ),
        "" if status.is_some_and(|it| it < 400) => unreadable(),
        _ if status.is_none_or(|it| it >= 500) => unreachable(error),
        code => refused(if message.is_empty() { code } else { message }),
    }
}

pub(super) fn not_built(error: BuildError) -> QuickLookError {
    refused(&error.to_string())
}

fn refused(text: &str) -> QuickLookError {
    let text: String = text.chars().take(MESSAGE_CHARS_MAX).collect();
    QuickLookError::Refused(format!("Cost Explorer refused the request: {text}"))
}

fn unreadable() -> QuickLookError {
    QuickLookError::Unreadable("expected an answer of Cost Explorer".to_owned())
}

fn unreachable(error: impl Error + Send + Sync + 'static) -> QuickLookError {
    let advice = "Cost Explorer could not be reached or failed; try again later";
    QuickLookError::Unreachable(advice, Arc::new(error))
}
