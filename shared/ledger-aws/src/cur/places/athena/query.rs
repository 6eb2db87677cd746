//! A query from its start to its end.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_athena::config::http::HttpResponse;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::{
    QueryExecutionContext, QueryExecutionState, QueryExecutionStatus, ResultConfiguration,
};
use ledger_app::ports::SourceError;

use super::table::Athena;

/// Between two looks at a query; doubled up to [`LOOK_MAX`].
const LOOK_MIN: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(2);

/// Athena's reasons go into a log line, and a reader needs no more of a stack trace than this.
const REASON_CHARS_MAX: usize = 600;

/// The action that failed, for messages.
const DOING: &str = "read the export through Athena";

/// Runs a statement; says where its result is.
///
/// Each run has a request token of its own, made by the SDK, which repeats a lost start with it. A
/// token made of the statement would find the query of an earlier run, also where that one failed.
pub(super) async fn location_of_result(
    athena: &Athena,
    statement: String,
    results: String,
) -> Result<String, SourceError> {
    let client = &athena.client;
    let started = client
        .start_query_execution()
        .query_string(statement)
        .query_execution_context(
            QueryExecutionContext::builder().database(&athena.database).build(),
        )
        .work_group(&athena.workgroup)
        .result_configuration(ResultConfiguration::builder().output_location(results).build())
        .send()
        .await
        .map_err(|error| classify("athena:StartQueryExecution", &athena.workgroup, error))?;
    let id = started.query_execution_id.ok_or_else(|| lacks("QueryExecutionId"))?;
    tracing::info!(athena.query = id, "asked Athena: query `{id}`");
    let ended = tokio::time::timeout(athena.timeout, end_of(athena, &id)).await;
    let outcome = ended.unwrap_or_else(|_| {
        Err(Interrupted::Still(SourceError::Unavailable {
            doing: DOING.to_owned(),
            is_retryable: true,
            source: Arc::new(TooSlow { id: id.clone(), seconds: athena.timeout.as_secs() }),
        }))
    });
    match outcome {
        Ok(location) => Ok(location),
        Err(Interrupted::Ended(error)) => Err(error),
        Err(Interrupted::Still(error)) => {
            // No one waits for it any more, and each byte it reads is paid for. If this fails, it
            // ends by itself.
            let stopped = client.stop_query_execution().query_execution_id(&id).send().await;
            if stopped.is_err() {
                tracing::warn!(athena.query = id, "could not stop the query `{id}`");
            }
            Err(error)
        }
    }
}

/// Why there is no result.
enum Interrupted {
    /// The query has ended.
    Ended(SourceError),
    /// It may still run.
    Still(SourceError),
}

/// Waits for the end of a query; says where its result is.
async fn end_of(athena: &Athena, id: &str) -> Result<String, Interrupted> {
    let client = &athena.client;
    let mut pause = LOOK_MIN;
    loop {
        let looked = client.get_query_execution().query_execution_id(id).send().await;
        let looked = looked.map_err(|error| {
            Interrupted::Still(classify("athena:GetQueryExecution", &athena.workgroup, error))
        })?;
        let execution = looked.query_execution;
        let execution = execution.ok_or_else(|| Interrupted::Still(lacks("QueryExecution")))?;
        let status = execution.status.as_ref();
        match status.and_then(|it| it.state.as_ref()) {
            Some(QueryExecutionState::Succeeded) => {
                let location = execution.result_configuration.and_then(|it| it.output_location);
                return location.ok_or_else(|| Interrupted::Ended(lacks("OutputLocation")));
            }
            Some(QueryExecutionState::Failed) => {
                return Err(Interrupted::Ended(failed(id, status)));
            }
            // By a person, or by the limit of the workgroup: neither wants it to be tried again.
            Some(QueryExecutionState::Cancelled) => {
                return Err(Interrupted::Ended(SourceError::Refused(format!(
                    "Athena's query `{id}` was cancelled: {}",
                    reason(status),
                ))));
            }
            // Queued or running; a query that runs can be queued again.
            _ => tokio::time::sleep(pause).await,
        }
        pause = pause.saturating_mul(2).min(LOOK_MAX);
    }
}

