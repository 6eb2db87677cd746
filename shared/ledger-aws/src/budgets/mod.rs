//! AWS Budgets through the SDK: reads the budgets of an account, and changes one at a time.
//!
//! - **Invariant:** only [`Step::Update`] calls `UpdateBudget`, which sets the spend of a budget back to zero
//!   until AWS has added it up again. Notifications have calls of their own.
//! - **Source:** the service's model, `budgets` 2016-10-20.

mod error;
mod read;
mod write;

use std::collections::BTreeMap;

use aws_sdk_budgets::Client;
use aws_sdk_budgets::types::{Budget, Notification, NotificationWithSubscribers, SubscriptionType};
use ledger_app::ports::{NativeBudgets, NativeBudgetsError};
use ledger_core::mirror::{Existing, Mirror, Notice, Step, Subscribers, Wanted};

use self::error::{not_built, too_many, translate};
use self::write::{budget_of, notification_of, subscriber_of, tag_of};

/// The key of the tag that names the stack of a copy.
const STACK_TAG: &str = "tollbook:stack";

/// Budgets of a page; AWS takes up to 1,000.
const PAGE_BUDGETS: i32 = 100;

/// Pages of a listing: more budgets than an account may have.
const PAGES_MAX: usize = 250;

/// The [`NativeBudgets`] of AWS.
#[derive(Clone, Debug)]
pub struct AwsBudgets {
    /// The SDK's client.
    pub client: Client,
}

impl NativeBudgets for AwsBudgets {
    async fn budgets(
        &self,
        account: &str,
        prefix: &str,
    ) -> Result<Vec<Existing>, NativeBudgetsError> {
        let mut existing = Vec::new();
        for budget in self.described(account).await? {
            let mut one = read::existing(&budget);
            if one.name.starts_with(prefix) {
                one.stack = self.stack_of(account, &one.name).await?;
                (one.notices, one.other_notices) = self.notices_of(account, &one.name).await?;
            }
            existing.push(one);
        }
        Ok(existing)
    }

    async fn change(&self, mirror: &Mirror, step: &Step) -> Result<(), NativeBudgetsError> {
        match step {
            Step::Create(wanted) => self.create(mirror, wanted).await,
            Step::Update { wanted, starts, .. } => {
                let budget = budget_of(wanted, Some(*starts)).map_err(not_built)?;
                let call = self.client.update_budget().account_id(&mirror.account);
                let doing = || format!("could not update budget `{}`", wanted.name);
                call.new_budget(budget).send().await.map_err(|err| translate(err, doing()))?;
                Ok(())
            }
            Step::Remove { name } => {
                let call = self.client.delete_budget().account_id(&mirror.account);
                let doing = || format!("could not remove budget `{name}`");
                call.budget_name(name).send().await.map_err(|err| translate(err, doing()))?;
                Ok(())
            }
            Step::AddNotice { name, notice } => self.add_notice(mirror, name, *notice).await,
            Step::AddTopic { name, notice } => self.add_topic(mirror, name, *notice).await,
            Step::MoveTopic { name, notice, from } => {
                self.move_topic(mirror, name, *notice, from).await
            }
            Step::RemoveNotice { name, notice } => self.remove_notice(mirror, name, *notice).await,
            Step::RemoveTopic { name, notice, from } => {
                self.remove_topic(mirror, name, *notice, from).await
            }
        }
    }
}

impl AwsBudgets {
    async fn described(&self, account: &str) -> Result<Vec<Budget>, NativeBudgetsError> {
        let doing = "could not list budgets";
        let (mut budgets, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let call = self.client.describe_budgets().account_id(account).max_results(PAGE_BUDGETS);
            let call = call.show_filter_expression(true).set_next_token(token.take());
            let answer = match call.send().await {
                Ok(answer) => answer,
                // An account without budgets.
                Err(err)
                    if err.as_service_error().is_some_and(|it| it.is_not_found_exception()) =>
                {
                    return Ok(budgets);
                }
                Err(err) => return Err(translate(err, doing.to_owned())),
            };
            budgets.extend(answer.budgets.into_iter().flatten());
            token = answer.next_token.filter(|it| !it.is_empty());
            if token.is_none() {
                return Ok(budgets);
            }
        }
        Err(too_many(doing))
    }

