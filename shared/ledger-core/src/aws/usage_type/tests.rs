use proptest::prelude::*;

use super::*;
use crate::aws::ai_service::is_ai;

const LABELLED: &str = include_str!("../../../testdata/bedrock_usage_types.csv");

/// One labelled row; only the last column, the note, can hold a comma.
fn labelled_rows() -> impl Iterator<Item = Vec<&'static str>> {
    LABELLED.lines().skip(1).map(|line| line.splitn(16, ',').collect())
}

fn text<T>(value: Option<T>, as_str: impl Fn(T) -> &'static str) -> String {
    value.map(as_str).unwrap_or_default().to_owned()
}

fn yes_or_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// The reading in the order of the label columns.
fn columns(usage_type: &UsageType) -> [String; 11] {
    [
        usage_type.region_prefix.clone().unwrap_or_default(),
        text(usage_type.region, |region| region),
        yes_or_no(usage_type.is_marketplace),
        usage_type.model.clone().unwrap_or_default(),
        match usage_type.meter {
            Meter::OtherService => "not_bedrock".to_owned(),
            meter => meter.as_str().to_owned(),
        },
        text(usage_type.modality, Modality::as_str),
        text(usage_type.tier, Tier::as_str),
        text(usage_type.routing, Routing::as_str),
        text(usage_type.context, Context::as_str),
        text(usage_type.cache_ttl, CacheTtl::as_str),
        yes_or_no(usage_type.is_custom_model),
    ]
}

#[test]
fn every_labelled_row_is_read_as_labelled() {
    let mut mismatches = Vec::new();
    let mut row_count = 0;
    for row in labelled_rows() {
        row_count += 1;
        let actual = columns(&UsageType::parse(row[0]));
        if actual[..] != row[4..15] {
            mismatches.push(format!("{}\n  is   {actual:?}\n  want {:?}", row[0], &row[4..15]));
        }
    }
    assert_eq!(row_count, 194);
    assert!(mismatches.is_empty(), "{} mismatches:\n{}", mismatches.len(), mismatches.join("\n"));
}

#[test]
fn cached_input_is_what_was_read_from_the_cache() {
    check(
        "USW2-openai.gpt-5.4-mantle-cached-input-tokens-priority",
        "openai.gpt-5.4 cache_read_tokens text priority in_region default -",
    );
    check(
        "USE1-MP:USE1_CachedInputTokenCount_Global-Units",
        "- cache_read_tokens text standard global default -",
    );
}

#[test]
fn every_published_region_prefix_is_known() {
    let mut count = 0;
    for row in include_str!("../../../testdata/region_prefixes.csv").lines().skip(1) {
        let (prefix, rest) = row.split_once(',').unwrap();
        let (region, _) = rest.split_once(',').unwrap();
        let text = format!("{prefix}-NovaLite-input-tokens");
        assert_eq!(UsageType::parse(&text).region, Some(region), "{text}");
        count += 1;
    }
    assert_eq!(count, 33);
}

#[test]
fn labelled_rows_are_ai_exactly_if_they_are_bedrock() {
    for row in labelled_rows() {
        let usage_type = UsageType::parse(row[0]);
        let is_bedrock = row[1] != "(not Bedrock)";
        let code = if is_bedrock { row[1] } else { "AmazonEC2" };
        assert_eq!(
            is_ai(Some(code), Some("AWS"), None, None, &usage_type),
            is_bedrock,
            "{}",
            row[0]
        );
        // Without a code the grammar decides, and it cannot know what was added last week.
        let is_read = is_bedrock && row[8] != "unknown";
        assert_eq!(is_ai(None, None, None, None, &usage_type), is_read, "{}", row[0]);
    }
}

/// The reading as one line, without what is self-evident: `model meter modality tier routing …`.
fn summary(usage_type: &str) -> String {
    let parsed = UsageType::parse(usage_type);
    let columns = columns(&parsed);
    columns[3..10]
        .iter()
        .map(|column| if column.is_empty() { "-" } else { column })
        .collect::<Vec<_>>()
        .join(" ")
}