fn failed(id: &str, status: Option<&QueryExecutionStatus>) -> SourceError {
    let is_retryable =
        status.and_then(|it| it.athena_error.as_ref()).is_some_and(|it| it.retryable);
    let reason = reason(status);
    if is_retryable {
        let source = Arc::new(Failed { id: id.to_owned(), reason });
        return SourceError::Unavailable { doing: DOING.to_owned(), is_retryable, source };
    }
    let expected = match reason.contains("COLUMN_NOT_FOUND") {
        true => "; expected the table to have the columns of `infra/athena-table.sql`",
        false => "",
    };
    SourceError::Refused(format!("Athena's query `{id}` failed: {reason}{expected}"))
}

/// Athena's reason for the state.
fn reason(status: Option<&QueryExecutionStatus>) -> String {
    let reason = status.and_then(|it| {
        let by_error = || it.athena_error.as_ref()?.error_message.as_deref();
        it.state_change_reason.as_deref().or_else(by_error)
    });
    reason.unwrap_or("no reason is given").chars().take(REASON_CHARS_MAX).collect()
}

fn lacks(field: &'static str) -> SourceError {
    SourceError::Unavailable {
        doing: DOING.to_owned(),
        is_retryable: false,
        source: Arc::new(NoField(field)),
    }
}

/// Classifies an error of Athena.
fn classify<E>(action: &str, workgroup: &str, error: SdkError<E, HttpResponse>) -> SourceError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    /// Codes with a status below 500 that pass by themselves.
    const PASSING: [&str; 4] =
        ["ExpiredTokenException", "ThrottlingException", "TooManyRequestsException", "Throttling"];
    let service_error = error.as_service_error();
    let code = service_error.and_then(ProvideErrorMetadata::code);
    let message = service_error.and_then(ProvideErrorMetadata::message).unwrap_or_default();
    match code {
        Some("AccessDeniedException") => {
            return SourceError::Refused(format!(
                "Athena denies access; expected the permission `{action}` on workgroup \
                 `{workgroup}`: {message}",
            ));
        }
        Some("InvalidRequestException") => {
            return SourceError::Refused(format!("Athena refuses the query: {message}"));
        }
        _ => {}
    }
    let status = error.raw_response().map(|it| it.status().as_u16());
    let is_retryable = match &error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(_) => {
            status.is_some_and(|it| it >= 500 || it == 429)
                || code.is_some_and(|it| PASSING.contains(&it))
        }
        _ => true,
    };
    SourceError::Unavailable { doing: DOING.to_owned(), is_retryable, source: Arc::new(error) }
}

#[derive(Debug, thiserror::Error)]
#[error("the answer has no `{0}`")]
struct NoField(&'static str);

#[derive(Debug, thiserror::Error)]
#[error("query `{id}` failed: {reason}")]
struct Failed {
    id: String,
    reason: String,
}

#[derive(Debug, thiserror::Error)]
#[error("query `{id}` had not ended after {seconds} seconds and was stopped")]
struct TooSlow {
    id: String,
    seconds: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_lacks_columns_is_told_where_they_are() {
        let of = |reason: &str| {
            let status = QueryExecutionStatus::builder().state_change_reason(reason).build();
            failed("q1", Some(&status)).to_string()
        };
        let reason = "COLUMN_NOT_FOUND: line 3:5: Column 'tags' cannot be resolved";
        assert_eq!(
            of(reason),
            format!(
                "Athena's query `q1` failed: {reason}; expected the table to have the columns of \
                 `infra/athena-table.sql`"
            )
        );
        assert_eq!(of("GENERIC_ERROR"), "Athena's query `q1` failed: GENERIC_ERROR");
    }
}
