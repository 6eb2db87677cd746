//! Budgets mirrored into AWS Budgets, and those that are there as a budget file.

use anyhow::Context;
use ledger_app::causes::causes;
use ledger_app::documents::applied_budgets;
use ledger_app::mirror::{Mirrored, budgets_text, mirror_budgets, planned};
use ledger_app::ports::NativeBudgets as _;
use ledger_app::view::View;
use ledger_aws::budgets::AwsBudgets;
use ledger_core::access::Access;
use ledger_core::budget::first_month;
use ledger_core::mirror::{Mirror, NotMirrored, Step};
use serde::Serialize;

use super::now;
use crate::args::{Format, ImportAwsArgs, MirrorArgs};
use crate::place::Place;
use crate::{Outcome, output};

/// Mirrors the applied budgets, or says what that would change. The exit code says whether a change failed.
pub async fn mirror(place: &Place, format: Format, args: &MirrorArgs) -> anyhow::Result<Outcome> {
    let mirror = Mirror::new(&args.stack, &args.topic).with_context(|| {
        format!(
            "`{}` is not the ARN of an SNS topic; expected one in the account of the budgets",
            args.topic
        )
    })?;
    let native = native().await;
    let opened = place.open_to_read().await?;
    let budgets = match args.remove {
        true => Vec::new(),
        false => match applied_budgets(&opened.ledger).await? {
            (Some(_), budgets) => budgets,
            // Else a ledger of somebody else would remove all copies.
            (None, _) => anyhow::bail!(
                "this ledger has no budgets; `tollbook budget apply FILE` applies some, and --remove \
                 removes the copies"
            ),
        },
    };
    let now = now();
    let from = first_month(&budgets, now.today());
    let view = View::open(&opened.ledger, from, Access::everything(), now).await?;
    let mut answer = MirrorAnswer::default();
    if args.dry_run {
        let plan = planned(&view, &budgets, &mirror, &native).await?;
        answer.would_change = plan.steps.iter().map(Step::to_string).collect();
        answer.unchanged = plan.unchanged.len();
        answer.not_mirrored = plan.not_mirrored.iter().map(NotMirroredBody::of).collect();
    } else {
        let mirrored = mirror_budgets(&view, &budgets, &mirror, &native, &|| true).await?;
        answer = MirrorAnswer::of(&mirrored);
    }
    opened.close().await;
    answer.print(format)?;
    Ok(if answer.failed.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Prints the budgets of an account as a budget file.
pub async fn import_aws(args: &ImportAwsArgs) -> anyhow::Result<Outcome> {
    let existing = native().await.budgets(&args.account, "").await?;
    let today = now().today();
    output::line(&format!(
        "# {} budgets of account {} in AWS Budgets, read on {today}. Tollbook alerts `owner`: name the real ones.",
        existing.len(),
        args.account
    ));
    budgets_text(&existing, &args.owner, today).lines().for_each(output::line);
    Ok(Outcome::Done)
}

async fn native() -> AwsBudgets {
    AwsBudgets { client: ledger_aws::connect::budgets_client(None).await }
}

/// The outcome of a run, or of a dry one.
#[derive(Default, Serialize)]
struct MirrorAnswer {
    would_change: Vec<String>,
    changed: Vec<String>,
    unchanged: usize,
    not_mirrored: Vec<NotMirroredBody>,
    failed: Vec<String>,
}

#[derive(Serialize)]
struct NotMirroredBody {
    budget: String,
    reason: String,
}

impl NotMirroredBody {
    fn of(it: &NotMirrored) -> NotMirroredBody {
        NotMirroredBody { budget: it.budget.to_string(), reason: it.reason.to_string() }
    }
}

impl MirrorAnswer {
    fn of(mirrored: &Mirrored) -> MirrorAnswer {
        MirrorAnswer {
            would_change: Vec::new(),
            changed: mirrored.done.iter().map(Step::to_string).collect(),
            unchanged: mirrored.unchanged,
            not_mirrored: mirrored.not_mirrored.iter().map(NotMirroredBody::of).collect(),
            failed: mirrored.failed.iter().map(|(_, err)| causes(err)).collect(),
        }
    }

    fn print(&self, format: Format) -> anyhow::Result<()> {
        match format {
            Format::Json => return output::json(self),
            Format::Table | Format::Csv => {}
        }
        self.would_change.iter().for_each(|it| output::line(&format!("would {it}")));
        self.changed.iter().for_each(|it| output::line(it));
        self.failed.iter().for_each(|it| output::line(&format!("failed: {it}")));
        for NotMirroredBody { budget, reason } in &self.not_mirrored {
            output::line(&format!("not mirrored `{budget}`: {reason}"));
        }
        output::line(&format!(
            "{} changes, {} copies unchanged, {} budgets not mirrored",
            self.would_change.len() + self.changed.len(),
            self.unchanged,
            self.not_mirrored.len()
        ));
        Ok(())
    }
}
