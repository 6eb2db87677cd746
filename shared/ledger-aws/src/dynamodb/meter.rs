//! Request units that DynamoDB charges for, counted at the client.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use rust_decimal::Decimal;

/// The consumption of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumption {
    /// Answers, including those to retries.
    pub request_count: u64,
    /// Read request units: one per 4 KB of a strongly consistent read, half for an eventually
    /// consistent one.
    pub read_units: Decimal,
    /// Write request units: one per KB of an item.
    pub write_units: Decimal,
}

/// Counts what the calls of a client consume, as the service reports it in its answers.
///
/// A write whose condition fails is charged too, but its answer does not say how much: it counts as
/// one unit.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Consumption>>);

impl Meter {
    /// The same client, with its calls counted here.
    pub fn watch(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// The consumption since the last call of this function.
    pub fn take(&self) -> Consumption {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, is_write: bool, capacities: &[ConsumedCapacity]) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.request_count += 1;
        for units in capacities.iter().filter_map(|it| it.capacity_units) {
            // Halves are exact in a double.
            let units = Decimal::from_f64_retain(units).unwrap_or_default();
            *if is_write { &mut sum.write_units } else { &mut sum.read_units } += units;
        }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        macro_rules! ask {
            ($($input:ty),*) => {
                $(if let Some(input) = context.input_mut().downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                })*
            };
        }
        ask!(QueryInput, GetItemInput, PutItemInput, UpdateItemInput, DeleteItemInput);
        ask!(BatchWriteItemInput);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            self.add(true, &[ConsumedCapacity::builder().capacity_units(1.0).build()]);
            return Ok(());
        };
        macro_rules! count {
            ($is_write:literal: $($output:ty),*) => {
                $(if let Some(output) = output.downcast_ref::<$output>() {
                    let capacity = output.consumed_capacity().into_iter();
                    self.add($is_write, &capacity.cloned().collect::<Vec<_>>());
                })*
            };
        }
        count!(false: QueryOutput, GetItemOutput);
        count!(true: PutItemOutput, UpdateItemOutput, DeleteItemOutput, BatchWriteItemOutput);
        Ok(())
    }
}
