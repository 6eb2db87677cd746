//! How Tollbook reads a string.

use std::io::BufRead;

use ledger_core::aws::ai_service::is_ai;
use ledger_core::aws::principal::{Principal, SessionKind};
use ledger_core::aws::usage_type::{UNKNOWN_REGION, UsageType};
use ledger_core::meter::Meter;
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
    let meter = if ai { read.meter_within_bedrock() } else { Meter::OtherService };
    let model = read.model.clone().or_else(|| {
        let name = product_name.filter(|_| read.is_marketplace)?;
        name.strip_suffix("(Amazon Bedrock Edition)").map(|it| it.trim().to_owned())
    });
    json!({
        "usage_type": read.raw(),
        "ai": ai,
        "region": read.region.filter(|it| *it != UNKNOWN_REGION),
        "marketplace": read.is_marketplace,
        "model": model.filter(|_| ai),
        "meter": meter_word(meter),
        "modality": read.modality.map(|it| it.as_str()),
        "tier": read.tier.map(|it| it.as_str()),
        "routing": read.routing.map(|it| it.as_str()),
        "context": read.context.map(|it| it.as_str()),
        "cache_ttl": read.cache_ttl.map(|it| it.as_str()),
        "custom_model": read.is_custom_model,
    })
}

fn meter_word(meter: Meter) -> Option<&'static str> {
    match meter {
        Meter::Unknown => None,
        Meter::OtherService => Some("not_bedrock"),
        known => Some(known.as_str()),
    }
}

/// One object a line for each ARN.
pub fn principals(input: &str) -> anyhow::Result<Outcome> {
    for_each_line(input, principal)
}

fn principal(text: &str) -> Value {
    let read = Principal::parse(text).ok();
    let read = read.as_ref();
    let (partition, account) = Principal::home_of(text).unzip();
    json!({
        "arn": text,
        "valid": read.is_some(),
        "partition": partition,
        "account": account,
        "kind": read.map_or("not_a_principal", |it| it.kind().as_str()),
        "path": read.and_then(Principal::path),
        "name": read.and_then(Principal::name),
        "session": read.and_then(Principal::session),
        "session_kind": read.and_then(Principal::session_kind).map(SessionKind::as_str),
    })
}

fn for_each_line(input: &str, explain: impl Fn(&str) -> Value) -> anyhow::Result<Outcome> {
    if input != "-" {
        output::json(&explain(input))?;
        return Ok(Outcome::Done);
    }
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let line = line.strip_suffix('\r').unwrap_or(&line);
        output::json(&explain(line))?;
    }
    Ok(Outcome::Done)
}
