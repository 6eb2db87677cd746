//! Strings that AWS and others have published, with the reading of each.

use super::check;

#[test]
fn published_strings_are_read() {
    for (usage_type, expected) in PUBLISHED {
        check(usage_type, expected);
    }
}

/// Source: AWS's documentation, public dashboards, and fixtures recorded from price lists.
const PUBLISHED: &[(&str, &str)] = &[
    (
        "USE1-Claude4.6Sonnet-input-tokens",
        "Claude4.6Sonnet input_tokens text standard in_region default -",
    ),
    (
        "USE1-Claude4.6Sonnet-output-tokens",
        "Claude4.6Sonnet output_tokens text standard in_region default -",
    ),
    (
        "USE1-Claude4.6Sonnet-cache-read-input-token-count",
        "Claude4.6Sonnet cache_read_tokens text standard in_region default -",
    ),
    (
        "USE1-Claude4.6Sonnet-output-tokens-cross-region-global",
        "Claude4.6Sonnet output_tokens text standard global default -",
    ),
    (
        "USE1-Claude4.6Opus-input-tokens",
        "Claude4.6Opus input_tokens text standard in_region default -",
    ),
    (
        "USE1-Claude4.5Haiku-input-tokens",
        "Claude4.5Haiku input_tokens text standard in_region default -",
    ),
    (
        "USW2-Claude4.5Haiku-cache-write-input-token-count-cross-region-global",
        "Claude4.5Haiku cache_write_tokens text standard global default -",
    ),
    ("USE1-NovaLite-input-tokens", "NovaLite input_tokens text standard in_region default -"),
    ("USE2-NovaMicro-input-tokens", "NovaMicro input_tokens text standard in_region default -"),
    (
        "USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
        "openai.gpt-oss-120b input_tokens text standard in_region default -",
    ),
    (
        "USE1-gpt-oss-120b-output-tokens-priority",
        "gpt-oss-120b output_tokens text priority in_region default -",
    ),
    (
        "USE1-Nova2.0Lite-input-tokens-flex",
        "Nova2.0Lite input_tokens text flex in_region default -",
    ),
    (
        "USW2-Nova2.0Lite-input-tokens-priority-cross-region-global",
        "Nova2.0Lite input_tokens text priority global default -",
    ),
    (
        "USE1-Nova2.0Lite-output-tokens-flex-cross-region-global",
        "Nova2.0Lite output_tokens text flex global default -",
    ),
    (
        "USE1-Nova2.0Pro-text-input-tokens",
        "Nova2.0Pro input_tokens text standard in_region default -",
    ),
    (
        "USE1-Nova2.0Pro-text-input-tokens-cross-region-global",
        "Nova2.0Pro input_tokens text standard global default -",
    ),
    (
        "USE1-Nova2.0Pro-input-image-token-count-cross-region-global",
        "Nova2.0Pro input_tokens image standard global default -",
    ),
    (
        "USW2-Nova2.0Omni-input-audio-token-count",
        "Nova2.0Omni input_tokens audio standard in_region default -",
    ),
    (
        "USW2-Nova2.0Lite-cache-read-input-token-count",
        "Nova2.0Lite cache_read_tokens text standard in_region default -",
    ),
    (
        "USW2-Nova2.0Lite-cache-write-input-token-count-flex",
        "Nova2.0Lite cache_write_tokens text flex in_region default -",
    ),
    ("EU-Nova2.0Lite-input-tokens", "Nova2.0Lite input_tokens text standard in_region default -"),
    (
        "USE1-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard",
        "anthropic.claude-opus-4-8 input_tokens text standard global default -",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-input-tokens-standard",
        "moonshotai.kimi-k3 input_tokens text standard in_region default -",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-output-tokens-standard",
        "moonshotai.kimi-k3 output_tokens text standard in_region default -",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-cache-read-tokens-standard",
        "moonshotai.kimi-k3 cache_read_tokens text standard in_region default -",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-cache-write-tokens-30m-standard",
        "moonshotai.kimi-k3 cache_write_tokens text standard in_region default 30m",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-input-tokens-global-standard",
        "moonshotai.kimi-k3 input_tokens text standard global default -",
    ),
    (
        "USW2-moonshotai.kimi-k3-mantle-input-tokens-global-flex",
        "moonshotai.kimi-k3 input_tokens text flex global default -",
    ),
    (
        "USW2-mistral.mistral-large-3-675b-instruct-mantle-input-tokens-standard",
        "mistral.mistral-large-3-675b-instruct input_tokens text standard in_region default -",
    ),
    (
        "USW2-Mistral-Large-3-675b-Instruct-output-tokens",
        "Mistral-Large-3-675b-Instruct output_tokens text standard in_region default -",
    ),
    (
        "USW2-Mistral-Large-3-675b-Instruct-input-tokens-batch",
        "Mistral-Large-3-675b-Instruct input_tokens text batch in_region default -",
    ),
    (
        "USE1-deepseek.v3.2-input-tokens",
        "deepseek.v3.2 input_tokens text standard in_region default -",
    ),
    (
        "USE1-NovaPro-cache-write-input-token-count-custom-model",
        "NovaPro cache_write_tokens text standard in_region default -",
    ),
    ("USE1-Guardrail-AutomatedReasoningPolicyUnitsConsumed", "- guardrail_units text - - - -"),
    ("USW2-Ray-V2-Medfps-HDRes", "Ray-V2 output_video video - - - -"),
    ("AmazonRerank-v1-searchunits", "AmazonRerank-v1 search_units - - - - -"),
    ("USE1-MP:USE1_InputTokenCount-Units", "- input_tokens text standard in_region default -"),
    ("USE1-MP:USE1_InputTokenCount_Global-Units", "- input_tokens text standard global default -"),
    ("USE1-MP:USE1_OutputTokenCount-Units", "- output_tokens text standard in_region default -"),
    (
        "USE1-MP:USE1_OutputTokenCount_LatencyOptimized-Units",
        "- output_tokens text latency_optimized in_region default -",
    ),
    (
        "USE1-MP:USE1_CacheReadInputTokenCount-Units",
        "- cache_read_tokens text standard in_region default -",
    ),
    (
        "USE1-MP:USE1_CacheWrite1hInputTokenCount-Units",
        "- cache_write_tokens text standard in_region default 1h",
    ),
    (
        "USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units",
        "- cache_write_tokens text standard global default 1h",
    ),
    ("USE1-MP:USE1_InputTokenCount_Batch-Units", "- input_tokens text batch in_region default -"),
    (
        "USE1-MP:USE1_InputTokenCount_Global_Batch-Units",
        "- input_tokens text batch global default -",
    ),
    ("APN1-MP:APN1_MillionBatchInputTokens-Units", "- input_tokens text batch in_region default -"),
    (
        "USW2-MP:USW2_input_tokens_standard-Units",
        "- input_tokens text standard in_region default -",
    ),
    (
        "USW2-MP:USW2_output_tokens_standard-Units",
        "- output_tokens text standard in_region default -",
    ),
    (
        "USW2-MP:USW2_input_tokens_global_standard-Units",
        "- input_tokens text standard global default -",
    ),
    (
        "USW2-MP:USW2_cache_write_tokens_standard-Units",
        "- cache_write_tokens text standard in_region default -",
    ),
    (
        "USW2-MP:USW2_cache_write_tokens_1h_standard-Units",
        "- cache_write_tokens text standard in_region default 1h",
    ),
    (
        "USW2-MP:USW2_cache_write_tokens_1h_global_standard-Units",
        "- cache_write_tokens text standard global default 1h",
    ),
    (
        "USW2-MP:USW2_input_tokens_long_ctx_standard-Units",
        "- input_tokens text standard in_region long -",
    ),
    (
        "USW2-MP:USW2_input_tokens_long_ctx_global_standard-Units",
        "- input_tokens text standard global long -",
    ),
    (
        "USW2-MP:USW2_output_tokens_long_ctx_standard-Units",
        "- output_tokens text standard in_region long -",
    ),
    ("USW2-MP:USW2_Reserved_1Month_InputTPM_Geo-Units", "- reserved_input_tpm - - geo - -"),
    ("APS7-MP:APS7_Reserved_1Month_InputTPM_Geo-Units", "- reserved_input_tpm - - geo - -"),
    ("USE1_input_tokens_standard-Units", "- input_tokens text standard in_region default -"),
    ("USE1-Claude2.0-input-tokens", "Claude2.0 input_tokens text standard in_region default -"),
    (
        "USE1-Claude3-5Haiku-input-tokens-latency-optimized",
        "Claude3-5Haiku input_tokens text latency_optimized in_region default -",
    ),
    (
        "USE1-Llama3-1-70B-LatencyOptimized-input-tokens",
        "Llama3-1-70B input_tokens text latency_optimized in_region default -",
    ),
    (
        "USE1-Llama3-2-1B-output-tokens",
        "Llama3-2-1B output_tokens text standard in_region default -",
    ),
    (
        "USE1-Llama4-Maverick-17B-input-tokens-batch",
        "Llama4-Maverick-17B input_tokens text batch in_region default -",
    ),
    (
        "USE1-GPT-OSS-Safeguard-120B-output-tokens-batch",
        "GPT-OSS-Safeguard-120B output_tokens text batch in_region default -",
    ),
    (
        "USE1-Gemma-3-4B-IT-input-tokens-flex",
        "Gemma-3-4B-IT input_tokens text flex in_region default -",
    ),
    (
        "USE1-Qwen3-32B-output-tokens-priority",
        "Qwen3-32B output_tokens text priority in_region default -",
    ),
    (
        "USE1-qwen.qwen3-32b-mantle-output-tokens-batch",
        "qwen.qwen3-32b output_tokens text batch in_region default -",
    ),
    (
        "USE1-xai.grok-4.3-mantle-cache-read-tokens-standard",
        "xai.grok-4.3 cache_read_tokens text standard in_region default -",
    ),
    (
        "USE2-openai.gpt-oss-20b-mantle-input-tokens-standard",
        "openai.gpt-oss-20b input_tokens text standard in_region default -",
    ),
    (
        "USW2-anthropic.claude-opus-5-mantle-input-tokens-global-standard",
        "anthropic.claude-opus-5 input_tokens text standard global default -",
    ),
    (
        "USE1-minimax.minimax-m2.5-mantle-input-tokens-standard",
        "minimax.minimax-m2.5 input_tokens text standard in_region default -",
    ),
    (
        "USE1-Nova2.0Lite-input-tokens-cross-region-global-batch",
        "Nova2.0Lite input_tokens text batch global default -",
    ),
    (
        "USE1-Nova2.0Pro-text-input-tokens-priority-cross-region-global",
        "Nova2.0Pro input_tokens text priority global default -",
    ),
    (
        "USE1-NovaSonic-speech-input-tokens",
        "NovaSonic input_tokens speech standard in_region default -",
    ),
    (
        "USE1-NovaSonic-text-input-tokens",
        "NovaSonic input_tokens text standard in_region default -",
    ),
    (
        "USE1-NovaSonic-speech-understanding-input-token",
        "NovaSonic input_tokens speech standard in_region default -",
    ),
    (
        "USE1-NovaMicro-input-tokens-custom-model",
        "NovaMicro input_tokens text standard in_region default -",
    ),
    (
        "USE1-NovaMicro-ProvisionedThroughput-6months-ModelUnits",
        "NovaMicro provisioned_model_units - - - - -",
    ),
    (
        "USE1-TitanText-Premier-ProvisionedThroughput-Custom-NoCommit-ModelUnits",
        "TitanText-Premier provisioned_model_units - - - - -",
    ),
    (
        "USE1-TitanEmbeddingV2-Text-input-tokens",
        "TitanEmbeddingV2-Text input_tokens text standard in_region default -",
    ),
    (
        "USE1-TitanEmbeddingsG1-Image-input-image",
        "TitanEmbeddingsG1-Image input_images image - - - -",
    ),
    (
        "USE1-MP:USE1_InputTokenCount_LatencyOptimized-Units",
        "- input_tokens text latency_optimized in_region default -",
    ),
    (
        "USE1-MP:USE1_OutputTokenCount_Global-Units",
        "- output_tokens text standard global default -",
    ),
    ("USE1-MP:USE1_OutputTokenCount_Batch-Units", "- output_tokens text batch in_region default -"),
    (
        "USE1-MP:USE1_CacheReadInputTokenCount_Global-Units",
        "- cache_read_tokens text standard global default -",
    ),
    (
        "USE1-MP:USE1_CacheWriteInputTokenCount-Units",
        "- cache_write_tokens text standard in_region default -",
    ),
    (
        "USE1-MP:USE1_CacheWrite5mInputTokenCount-Units",
        "- cache_write_tokens text standard in_region default 5m",
    ),
    (
        "USE1-MP:USE1_CacheWrite30mInputTokenCount-Units",
        "- cache_write_tokens text standard in_region default 30m",
    ),
    ("USE1-MP:USE1_CacheStorage-Units", "- cache_storage - - - - -"),
    ("USE1-MP:USE1_CacheValidationCount-Units", "- unknown - - - - -"),
    ("USE1-MP:USE1_InputImageCount-Units", "- input_images image - - - -"),
    ("USE1-MP:USE1_created_image-Units", "- output_images image - - - -"),
    ("USE1-MP:USE1_search_units-Units", "- search_units - - - - -"),
    (
        "USE1-MP:USE1_cache_write_tokens_global_standard-Units",
        "- cache_write_tokens text standard global default -",
    ),
    (
        "USE1-MP:USE1_ProvisionedThroughput_1MonthCommit_ModelUnits_Usage-Units",
        "- provisioned_model_units - - - - -",
    ),
    (
        "TitanEmbeddingsV2-Text-input",
        "TitanEmbeddingsV2-Text input_tokens text standard in_region default -",
    ),
];