    async fn stack_of(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<String>, NativeBudgetsError> {
        let region = self.client.config().region().map_or("", |it| it.as_ref());
        let arn = format!("arn:{}:budgets::{account}:budget/{name}", partition_of(region));
        let call = self.client.list_tags_for_resource().resource_arn(arn);
        let doing = || format!("could not list the tags of budget `{name}`");
        let answer = call.send().await.map_err(|err| translate(err, doing()))?;
        let tags = answer.resource_tags.into_iter().flatten();
        Ok(tags.into_iter().find(|it| it.key == STACK_TAG).map(|it| it.value))
    }

    /// The notifications of a budget, and the number of those that are no percentage of its limit.
    async fn notices_of(
        &self,
        account: &str,
        name: &str,
    ) -> Result<(BTreeMap<Notice, Subscribers>, usize), NativeBudgetsError> {
        let doing = || format!("could not list the notifications of budget `{name}`");
        let (mut notices, mut others, mut token) = (BTreeMap::new(), 0, None);
        for _ in 0..PAGES_MAX {
            let call = self.client.describe_notifications_for_budget().account_id(account);
            let call = call.budget_name(name).set_next_token(token.take());
            let answer = call.send().await.map_err(|err| translate(err, doing()))?;
            for notification in answer.notifications.into_iter().flatten() {
                match read::notice_of(&notification) {
                    Some(notice) => {
                        let subscribers = self.subscribers_of(account, name, notification).await?;
                        notices.insert(notice, subscribers);
                    }
                    None => others += 1,
                }
            }
            token = answer.next_token.filter(|it| !it.is_empty());
            if token.is_none() {
                return Ok((notices, others));
            }
        }
        Err(too_many(&doing()))
    }

    async fn subscribers_of(
        &self,
        account: &str,
        name: &str,
        notification: Notification,
    ) -> Result<Subscribers, NativeBudgetsError> {
        let doing = || format!("could not list the subscribers of budget `{name}`");
        let (mut subscribers, mut token) = (Subscribers::default(), None);
        for _ in 0..PAGES_MAX {
            let call = self.client.describe_subscribers_for_notification().account_id(account);
            let call = call.budget_name(name).notification(notification.clone());
            let call = call.set_next_token(token.take());
            let answer = call.send().await.map_err(|err| translate(err, doing()))?;
            for subscriber in answer.subscribers.into_iter().flatten() {
                match subscriber.subscription_type {
                    SubscriptionType::Sns => subscribers.topic = Some(subscriber.address),
                    _ => subscribers.mails += 1,
                }
            }
            token = answer.next_token.filter(|it| !it.is_empty());
            if token.is_none() {
                return Ok(subscribers);
            }
        }
        Err(too_many(&doing()))
    }

    async fn create(&self, mirror: &Mirror, wanted: &Wanted) -> Result<(), NativeBudgetsError> {
        let budget = budget_of(wanted, None).map_err(not_built)?;
        let tag = tag_of(STACK_TAG, &mirror.stack).map_err(not_built)?;
        let mut call = self.client.create_budget().account_id(&mirror.account);
        call = call.budget(budget).resource_tags(tag);
        for notice in &wanted.notices {
            let subscriber = subscriber_of(&mirror.topic).map_err(not_built)?;
            let notification = NotificationWithSubscribers::builder()
                .notification(notification_of(*notice).map_err(not_built)?)
                .subscribers(subscriber);
            call = call.notifications_with_subscribers(notification.build().map_err(not_built)?);
        }
        let doing = || format!("could not create budget `{}`", wanted.name);
        call.send().await.map(drop).map_err(|err| translate(err, doing()))
    }

    async fn add_notice(
        &self,
        mirror: &Mirror,
        name: &str,
        notice: Notice,
    ) -> Result<(), NativeBudgetsError> {
        let call = self.client.create_notification().account_id(&mirror.account).budget_name(name);
        let call = call
            .notification(notification_of(notice).map_err(not_built)?)
            .subscribers(subscriber_of(&mirror.topic).map_err(not_built)?);
        call.send().await.map(drop).map_err(|err| translate(err, notifying(name, notice)))
    }

    async fn remove_notice(
        &self,
        mirror: &Mirror,
        name: &str,
        notice: Notice,
    ) -> Result<(), NativeBudgetsError> {
        let call = self.client.delete_notification().account_id(&mirror.account).budget_name(name);
        let call = call.notification(notification_of(notice).map_err(not_built)?);
        call.send().await.map(drop).map_err(|err| translate(err, notifying(name, notice)))
    }

    async fn add_topic(
        &self,
        mirror: &Mirror,
        name: &str,
        notice: Notice,
    ) -> Result<(), NativeBudgetsError> {
        let call = self.client.create_subscriber().account_id(&mirror.account).budget_name(name);
        let call = call
            .notification(notification_of(notice).map_err(not_built)?)
            .subscriber(subscriber_of(&mirror.topic).map_err(not_built)?);
        call.send().await.map(drop).map_err(|err| translate(err, notifying(name, notice)))
    }

    async fn move_topic(
        &self,
        mirror: &Mirror,
        name: &str,
        notice: Notice,
        from: &str,
    ) -> Result<(), NativeBudgetsError> {
        let call = self.client.update_subscriber().account_id(&mirror.account).budget_name(name);
        let call = call
            .notification(notification_of(notice).map_err(not_built)?)
            .old_subscriber(subscriber_of(from).map_err(not_built)?)
            .new_subscriber(subscriber_of(&mirror.topic).map_err(not_built)?);
        call.send().await.map(drop).map_err(|err| translate(err, notifying(name, notice)))
    }

    async fn remove_topic(
        &self,
        mirror: &Mirror,
        name: &str,
        notice: Notice,
        from: &str,
    ) -> Result<(), NativeBudgetsError> {
        let call = self.client.delete_subscriber().account_id(&mirror.account).budget_name(name);
        let call = call
            .notification(notification_of(notice).map_err(not_built)?)
            .subscriber(subscriber_of(from).map_err(not_built)?);
        call.send().await.map(drop).map_err(|err| translate(err, notifying(name, notice)))
    }
}

fn notifying(name: &str, notice: Notice) -> String {
    format!("could not change the notification `{notice}` of budget `{name}`")
}

/// The partition of a region: budgets are global within it.
fn partition_of(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
