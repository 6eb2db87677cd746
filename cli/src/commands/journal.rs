//! Journals of a month as files for an ERP.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use jiff::civil::Date;
use ledger_api::journal_layouts::{Layout, LayoutFile};
use ledger_app::documents::applied_organisation;
use ledger_app::journals::{MonthError, journals_of_month};
use ledger_app::lookup::findings_of_month;
use ledger_app::periods::{accrual_journals, book, closed_journals, months, paying_entities};
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::bill::Status;
use ledger_core::coverage::missing_days;
use ledger_core::journal::{Journal, JournalError, JournalRequest, Side};
use ledger_core::money_sum::MoneySum;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;

use super::now;
use crate::args::{Format, JournalArgs};
use crate::place::{OpenLedger, Place};
use crate::{Outcome, output};

/// Exports the journals of a month.
pub async fn export(place: &Place, args: &JournalArgs) -> anyhow::Result<Outcome> {
    let period = BillingPeriod::parse(&args.period).context("`--period`")?;
    let request = JournalRequest {
        posting_date: posting_date(period, args.posting.date)?,
        unattributed_to: args
            .posting
            .unattributed_to
            .as_deref()
            .map(Code::parse)
            .transpose()
            .context("`--unattributed-to`")?,
        paid_by: None,
    };
    let opened = place.open_to_read().await?;
    let found = journals(&opened, period, args, &request).await;
    opened.close().await;
    let (view, journals) = found?;
    let layout = Layout::from(args.layout);
    let files = layout.files(&journals)?;
    ensure!(
        !files.is_empty(),
        "no charge for generative AI in {period} that is a minor unit or more: there is nothing to post"
    );
    match (&args.out, files.as_slice()) {
        (Some(folder), files) => files.iter().try_for_each(|it| write(folder, it))?,
        (None, [file]) => output::bytes(&file.bytes),
        (None, files) => bail!(
            "{} journals are {} files in layout {}; expected --out DIR to write them to",
            journals.len(),
            files.len(),
            layout.as_str()
        ),
    }
    for journal in &journals {
        summary(journal)?;
    }
    doubts(&view, period, &journals);
    output::notes(Format::Csv, &findings_of_month(&view, period));
    Ok(Outcome::Done)
}

/// The day that is asked for, or the last of the month.
pub(super) fn posting_date(period: BillingPeriod, date: Option<Date>) -> anyhow::Result<Date> {
    let first = period.first_day();
    let date = date.unwrap_or_else(|| first.last_of_month());
    ensure!(
        date >= first,
        "`--date` is {date}, before {period} begins; expected a day of the month or after it"
    );
    Ok(date)
}

async fn journals(
    opened: &OpenLedger,
    period: BillingPeriod,
    args: &JournalArgs,
    request: &JournalRequest,
) -> anyhow::Result<(View<DynamoLedger>, Vec<Journal>)> {
    let organisation = applied_organisation(&opened.ledger).await?.context(
        "no organisation is applied; `tollbook organisation --help` shows a file, and `tollbook \
         organisation apply FILE` applies it",
    )?;
    let view = View::open(&opened.ledger, period, Access::everything(), now()).await?;
    let entity = args.entity.as_deref().map(Code::parse).transpose().context("`--entity`")?;
    if let Some(posted) = posted(opened, period, args, (&organisation, entity.as_ref())).await? {
        return Ok((view, posted));
    }
    let month = (period, args.posting.cost_kind.into());
    match journals_of_month(&view, month, &organisation, entity.as_ref(), request).await {
        Ok(journals) => Ok((view, journals)),
        Err(MonthError::Journal(_, JournalError::Refused(refusal))) => {
            refusal.lines().for_each(|it| output::aside(&it));
            bail!(
                "{period} cannot be posted on {}, for the reasons above; nothing was exported",
                refusal.posting_date
            )
        }
        Err(err) => Err(err.into()),
    }
}

/// The journals that were posted of a month: its accrual where that is asked for, or those of its closing.
async fn posted(
    opened: &OpenLedger,
    period: BillingPeriod,
    args: &JournalArgs,
    (organisation, entity): (&Organisation, Option<&Code>),
) -> anyhow::Result<Option<Vec<Journal>>> {
    let book = book(&opened.ledger).await?;
    if args.accrual {
        let journals = accrual_journals(&opened.ledger, &book, period, entity).await?;
        ensure!(
            !journals.is_empty(),
            "{period} has no accrual; expected `tollbook period accrue --period {period}` first"
        );
        return Ok(Some(journals));
    }
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let months = months(&view, &book, organisation)?.into_iter();
    let of_month = months.filter(|it| it.month == period).map(|it| it.entity);
    let pays = entity.filter(|it| paying_entities(organisation, &book).contains(it));
    let entities: Vec<Code> = of_month.filter(|it| pays.is_none_or(|pays| it == pays)).collect();
    let mut closed = closed_journals(&opened.ledger, &book, period, &entities).await?;
    // One that pays no bill has journals in its books all the same.
    if let (Some(journals), Some(entity), None) = (&mut closed, entity, pays) {
        journals.retain(|it| it.entity.code == *entity);
    }
    let posting = &args.posting;
    ensure!(
        closed.is_none() || (posting.date.is_none() && posting.unattributed_to.is_none()),
        "{period} is closed, so its journals are as they were posted; expected neither --date nor \
         --unattributed-to"
    );
    if closed.is_none() {
        output::aside(&format!(
            "note: {period} is not closed: these journals are what the ledger says now"
        ));
    }
    Ok(closed)
}

/// Writes beside the file and renames: a reader sees the old file or the new one.
fn write(folder: &Path, file: &LayoutFile) -> anyhow::Result<()> {
    let path = folder.join(&file.name);
    let failed = || format!("could not write `{}`", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(failed)?;
    }
    let mut partial = path.clone().into_os_string();
    partial.push(".partial");
    std::fs::write(&partial, &file.bytes).with_context(failed)?;
    std::fs::rename(&partial, &path).with_context(failed)?;
    output::aside(&format!("wrote {}", path.display()));
    Ok(())
}

/// One line for a journal.
fn summary(journal: &Journal) -> anyhow::Result<()> {
    let entity = &journal.entity;
    output::aside(&format!(
        "{} {} ({}): {} lines, {} on each side, posted on {}",
        journal.batch_id,
        entity.name,
        entity.code,
        journal.lines.len(),
        journal.total(Side::Debit)?.to_reader(),
        journal.posting_date
    ));
    if !journal.below_minor_unit.is_empty() {
        let mut sum = MoneySum::zero(journal.currency);
        journal.below_minor_unit.iter().try_for_each(|it| sum.add(it.exact))?;
        output::aside(&format!(
            "  {} charges of {} in all round to zero and have no line",
            journal.below_minor_unit.len(),
            sum.total()?
        ));
    }
    Ok(())
}

/// Reasons to wait before the journals are posted.
fn doubts(view: &View<DynamoLedger>, period: BillingPeriod, journals: &[Journal]) {
    let missing = missing_days(view.heads(), period, view.now().today());
    if !missing.is_empty() {
        let days: Vec<String> = missing.iter().map(ToString::to_string).collect();
        output::aside(&format!("note: {period} has days without data: {}", days.join(", ")));
    }
    let is_over = period.charge_period().is_some_and(|it| it.end() <= view.now().today());
    if !is_over {
        output::aside(&format!("note: {period} is not over"));
    }
    if journals.iter().any(|it| it.status == Status::Estimated) {
        output::aside(&format!(
            "note: {period} is estimated: its bill may still change, and then these are other batches"
        ));
    }
}
