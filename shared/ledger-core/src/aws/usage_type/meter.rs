//! Which meter a usage type names.

use super::words::Words;
use crate::meter::Meter;

/// The words of a usage type, as the rules for meters see them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    /// The text after the region prefix.
    pub text: &'a str,
    /// All its words.
    pub all: Words<'a>,
    /// The words after the model.
    pub tail: Words<'a>,
    /// Whether a model precedes the tail.
    pub has_model: bool,
}

/// Tries the families in turn; the first that recognises the words decides.
///
/// The order matters: cache strings contain `input_token`, and reserved capacity contains both a
/// direction and `tokens`.
pub(super) fn meter_of(reading: Reading<'_>) -> Meter {
    let families = [
        feature_meter,
        training_meter,
        capacity_meter,
        cache_meter,
        search_meter,
        token_meter,
        media_meter,
        other_service_meter,
    ];
    families.iter().find_map(|family| family(reading)).unwrap_or(Meter::Unknown)
}

/// Whether a charge of this meter names the model in front of the meter.
pub(super) fn names_a_model(meter: Meter) -> bool {
    !matches!(
        meter,
        Meter::Agentcore
            | Meter::DataAutomation
            | Meter::Evaluation
            | Meter::Flows
            | Meter::Grounding
            | Meter::GuardrailUnits
            | Meter::KnowledgeBase
            | Meter::OtherService
            | Meter::PromptTools
            | Meter::Unknown
    )
}

/// Features of Bedrock that are billed without naming a model.
fn feature_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.all;
    let has_any_run = |runs: &[&[&str]]| runs.iter().any(|run| words.has_run(run));
    if words.has_start("guardrail") {
        return Some(Meter::GuardrailUnits);
    }
    if words.has_run(&["data", "automation"]) {
        return Some(Meter::DataAutomation);
    }
    if has_any_run(&[&["knowledge", "base"], &["generate", "sql"], &["structured", "retrieve"]]) {
        return Some(Meter::KnowledgeBase);
    }
    if is_evaluation(words) {
        return Some(Meter::Evaluation);
    }
    if has_any_run(&[&["consumption", "based"], &["agent", "core"], &["agentcore"]]) {
        return Some(Meter::Agentcore);
    }
    if has_any_run(&[&["invoke", "flow"], &["bedrock", "flow"], &["bedrock", "flows"]]) {
        return Some(Meter::Flows);
    }
    if has_any_run(&[&["optimize", "prompt"], &["prompt", "optimization"], &["prompt", "routing"]])
    {
        return Some(Meter::PromptTools);
    }
    words.has("grounding").then_some(Meter::Grounding)
}

/// AWS Config bills `ConfigRuleEvaluations`: the word must begin its segment, or follow `model`.
fn is_evaluation(words: Words<'_>) -> bool {
    let is_word = |text: &str| matches!(text, "evaluation" | "evaluations");
    words.0.iter().any(|word| word.opens_segment && is_word(&word.text))
        || words.has_run(&["model", "evaluation"])
        || words.has_run(&["model", "evaluations"])
}

fn training_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.all;
    let is_custom_model = words.has_run(&["custom", "model"]);
    let is_tuning = words.has_any(&["customization", "rft", "distillation"])
        || words.has_run(&["fine", "tuning"]);
    if (is_tuning || is_custom_model) && words.has("storage") {
        return Some(Meter::CustomizationStorage);
    }
    if is_tuning && words.has_any(&["training", "tuning"]) {
        return Some(Meter::CustomizationTraining);
    }
    let is_import = words.has_run(&["custom", "model", "import"])
        || words.has_run(&["custom", "model", "unit"])
        || words.has_run(&["custom", "model", "units"]);
    is_import.then_some(Meter::CustomModelUnits)
}

/// Capacity that is paid by the hour, used or not.
fn capacity_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.tail;
    // EFS sells provisioned throughput too, but without a model in front or model units behind.
    let is_provisioned = words.has_run(&["provisioned", "throughput"])
        && (reading.has_model || words.has_any(&["model", "commit", "commitment", "nocommit"]));
    if is_provisioned {
        return Some(Meter::ProvisionedModelUnits);
    }
    let is_reserved =
        words.has("reserved") && (words.has("tpm") || words.has_run(&["per", "minute"]));
    match (is_reserved, words.has("input"), words.has("output")) {
        (false, _, _) => None,
        (true, true, false) => Some(Meter::ReservedInputTpm),
        (true, false, true) => Some(Meter::ReservedOutputTpm),
        (true, _, _) => Some(Meter::Unknown),
    }
}

fn cache_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.tail;
    // Cached input is input read from the cache.
    if words.has_run(&["cache", "read"]) || words.has("cached") {
        return Some(Meter::CacheReadTokens);
    }
    if words.has_run(&["cache", "write"]) {
        return Some(Meter::CacheWriteTokens);
    }
    if words.start_with(&["cache", "storage"]) {
        return Some(Meter::CacheStorage);
    }
    // Other meters of a cache must not count as plain input.
    let is_other =
        words.start_with(&["cache"]) && words.has_any(&["token", "tokens", "validation"]);
    is_other.then_some(Meter::Unknown)
}

fn search_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.tail;
    let is_search = words.has_run(&["search", "units"]) || words.has_run(&["search", "unit"]);
    is_search.then_some(Meter::SearchUnits)
}

