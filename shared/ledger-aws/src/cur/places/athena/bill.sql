-- What counts of one delivery: each line that may be AI, in full, and sums of all others.
--
-- Athena (Trino) runs it. The words in braces are put in by statement.rs: the columns that the
-- files have, the columns of texts that are kept as they are, the table, its partition and the
-- files that the manifest names. A folder can hold older files too, so that "$path" decides which
-- of them are read.
WITH line AS (
    SELECT
        "$path" AS file,
        {columns}
    FROM {table}
    WHERE {partition}"$path" IN ({files})
),

-- Amounts are doubles. One that has fifteen significant digits, and no more, is added up here as
-- the decimal it was made from: a decimal with so few digits that gives the same double is that
-- one. All others are handed over as they are.
exact AS (
    SELECT
        line.*,
        CAST(line_item_usage_start_date AS date) AS day,
        CAST(bill_billing_period_start_date AS date) AS period,
        element_at(product, 'product_name') AS product_name,
        element_at(product, 'model') AS product_model,
        element_at(product, 'provider') AS product_provider,
        CASE
            WHEN abs(line_item_unblended_cost) < 1e0
                AND CAST(TRY_CAST(line_item_unblended_cost AS decimal(38, 15)) AS double)
                = line_item_unblended_cost
                THEN TRY_CAST(line_item_unblended_cost AS decimal(38, 15))
            WHEN abs(line_item_unblended_cost) < 1e3
                AND CAST(TRY_CAST(line_item_unblended_cost AS decimal(38, 12)) AS double)
                = line_item_unblended_cost
                THEN CAST(TRY_CAST(line_item_unblended_cost AS decimal(38, 12)) AS decimal(38, 15))
            WHEN abs(line_item_unblended_cost) < 1e6
                AND CAST(TRY_CAST(line_item_unblended_cost AS decimal(38, 9)) AS double)
                = line_item_unblended_cost
                THEN CAST(TRY_CAST(line_item_unblended_cost AS decimal(38, 9)) AS decimal(38, 15))
        END AS unblended,
        CASE
            WHEN abs(line_item_net_unblended_cost) < 1e0
                AND CAST(TRY_CAST(line_item_net_unblended_cost AS decimal(38, 15)) AS double)
                = line_item_net_unblended_cost
                THEN TRY_CAST(line_item_net_unblended_cost AS decimal(38, 15))
            WHEN abs(line_item_net_unblended_cost) < 1e3
                AND CAST(TRY_CAST(line_item_net_unblended_cost AS decimal(38, 12)) AS double)
                = line_item_net_unblended_cost
                THEN
                    CAST(TRY_CAST(line_item_net_unblended_cost AS decimal(38, 12)) AS decimal(38, 15))
            WHEN abs(line_item_net_unblended_cost) < 1e6
                AND CAST(TRY_CAST(line_item_net_unblended_cost AS decimal(38, 9)) AS double)
                = line_item_net_unblended_cost
                THEN
                    CAST(TRY_CAST(line_item_net_unblended_cost AS decimal(38, 9)) AS decimal(38, 15))
        END AS net_unblended
    FROM line
),

-- Whether a line may be AI, or needs a finding if it is not: never less than
-- `ledger_core::aws::ai_service::judge` says, which decides when the line is read. AWS's own codes
-- decide alone; any other can be the one of a model that AWS Marketplace sells, which another line
-- names; and without a code the other texts decide, or the usage type where there is no name.
judged AS (
    SELECT
        exact.*,
        CASE
            WHEN
                ltrim(line_item_product_code) LIKE 'Amazon%'
                OR ltrim(line_item_product_code) LIKE 'AWS%'
                THEN line_item_product_code LIKE '%Bedrock%'
            WHEN ltrim(coalesce(line_item_product_code, '')) = ''
                THEN
                    concat(
                        coalesce(product_name, ''), ' ',
                        coalesce(product_product_family, ''), ' ',
                        coalesce(line_item_line_item_description, '')
                    ) LIKE '%Bedrock%'
                    OR NOT regexp_like(coalesce(product_name, ''), '[0-9A-Za-z]')
            ELSE true
        END
        OR lower(coalesce(line_item_usage_type, '')) LIKE '%token%' AS may_be_ai,
        unblended IS NOT NULL
        AND (net_unblended IS NOT NULL OR line_item_net_unblended_cost IS NULL) AS is_exact
    FROM exact
)