#[track_caller]
fn check(usage_type: &str, expected: &str) {
    assert_eq!(summary(usage_type), expected, "{usage_type}");
}

mod published_strings;

#[test]
fn a_model_is_not_eaten_as_a_region() {
    for usage_type in [
        "GLM-4.6-input-tokens",
        "GLM5-input-tokens",
        "GPT-OSS-20B-input-tokens",
        "QWEN3-input-tokens",
    ] {
        let parsed = UsageType::parse(usage_type);
        assert_eq!(parsed.region, None, "{usage_type}");
        assert_eq!(parsed.model.as_deref(), usage_type.strip_suffix("-input-tokens"));
    }
    assert_eq!(UsageType::parse("EU-GLM-4.6-input-tokens").region, Some("eu-west-1"));
}

#[test]
fn an_unknown_prefix_is_kept_and_its_region_unknown() {
    let parsed = UsageType::parse("MXC1-NovaLite-input-tokens");
    assert_eq!(parsed.region_prefix.as_deref(), Some("MXC1"));
    assert_eq!(parsed.region, Some(UNKNOWN_REGION));
    assert_eq!(parsed.model.as_deref(), Some("NovaLite"));
}

#[test]
fn the_order_of_the_words_does_not_matter() {
    let expected = "Llama3-1-70B input_tokens text latency_optimized global default -";
    check("USE1-Llama3-1-70B-LatencyOptimized-input-tokens-cross-region-global", expected);
    check("USE1-Llama3-1-70B-latency-optimized-input-tokens-cross-region-global", expected);
    check("USE1-Llama3-1-70B-input-tokens-latency-optimized-cross-region-global", expected);
    check("USE1-Llama3-1-70B-input-token-count-cross-region-global-latency-optimized", expected);
}

#[test]
fn every_spelling_of_the_cache_is_read() {
    for (tail, meter, ttl) in [
        ("cache-read-input-token-count", "cache_read_tokens", "-"),
        ("cacheread-tokens", "cache_read_tokens", "-"),
        ("cache-read-tokens", "cache_read_tokens", "-"),
        ("cachewrite-tokens", "cache_write_tokens", "-"),
        ("cache-write-1h-tokens", "cache_write_tokens", "1h"),
        ("cache-write-tokens-30m", "cache_write_tokens", "30m"),
        ("cache-write-tokens-5m", "cache_write_tokens", "5m"),
        ("cache-write-input-token-count-1-hour", "cache_write_tokens", "1h"),
    ] {
        check(
            &format!("USE1-NovaPro-{tail}"),
            &format!("NovaPro {meter} text standard in_region default {ttl}"),
        );
    }
}

#[test]
fn features_without_a_model_are_read() {
    for (usage_type, meter) in [
        ("USE1-BrowserTool:Consumption-based:vCPU", "agentcore"),
        ("USE1-Gateway:Consumption-based:Search-API", "agentcore"),
        ("USE1-Memory:Consumption-based:Long-Term-Memory-Retrieval", "agentcore"),
        ("USE1-Evaluations:Consumption-based:Custom", "evaluation"),
        ("USE1-DataAutomation-Standard-DocumentPages", "data_automation"),
        ("USE1-KnowledgeBase-GenerateSQL", "knowledge_base"),
        ("USE1-InvokeFlow-NodeTransitions", "flows"),
        ("USE1-OptimizePrompt-Tokens", "prompt_tools"),
        ("USE1-Nova-Grounding-Requests", "grounding"),
        ("USE1-CustomModelImport-Inference", "custom_model_units"),
    ] {
        check(usage_type, &format!("- {meter} - - - - -"));
    }
    check("USE1-Guardrail-ContentPolicyImageUnitsConsumed", "- guardrail_units image - - - -");
    check("USE1-CustomModelImport-Storage", "- customization_storage - - - - -");
}