fn token_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.tail;
    let is_counted = words.has_any(&["token", "tokens"]);
    // `minimax.minimax-m2.5-output` is a line of a real bill.
    let is_bare =
        reading.has_model && words.0.iter().all(|word| BARE_WORDS.contains(&word.text.as_str()));
    if !is_counted && !is_bare {
        return None;
    }
    // The Marketplace calls output "response" tokens.
    let is_output = words.has_any(&["output", "response", "completion"]);
    match (words.has_any(&["input", "prompt"]), is_output) {
        (true, false) => Some(Meter::InputTokens),
        (false, true) => Some(Meter::OutputTokens),
        _ => Some(Meter::Unknown),
    }
}

/// Words allowed beside a direction that is written without the word `tokens`.
const BARE_WORDS: &[&str] = &[
    "input",
    "output",
    "response",
    "text",
    "speech",
    "mantle",
    "standard",
    "batch",
    "flex",
    "priority",
    "latency",
    "optimized",
    "cross",
    "region",
    "regional",
    "global",
    "geo",
    "long",
    "context",
    "custom",
    "model",
];

fn media_meter(reading: Reading<'_>) -> Option<Meter> {
    let words = reading.tail;
    let is_input = words.has("input");
    let is_output = words.has_any(&["output", "created", "generated"]);
    if words.has_any(&["t2i", "i2i"]) {
        return Some(Meter::OutputImages);
    }
    let is_video_size = words.0.iter().any(|word| VIDEO_SIZES.contains(&word.text.as_str()));
    if words.has_any(&["t2v", "i2v", "v2v"]) || is_video_size {
        return Some(Meter::OutputVideo);
    }
    for (names, input, output) in MEDIA {
        match (words.has_any(names), is_input, is_output) {
            (true, true, false) => return Some(*input),
            (true, false, true) => return Some(*output),
            _ => {}
        }
    }
    media_model_meter(reading.all)
}

const VIDEO_SIZES: &[&str] =
    &["lowfps", "medfps", "highfps", "sdres", "hdres", "fhdres", "uhdres", "720p", "1080p"];

const MEDIA: &[(&[&str], Meter, Meter)] = &[
    (&["image", "images"], Meter::InputImages, Meter::OutputImages),
    (&["video", "videos"], Meter::InputVideo, Meter::OutputVideo),
    (&["audio", "speech"], Meter::InputAudio, Meter::OutputAudio),
];

/// Models with one kind of output, which shows the meter even where the rest is not understood.
fn media_model_meter(words: Words<'_>) -> Option<Meter> {
    let is_image =
        [["nova", "canvas"], ["image", "generator"], ["stable", "image"], ["stable", "diffusion"]]
            .iter()
            .any(|run| words.has_run(run));
    if is_image {
        return Some(Meter::OutputImages);
    }
    words.has_run(&["nova", "reel"]).then_some(Meter::OutputVideo)
}

/// Recognises the usage types of other AWS services, which share the bill.
fn other_service_meter(reading: Reading<'_>) -> Option<Meter> {
    let text = reading.text.to_ascii_lowercase();
    // A new meter of a model may end in `-Hours` as well; it is unknown, but it is Bedrock's.
    if reading.all.has_any(BEDROCK_WORDS) {
        return None;
    }
    let is_other = OTHER_SERVICE_PARTS.iter().any(|part| text.contains(part))
        || OTHER_SERVICE_ENDS.iter().any(|end| text.ends_with(end))
        || reading.all.has_any(OTHER_SERVICE_WORDS);
    is_other.then_some(Meter::OtherService)
}

const BEDROCK_WORDS: &[&str] = &["bedrock", "claude", "llama", "mistral", "nova", "titan"];

/// Marks of compute, storage and network. A service that is missing here comes out as unknown, and
/// its product code, which every bill has, still keeps it out of the AI cost.
const OTHER_SERVICE_PARTS: &[&str] = &[
    "elasticache",
    "guardduty",
    "notebook:",
    "publicipv4",
    "eventsrecorded",
    "apirequest",
    "azusage",
    "boxusage",
    "bytehrs",
    "bytes",
    "capacityunit",
    "cloudfront",
    "datatransfer",
    "ebs:",
    "ec2",
    "elasticip",
    "fargate",
    "gb-month",
    "gb-second",
    "gatewayrequest",
    "heavyusage",
    "hostedzone",
    "instanceusage",
    "kms-",
    "lambda",
    "lcuusage",
    "loadbalancer",
    "monitorusage",
    "natgateway",
    "nodeusage",
    "requests-tier",
    "requestunits",
    "s3-",
    "secretsmanager",
    "snapshotusage",
    "softwareusage",
    "spotusage",
    "storageusage",
    "timedstorage",
    "vcpu-hours",
    "volumeusage",
    "vpcendpoint",
    "vpn",
    "usage:",
];

const OTHER_SERVICE_ENDS: &[&str] =
    &["ocu", "-gb", "-hours", "-hrs", "-mins", "-queries", "-requests", "-lcus", "-ocu"];

const OTHER_SERVICE_WORDS: &[&str] = &[
    "cw",
    "db",
    "dms",
    "ecs",
    "efs",
    "eks",
    "elasticache",
    "fsx",
    "glue",
    "host",
    "msk",
    "opensearch",
    "rds",
    "redshift",
    "route53",
    "sns",
    "sqs",
];
