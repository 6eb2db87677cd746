//! The SDK's errors as sentences.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_budgets::error::{BuildError, ProvideErrorMetadata, SdkError};
use ledger_app::ports::NativeBudgetsError;

/// Characters of a foreign message that are kept.
const MESSAGE_CHARS_MAX: usize = 500;

/// `doing` says what could not be done.
pub(super) fn translate<E>(error: SdkError<E>, doing: String) -> NativeBudgetsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Some(refusal) = error.as_service_error() else {
        let text = format!("{doing}: AWS Budgets could not be reached");
        return NativeBudgetsError { text, source: Some(Arc::new(error)) };
    };
    let message: String =
        refusal.message().unwrap_or_default().chars().take(MESSAGE_CHARS_MAX).collect();
    let why = match refusal.code().unwrap_or_default() {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            "AWS Budgets got too many requests; the next run tries again".to_owned()
        }
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "UnrecognizedClientException" => format!(
            "access to AWS Budgets is denied; allow `budgets:ViewBudget`, `budgets:ModifyBudget`, \
             `budgets:ListTagsForResource` and `budgets:TagResource`, and check that the credentials are \
             valid: {message}"
        ),
        "DuplicateRecordException" => {
            "AWS Budgets has it already; another run may have made it".to_owned()
        }
        "NotFoundException" => "AWS Budgets does not have it any more".to_owned(),
        code => format!("AWS Budgets refused the request ({code}): {message}"),
    };
    NativeBudgetsError { text: format!("{doing}: {why}"), source: None }
}

pub(super) fn not_built(error: BuildError) -> NativeBudgetsError {
    let text = "could not build a request of AWS Budgets".to_owned();
    NativeBudgetsError { text, source: Some(Arc::new(error)) }
}

pub(super) fn too_many(doing: &str) -> NativeBudgetsError {
    let text = format!("{doing}: AWS Budgets has more pages than were expected");
    NativeBudgetsError { text, source: None }
}