#[test]
fn imported_models_name_their_family() {
    check("USE1-Llama-CustomModelImport-Inference-v1:0", "Llama custom_model_units - - - - -");
    check("USE1-OSS-CustomModelImport-Storage-v2:0", "OSS customization_storage - - - - -");
    assert!(UsageType::parse("USE1-Llama-CustomModelImport-Inference-v1:0").is_custom_model);
}

#[test]
fn images_and_video_are_no_tokens() {
    check(
        "USE1-TitanEmbeddingsG1-Image-input-image",
        "TitanEmbeddingsG1-Image input_images image - - - -",
    );
    check(
        "USE1-TitanEmbeddingsG1-Image-input-tokens",
        "TitanEmbeddingsG1-Image input_tokens text standard in_region default -",
    );
    check(
        "USE1-NovaMultiModalEmbeddings-input-standard-image",
        "NovaMultiModalEmbeddings input_images image - - - -",
    );
    check(
        "USE1-NovaMultiModalEmbeddings-input-audio-second",
        "NovaMultiModalEmbeddings input_audio audio - - - -",
    );
    check("USE1-Nova2.0Omni-output-image-count", "Nova2.0Omni output_images image - - - -");
    check(
        "USE1-TitanImageGeneratorG1-T2I-512-Standard",
        "TitanImageGeneratorG1 output_images image - - - -",
    );
    check("USE1-NovaCanvas-BackgroundRemoval", "NovaCanvas output_images image - - - -");
    check("USE1-MP:USE1_InputImageCount-Units", "- input_images image - - - -");
}

#[test]
fn marketplace_words_are_read_as_any_other() {
    check(
        "USE1-MP:USE1_MillionResponseTokens_Global-Units",
        "- output_tokens text standard global default -",
    );
    check(
        "USE1-MP:USE1_response_tokens_standard-Units",
        "- output_tokens text standard in_region default -",
    );
    check(
        "MP:USE1_OutputTokenCount_LatencyOptimized-Units",
        "- output_tokens text latency_optimized in_region default -",
    );
    assert_eq!(UsageType::parse("MP:USE1_OutputTokenCount-Units").region, Some("us-east-1"));
}

#[test]
fn every_spelling_of_long_context_is_read() {
    for text in [
        "MP:USE1_InputTokenCount_LCtx-Units",
        "MP:USE1_InputTokenCount_LongContext-Units",
        "MP:USE1_input_tokens_long_ctx_standard-Units",
        "MP:USE1_input_tokens_long-context-Units",
    ] {
        check(text, "- input_tokens text standard in_region long -");
    }
}

#[test]
fn provisioned_throughput_needs_a_model_or_model_units() {
    check("USE1-Nova-ProvisionedThroughput", "Nova provisioned_model_units - - - - -");
    check("USE1-ProvisionedThroughput-NoCommit-ModelUnits", "- provisioned_model_units - - - - -");
    check("USE1-ProvisionedThroughput", "- unknown - - - - -");
}

#[test]
fn reserved_capacity_is_no_token_count() {
    let runtime = "USE1-Claude4.6Sonnet-reserved-1-month-input-tokens-per-minute-cross-region-geo";
    check(runtime, "Claude4.6Sonnet reserved_input_tpm - - geo - -");
    check(
        "USE1-MP:USE1_Reserved_3Month_OutputTPM_Global-Units",
        "- reserved_output_tpm - - global - -",
    );
}

