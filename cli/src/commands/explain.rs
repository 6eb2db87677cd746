//! How Tollbook reads a string.

use std::io::BufRead;

use ledger_core::ai_service::is_ai;
use ledger_core::principal::Principal;
use ledger_core::usage_type::{Meter, UsageType};
use serde_json::{Value, json};

use crate::{Outcome, output};

/// One object a line for each usage type.
pub fn usage_types(input: &str) -> anyhow::Result<Outcome> {
    for_each_line(input, |line| {
        let mut fields = line.split('\t');
        let text = fields.next().unwrap_or_default();
        let mut optional = || fields.next().map(str::trim).filter(|it| !it.is_empty());
        let (product_code, product_name) = (optional(), optional());
        usage_type(text, product_code, product_name)
    })
}

fn usage_type(text: &str, product_code: Option<&str>, product_name: Option<&str>) -> Value {
    let read = UsageType::parse(text);
    let ai = is_ai(product_code, None, product_name, None, &read);
    let meter = if ai { read.meter_within_bedrock() } else { Meter::NotBedrock };
    let model = read.model.clone().or_else(|| {
        let name = product_name.filter(|_| read.is_marketplace)?;
        name.strip_suffix("(Amazon Bedrock Edition)").map(|it| it.trim().to_owned())
    });
    json!({
        "usage_type": read.raw(),
        "ai": ai,
        "region": read.region,
        "marketplace": read.is_marketplace,
        "model": model.filter(|_| ai),
        "meter": if meter == Meter::Unknown { None } else { Some(meter.as_str()) },
        "modality": read.modality.map(|it| it.as_str()),
        "tier": read.tier.map(|it| it.as_str()),
        "routing": read.routing.map(|it| it.as_str()),
        "context": read.context.map(|it| it.as_str()),
        "cache_ttl": read.cache_ttl.map(|it| it.as_str()),
        "custom_model": read.is_custom_model,
    })
}

/// One object a line for each ARN.
pub fn principals(input: &str) -> anyhow::Result<Outcome> {
    for_each_line(input, |line| match Principal::parse(line) {
        Ok(principal) => json!({
            "arn": principal.raw(),
            "valid": true,
            "partition": principal.partition(),
            "account": principal.account(),
            "kind": principal.kind().as_str(),
            "path": principal.path(),
            "name": principal.name(),
            "session": principal.session(),
            "session_kind": principal.session_kind().map(|it| it.as_str()),
        }),
        Err(reason) => json!({
            "arn": line,
            "valid": false,
            "partition": null,
            "account": null,
            "kind": "not_a_principal",
            "path": null,
            "name": null,
            "session": null,
            "session_kind": null,
            "reason": reason.to_string(),
        }),
    })
}

fn for_each_line(input: &str, explain: impl Fn(&str) -> Value) -> anyhow::Result<Outcome> {
    if input != "-" {
        output::line(&explain(input).to_string());
        return Ok(Outcome::Done);
    }
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let line = line.strip_suffix('\r').unwrap_or(&line);
        output::line(&explain(line).to_string());
    }
    Ok(Outcome::Done)
}