SELECT
    'each' AS amounts_are_of,
    1 AS line_count,
    file,
    bill_billing_entity,
    CAST(period AS varchar) AS bill_billing_period_start_date,
    bill_payer_account_id,
    line_item_usage_account_id,
    CAST(day AS varchar) AS line_item_usage_start_date,
    line_item_line_item_type,
    line_item_line_item_description,
    line_item_product_code,
    line_item_usage_type,
    CAST(line_item_usage_amount AS varchar) AS line_item_usage_amount,
    CAST(line_item_unblended_cost AS varchar) AS line_item_unblended_cost,
    CAST(line_item_net_unblended_cost AS varchar) AS line_item_net_unblended_cost,
    line_item_currency_code,
    line_item_iam_principal,
    pricing_unit,
    product_name,
    product_model,
    product_provider,
    product_product_family,
    {texts},
    json_format(CAST(tags AS json)) AS tags,
    CAST(pricing_public_on_demand_cost AS varchar) AS pricing_public_on_demand_cost,
    CAST(savings_plan_savings_plan_effective_cost AS varchar)
        AS savings_plan_savings_plan_effective_cost,
    CAST(savings_plan_net_savings_plan_effective_cost AS varchar)
        AS savings_plan_net_savings_plan_effective_cost,
    CAST(savings_plan_total_commitment_to_date AS varchar) AS savings_plan_total_commitment_to_date,
    CAST(savings_plan_used_commitment AS varchar) AS savings_plan_used_commitment,
    CAST(savings_plan_recurring_commitment_for_billing_period AS varchar)
        AS savings_plan_recurring_commitment_for_billing_period,
    CAST(savings_plan_net_recurring_commitment_for_billing_period AS varchar)
        AS savings_plan_net_recurring_commitment_for_billing_period,
    CAST(savings_plan_amortized_upfront_commitment_for_billing_period AS varchar)
        AS savings_plan_amortized_upfront_commitment_for_billing_period,
    CAST(savings_plan_net_amortized_upfront_commitment_for_billing_period AS varchar)
        AS savings_plan_net_amortized_upfront_commitment_for_billing_period,
    CAST(reservation_effective_cost AS varchar) AS reservation_effective_cost,
    CAST(reservation_net_effective_cost AS varchar) AS reservation_net_effective_cost,
    CAST(reservation_unused_amortized_upfront_fee_for_billing_period AS varchar)
        AS reservation_unused_amortized_upfront_fee_for_billing_period,
    CAST(reservation_net_unused_amortized_upfront_fee_for_billing_period AS varchar)
        AS reservation_net_unused_amortized_upfront_fee_for_billing_period,
    CAST(reservation_unused_recurring_fee AS varchar) AS reservation_unused_recurring_fee,
    CAST(reservation_net_unused_recurring_fee AS varchar) AS reservation_net_unused_recurring_fee,
    reservation_reservation_a_r_n
FROM judged
WHERE may_be_ai

UNION ALL

SELECT
    CASE WHEN is_exact THEN 'all' ELSE 'each' END AS amounts_are_of,
    count(*) AS line_count,
    min(file) AS file,
    NULL AS bill_billing_entity,
    CAST(period AS varchar) AS bill_billing_period_start_date,
    bill_payer_account_id,
    NULL AS line_item_usage_account_id,
    CAST(day AS varchar) AS line_item_usage_start_date,
    NULL AS line_item_line_item_type,
    NULL AS line_item_line_item_description,
    NULL AS line_item_product_code,
    NULL AS line_item_usage_type,
    NULL AS line_item_usage_amount,
    CASE
        WHEN is_exact THEN CAST(sum(unblended) AS varchar)
        ELSE CAST(odd_unblended AS varchar)
    END AS line_item_unblended_cost,
    CASE
        WHEN is_exact THEN CAST(sum(net_unblended) AS varchar)
        ELSE CAST(odd_net_unblended AS varchar)
    END AS line_item_net_unblended_cost,
    line_item_currency_code,
    NULL AS line_item_iam_principal,
    NULL AS pricing_unit,
    NULL AS product_name,
    NULL AS product_model,
    NULL AS product_provider,
    NULL AS product_product_family,
    {no_texts},
    NULL AS tags,
    NULL AS pricing_public_on_demand_cost,
    NULL AS savings_plan_savings_plan_effective_cost,
    NULL AS savings_plan_net_savings_plan_effective_cost,
    NULL AS savings_plan_total_commitment_to_date,
    NULL AS savings_plan_used_commitment,
    NULL AS savings_plan_recurring_commitment_for_billing_period,
    NULL AS savings_plan_net_recurring_commitment_for_billing_period,
    NULL AS savings_plan_amortized_upfront_commitment_for_billing_period,
    NULL AS savings_plan_net_amortized_upfront_commitment_for_billing_period,
    NULL AS reservation_effective_cost,
    NULL AS reservation_net_effective_cost,
    NULL AS reservation_unused_amortized_upfront_fee_for_billing_period,
    NULL AS reservation_net_unused_amortized_upfront_fee_for_billing_period,
    NULL AS reservation_unused_recurring_fee,
    NULL AS reservation_net_unused_recurring_fee,
    NULL AS reservation_reservation_a_r_n
FROM (
    SELECT
        judged.*,
        line_item_net_unblended_cost IS NULL AS is_without_net,
        CASE WHEN NOT is_exact THEN line_item_unblended_cost END AS odd_unblended,
        CASE WHEN NOT is_exact THEN line_item_net_unblended_cost END AS odd_net_unblended
    FROM judged
    WHERE NOT may_be_ai
)
GROUP BY
    is_exact, is_without_net, odd_unblended, odd_net_unblended,
    period, bill_payer_account_id, day, line_item_currency_code