#[test]
fn other_services_have_no_reading() {
    for usage_type in [
        "USE1-Requests-Tier1",
        "EUW1-EBS:VolumeUsage.gp3",
        "USE1-Lambda-GB-Second",
        "USE1-NatGateway-Hours",
        "USE1-APN1-AWS-In-Bytes",
        "USE2-TimedStorage-ByteHrs",
        "USE1-NodeUsage:cache.t3.micro",
        "InstanceUsage:db.r5.large",
        "USE1-ReadCapacityUnit-Hrs",
        "USE1-CW:AlarmMonitorUsage",
        "EU-LoadBalancerUsage",
        "USE1-ElastiCache:ServerlessECPUs",
        "USE1-OpenSearchServerless-IndexingOCU",
    ] {
        check(usage_type, "- not_bedrock - - - - -");
        assert_eq!(UsageType::parse(usage_type).region, None, "{usage_type}");
    }
    check("ConfigRuleEvaluations", "- unknown - - - - -");
}

/// A word that no rule knows could be a tier, a scope or a kind of content.
#[test]
fn an_axis_has_no_usual_value_beside_a_word_that_is_not_understood() {
    for usage_type in [
        "USE1-NovaLite-input-tokens-turbo",
        "USE1-NovaLite-input-turbo-tokens",
        "USE1-NovaLite-input-tokens-v2",
        "USE1-NovaLite-input-tokens-1h",
        "USE1-NovaLite-input-tokens-é",
    ] {
        check(usage_type, "NovaLite input_tokens - - - - -");
    }
    let priced = "USE1-MP:USE1_InputTokenCount_Turbo_Global_Batch-Units";
    check(priced, "- input_tokens - batch global - -");
    check("USW2-MP:USW2_output_tokens_turbo_standard-Units", "- output_tokens - standard - - -");
    check(
        "USE1-NovaLite-text-input-tokens-turbo-regional",
        "NovaLite input_tokens text - in_region - -",
    );
    check("USE1-MP:USE1_InputTokenCount_LCtx_Turbo-Units", "- input_tokens - - - long -");
    // No such lifetime is known.
    check("USE1-NovaLite-cache-write-tokens-2h", "NovaLite cache_write_tokens - - - - -");
    check("USE1-Guardrail-VideoPolicyUnitsConsumed", "- guardrail_units - - - - -");
    // The model is no word of the meter.
    check(
        "USE1-Turbo9-Extra-input-tokens",
        "Turbo9-Extra input_tokens text standard in_region default -",
    );
}

#[test]
fn unknown_text_stays_unknown() {
    for usage_type in [
        "",
        "-",
        "USE1-",
        "tax",
        "USE1-NovaForge-Training-Hours",
        "USE1-MP:USE1_CacheValidationCount-Units",
        "USE1-NovaPro-input-output-tokens",
    ] {
        check(usage_type, "- unknown - - - - -");
    }
}

#[test]
fn written_forms_are_read_back() {
    for it in Meter::ALL {
        assert_eq!(Meter::parse(it.as_str()), Some(*it));
    }
    for it in Modality::ALL {
        assert_eq!(Modality::parse(it.as_str()), Some(*it));
    }
    for it in Tier::ALL {
        assert_eq!(Tier::parse(it.as_str()), Some(*it));
    }
    for it in Routing::ALL {
        assert_eq!(Routing::parse(it.as_str()), Some(*it));
    }
    for it in Context::ALL {
        assert_eq!(Context::parse(it.as_str()), Some(*it));
    }
    for it in CacheTtl::ALL {
        assert_eq!(CacheTtl::parse(it.as_str()), Some(*it));
    }
    assert_eq!(Meter::parse("InputTokens"), None);
}

proptest! {
    #[test]
    fn every_text_is_read_and_kept(text in ".*") {
        let parsed = UsageType::parse(&text);
        prop_assert_eq!(parsed.raw(), text.as_str());
        prop_assert!(parsed.model.is_none_or(|model| text.contains(&model)));
    }

    #[test]
    fn every_text_of_the_alphabet_is_read_and_kept(text in "(USE1-|EU_|MP:)?[A-Za-z0-9_:. é-]{0,40}(input|cache|-Units)?") {
        let parsed = UsageType::parse(&text);
        prop_assert_eq!(parsed.raw(), text.as_str());
        prop_assert!(parsed.model.is_none_or(|model| text.contains(&model)));
    }
}
