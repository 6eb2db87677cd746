-- The table that IngestExport asks, for Athena. Put the bucket, prefix and name of the export in place
-- of the words in capitals, run it once in the database that AthenaDatabase names, and set
-- AthenaTable. It needs no crawler: months are partitions by rule.
--
-- Columns that an export does not have may stay: Athena reads them as null.
CREATE EXTERNAL TABLE tollbook_export (
    bill_billing_entity string,
    bill_billing_period_start_date timestamp,
    bill_payer_account_id string,
    line_item_usage_account_id string,
    line_item_usage_start_date timestamp,
    line_item_line_item_type string,
    line_item_line_item_description string,
    line_item_product_code string,
    line_item_usage_type string,
    line_item_usage_amount double,
    line_item_unblended_cost double,
    line_item_net_unblended_cost double,
    line_item_currency_code string,
    line_item_iam_principal string,
    pricing_unit string,
    product map<string, string>,
    product_product_family string,
    product_region_code string,
    line_item_availability_zone string,
    tags map<string, string>,
    bill_invoice_id string,
    pricing_public_on_demand_cost double,
    savings_plan_savings_plan_effective_cost double,
    savings_plan_net_savings_plan_effective_cost double,
    savings_plan_total_commitment_to_date double,
    savings_plan_used_commitment double,
    savings_plan_recurring_commitment_for_billing_period double,
    savings_plan_net_recurring_commitment_for_billing_period double,
    savings_plan_amortized_upfront_commitment_for_billing_period double,
    savings_plan_net_amortized_upfront_commitment_for_billing_period double,
    reservation_effective_cost double,
    reservation_net_effective_cost double,
    reservation_unused_amortized_upfront_fee_for_billing_period double,
    reservation_net_unused_amortized_upfront_fee_for_billing_period double,
    reservation_unused_recurring_fee double,
    reservation_net_unused_recurring_fee double,
    reservation_reservation_a_r_n string
)
PARTITIONED BY (billing_period string)
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/EXPORT/data/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.billing_period.type' = 'date',
    'projection.billing_period.format' = 'yyyy-MM',
    'projection.billing_period.range' = '2025-01,NOW',
    'projection.billing_period.interval' = '1',
    'projection.billing_period.interval.unit' = 'MONTHS',
    'storage.location.template' = 's3://BUCKET/PREFIX/EXPORT/data/BILLING_PERIOD=${billing_period}/'
)
