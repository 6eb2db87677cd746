//! The rest of the bill: other services, and the support fee, credit and tax.

use super::callers::{DEVELOPMENT_ACCOUNT, SANDBOX_ACCOUNT};
use super::fixed::Fixed;
use super::line::PAYER_ACCOUNT;

/// One line a day of a service other than generative AI.
pub(super) struct Plain {
    pub account: &'static str,
    pub product_code: &'static str,
    pub product_name: &'static str,
    pub family: &'static str,
    pub line_type: &'static str,
    pub usage_type: &'static str,
    pub operation: &'static str,
    pub resource: &'static str,
    pub unit: &'static str,
    /// The usage of an ordinary day, in parts of the unit.
    pub count: i64,
    /// Parts of one unit: 1 where the unit is counted whole, such as requests; 1,000 for hours and
    /// gigabytes.
    pub size: i64,
    pub price: Fixed,
    /// Whether the amount is the same every day: servers that run, storage that stays.
    pub steady: bool,
}

const USAGE: Plain = Plain {
    account: PAYER_ACCOUNT,
    product_code: "AmazonEC2",
    product_name: "Amazon Elastic Compute Cloud",
    family: "Compute Instance",
    line_type: "Usage",
    usage_type: "BoxUsage:m7g.xlarge",
    operation: "RunInstances",
    resource: "",
    unit: "Hrs",
    count: 0,
    size: 1_000,
    price: Fixed::ZERO,
    steady: false,
};

/// The daily lines of other services, in the order of the bill.
pub(super) static PLAIN_LINES: &[Plain] = &[
    Plain {
        resource: "i-0a1b2c3d4e5f60718",
        count: 24_000 * 12,
        price: usd(1_632, 4),
        steady: true,
        ..USAGE
    },
    Plain { account: DEVELOPMENT_ACCOUNT, count: 24_000 * 5, price: usd(1_632, 4), ..USAGE },
    // A savings plan: covered usage is charged and negated, and the plan's recurring fee is
    // charged.
    Plain {
        line_type: "SavingsPlanCoveredUsage",
        usage_type: "BoxUsage:c7g.2xlarge",
        count: 24_000 * 8,
        price: usd(29, 2),
        steady: true,
        ..USAGE
    },
    Plain {
        line_type: "SavingsPlanNegation",
        usage_type: "BoxUsage:c7g.2xlarge",
        count: 24_000 * 8,
        price: usd(-29, 2),
        steady: true,
        ..USAGE
    },
    Plain {
        product_code: "ComputeSavingsPlans",
        product_name: "Savings Plans for AWS Compute usage",
        family: "",
        line_type: "SavingsPlanRecurringFee",
        usage_type: "ComputeSP:1yrNoUpfront",
        operation: "",
        count: 24_000,
        price: usd(162, 2),
        steady: true,
        ..USAGE
    },
    Plain {
        steady: true,
        size: 1_000,
        ..s3("TimedStorage-ByteHrs", "", "GB-Mo", 9_400, usd(23, 3))
    },
    s3("Requests-Tier1", "PutObject", "Requests", 1_900_000, usd(5, 6)),
    s3("Requests-Tier2", "GetObject", "Requests", 8_200_000, usd(4, 7)),
    lambda("Lambda-GB-Second-ARM", "seconds", 410_000, usd(133_334, 10), PAYER_ACCOUNT),
    lambda("Request-ARM", "Requests", 6_300_000, usd(2, 7), PAYER_ACCOUNT),
    lambda("Lambda-GB-Second-ARM", "seconds", 38_000, usd(133_334, 10), DEVELOPMENT_ACCOUNT),
    lambda("Lambda-GB-Second-ARM", "seconds", 9_000, usd(133_334, 10), SANDBOX_ACCOUNT),
    dynamodb("ReadRequestUnits", "PayPerRequestThroughput", 31_000_000, usd(125, 9)),
    dynamodb("WriteRequestUnits", "PayPerRequestThroughput", 6_000_000, usd(625, 9)),
    Plain {
        product_code: "AmazonCloudWatch",
        product_name: "AmazonCloudWatch",
        family: "Data Payload",
        usage_type: "DataProcessing-Bytes",
        operation: "PutLogEvents",
        unit: "GB",
        count: 31_000,
        price: usd(5, 1),
        ..USAGE
    },
    Plain {
        product_code: "AWSDataTransfer",
        product_name: "AWS Data Transfer",
        family: "Data Transfer",
        usage_type: "DataTransfer-Out-Bytes",
        operation: "",
        unit: "GB",
        count: 120_000,
        price: usd(9, 2),
        ..USAGE
    },
];

const fn s3(
    usage_type: &'static str,
    operation: &'static str,
    unit: &'static str,
    count: i64,
    price: Fixed,
) -> Plain {
    Plain {
        product_code: "AmazonS3",
        product_name: "Amazon Simple Storage Service",
        family: "Storage",
        usage_type,
        operation,
        resource: "sample-documents",
        unit,
        count,
        size: 1,
        price,
        ..USAGE
    }
}

const fn lambda(
    usage_type: &'static str,
    unit: &'static str,
    count: i64,
    price: Fixed,
    account: &'static str,
) -> Plain {
    Plain {
        account,
        product_code: "AWSLambda",
        product_name: "AWS Lambda",
        family: "Serverless",
        usage_type,
        operation: "Invoke",
        unit,
        count,
        size: 1,
        price,
        ..USAGE
    }
}

const fn dynamodb(
    usage_type: &'static str,
    operation: &'static str,
    count: i64,
    price: Fixed,
) -> Plain {
    Plain {
        product_code: "AmazonDynamoDB",
        product_name: "Amazon DynamoDB",
        family: "Amazon DynamoDB PayPerRequest Throughput",
        usage_type,
        operation,
        unit: "RequestUnits",
        count,
        size: 1,
        price,
        ..USAGE
    }
}

const fn usd(mantissa: i64, scale: u32) -> Fixed {
    Fixed::new(mantissa, scale)
}

/// The monthly fee of a Business support plan.
pub(super) const SUPPORT_FEE: Fixed = usd(640, 0);
/// A promotional credit for models, once a month.
pub(super) const CREDIT: Fixed = usd(-250, 0);
/// Tax on AWS's own lines, in percent of a month's charges.
pub(super) const TAX_PERCENT: i64 = 4;
