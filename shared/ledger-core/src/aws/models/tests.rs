//! Models are named as their makers name them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Every line is one model: its name, its publisher, and its spellings.
const MODELS: &[(&str, &str, &[&str])] = &[
    (
        "claude-sonnet-4.6",
        "Anthropic",
        &[
            "Claude4.6Sonnet",
            "Claude Sonnet 4.6",
            "Claude Sonnet 4.6 (Amazon Bedrock Edition)",
            "anthropic.claude-sonnet-4-6",
            "us.anthropic.claude-sonnet-4-6-20260115-v1:0",
            "global.anthropic.claude-sonnet-4-6",
            "Anthropic Claude Sonnet 4.6",
            "claude-sonnet-4.6",
        ],
    ),
    (
        "claude-opus-4.6",
        "Anthropic",
        &["Claude4.6Opus", "Claude Opus 4.6", "anthropic.claude-opus-4-6-v1"],
    ),
    ("claude-opus-4.8", "Anthropic", &["anthropic.claude-opus-4-8", "Claude Opus 4.8"]),
    ("claude-opus-5", "Anthropic", &["anthropic.claude-opus-5", "Claude Opus 5"]),
    ("claude-sonnet-4.5", "Anthropic", &["Claude4.5Sonnet", "Claude Sonnet 4.5"]),
    ("claude-sonnet-4", "Anthropic", &["Claude4Sonnet", "anthropic.claude-sonnet-4-20250514-v1:0"]),
    (
        "claude-haiku-4.5",
        "Anthropic",
        &["Claude4.5Haiku", "anthropic.claude-haiku-4-5", "Claude Haiku 4.5"],
    ),
    (
        "claude-haiku-3.5",
        "Anthropic",
        &["Claude3-5Haiku", "Claude 3.5 Haiku", "anthropic.claude-3-5-haiku-20241022-v1:0"],
    ),
    ("claude-haiku-3", "Anthropic", &["Claude3Haiku", "Claude-3-Haiku"]),
    (
        "claude-sonnet-3.5",
        "Anthropic",
        &[
            "Claude-3.5-Sonnet",
            "Claude 3.5 Sonnet (Amazon Bedrock Edition)",
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
        ],
    ),
    (
        "claude-sonnet-3.5-v2",
        "Anthropic",
        &["Claude 3.5 Sonnet v2", "anthropic.claude-3-5-sonnet-20241022-v2:0"],
    ),
    ("claude-sonnet-3", "Anthropic", &["Claude3Sonnet"]),
    ("claude-opus-3", "Anthropic", &["Claude-3-Opus"]),
    ("claude-2", "Anthropic", &["Claude2.0", "anthropic.claude-v2"]),
    ("claude-2.1", "Anthropic", &["Claude2.1", "anthropic.claude-v2:1"]),
    ("claude", "Anthropic", &["Claude", "Claude (Amazon Bedrock Edition)"]),
    (
        "nova-lite",
        "Amazon",
        &[
            "NovaLite",
            "Nova Lite",
            "Amazon Nova Lite",
            "amazon.nova-lite-v1:0",
            "amazon.nova-lite-v1:0:300k",
        ],
    ),
    (
        "nova-lite-2",
        "Amazon",
        &[
            "Nova2.0Lite",
            "Nova 2 Lite",
            "Nova 2.0 Lite",
            "amazon.nova-2-lite-v1:0",
            "nova-lite-2.0",
        ],
    ),
    ("nova-pro", "Amazon", &["NovaPro", "Nova Pro"]),
    ("nova-pro-2", "Amazon", &["Nova2.0Pro"]),
    ("nova-sonic", "Amazon", &["NovaSonic", "Nova Sonic"]),
    ("nova-sonic-2", "Amazon", &["NovaSonic2.0", "Nova 2 Sonic"]),
    ("nova-sonic-2.5", "Amazon", &["NovaSonic2.5"]),
    (
        "titan-embed-g1-text",
        "Amazon",
        &["TitanEmbeddingsG1-Text", "Titan Embeddings G1 - Text", "amazon.titan-embed-text-v1"],
    ),
    (
        "titan-embed-text-2",
        "Amazon",
        &[
            "TitanEmbeddingV2-Text",
            "TitanEmbeddingsV2-Text",
            "amazon.titan-embed-text-v2:0",
            "Titan Text Embeddings V2",
        ],
    ),
    ("rerank", "Amazon", &["AmazonRerank-v1", "amazon.rerank-v1:0", "Rerank v1"]),
    ("rerank-3.5", "Cohere", &["cohere.rerank-v3-5:0", "Cohere Rerank 3.5"]),
    (
        "llama-3.1-70b",
        "Meta",
        &["Llama3-1-70B", "Llama 3.1 70B Instruct", "meta.llama3-1-70b-instruct-v1:0"],
    ),
    ("llama-3.1-405b", "Meta", &["Llama3-1-405B"]),
    ("llama-3.2-1b", "Meta", &["Llama3-2-1B"]),
    ("llama-3.3-70b", "Meta", &["Llama3-3-70B"]),
    ("llama-maverick-4-17b", "Meta", &["Llama4-Maverick-17B", "Llama 4 Maverick 17B Instruct"]),
    ("llama-chat-2-13b", "Meta", &["Meta Llama 2 Chat 13B (Amazon Bedrock Edition)"]),
    ("mistral-7b", "Mistral AI", &["Mistral7B", "Mistral 7B Instruct"]),
    ("mistral-small", "Mistral AI", &["MistralSmall"]),
    (
        "mistral-large-3-675b",
        "Mistral AI",
        &[
            "Mistral-Large-3-675b-Instruct",
            "mistral.mistral-large-3-675b-instruct",
            "Mistral Large 3 675B",
        ],
    ),
    ("magistral-small-2509", "Mistral AI", &["mistral.magistral-small-2509"]),
    (
        "voxtral-mini-2507-3b",
        "Mistral AI",
        &["mistral.voxtral-mini-3b-2507", "Voxtral Mini 3B 2507"],
    ),
    ("voxtral-small-2507-24b", "Mistral AI", &["mistral.voxtral-small-24b-2507"]),
    (
        "gpt-oss-120b",
        "OpenAI",
        &["gpt-oss-120b", "openai.gpt-oss-120b", "GPT-OSS-120B", "openai.gpt-oss-120b-1:0"],
    ),
    ("gpt-oss-20b", "OpenAI", &["gpt-oss-20b", "openai.gpt-oss-20b"]),
    ("gpt-oss-safeguard-20b", "OpenAI", &["GPT-OSS-Safeguard-20B"]),
    ("gpt-astra-6", "OpenAI", &["OpenAI GPT-6 Astra (Amazon Bedrock Edition)"]),
    ("gemma-3-4b", "Google", &["Gemma-3-4B-IT", "google.gemma-3-4b-it", "Gemma 3 4B"]),
    ("gemma-4-26b-a4b", "Google", &["google.gemma-4-26b-a4b"]),
    ("gemma-4-e2b", "Google", &["google.gemma-4-e2b"]),
    ("qwen-3-32b", "Qwen", &["Qwen3-32B", "qwen.qwen3-32b", "qwen.qwen3-32b-v1:0", "Qwen3 32B"]),
    ("qwen-next-3-80b-a3b", "Qwen", &["qwen.qwen3-next-80b-a3b-instruct"]),
    ("deepseek-3.1", "DeepSeek", &["deepseek.v3.1", "DeepSeek V3.1", "DeepSeek-V3.1"]),
    ("deepseek-3.2", "DeepSeek", &["deepseek.v3.2"]),
    ("deepseek-r1", "DeepSeek", &["deepseek.r1-v1:0", "DeepSeek-R1"]),
    ("minimax-m2", "MiniMax", &["minimax.minimax-m2", "MiniMax M2"]),
    ("minimax-m2.5", "MiniMax", &["minimax.minimax-m2.5", "MiniMax M2.5"]),
    ("kimi-k3", "Moonshot AI", &["moonshotai.kimi-k3", "Kimi K3", "Moonshot AI Kimi K3"]),
    ("grok-4.3", "xAI", &["xai.grok-4.3", "xAI Grok 4.3", "Grok 4.3"]),
    ("glm-5", "Z.AI", &["zai.glm-5", "GLM-5", "Z.AI GLM 5"]),
    ("ray-2", "Luma AI", &["Ray-V2", "luma.ray-v2:0"]),
];

#[test]
fn the_spellings_of_a_model_meet() {
    let mut mismatches = Vec::new();
    for (name, publisher, spellings) in MODELS {
        for spelling in *spellings {
            let model = canonical_model(spelling);
            if (model.name.as_str(), model.publisher) != (*name, Some(*publisher)) {
                mismatches.push(format!("{spelling} is {model:?}, want {name} of {publisher}"));
            }
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn different_models_never_meet() {
    let names: BTreeMap<&str, &str> =
        MODELS.iter().map(|(name, publisher, _)| (*name, *publisher)).collect();
    assert_eq!(names.len(), MODELS.len());
    for (one, other) in [
        ("Llama3-1-70B", "Llama3-1-8B"),
        ("Llama3-1-70B", "Llama3-3-70B"),
        ("gpt-5.4", "gpt-5.4-mini"),
        ("gpt-4o", "gpt-4"),
        ("Mistral7B", "Mixtral8x7B"),
        ("command-r", "command-r+"),
        ("qwen.qwen3-next-80b-a3b-thinking", "qwen.qwen3-next-80b-a3b-instruct"),
        ("NovaLite", "NovaMicro"),
        ("Claude4.1Opus", "Claude4Opus"),
        ("cohere.embed-english-v3", "cohere.embed-multilingual-v3"),
    ] {
        assert_ne!(canonical_model(one).name, canonical_model(other).name);
    }
}

#[test]
fn a_text_without_a_rule_keeps_its_form() {
    for (text, name) in
        [("UnknownModel", "unknownmodel"), ("Some Model 4.0", "some model 4.0"), ("", "")]
    {
        assert_eq!(
            canonical_model(text),
            CanonicalModel { name: name.to_owned(), publisher: None }
        );
    }
}

#[test]
fn a_publisher_alone_is_kept() {
    assert_eq!(canonical_model("Anthropic").name, "anthropic");
    assert_eq!(canonical_model("Anthropic").publisher, Some("Anthropic"));
}

#[test]
fn the_models_of_the_labelled_usage_types_have_a_publisher() {
    let labelled = include_str!("../../../testdata/bedrock_usage_types.csv");
    for line in labelled.lines().skip(1) {
        let model = line.split(',').nth(7).unwrap();
        let is_real = !model.is_empty() && model != "UnknownModel";
        assert_eq!(canonical_model(model).publisher.is_some(), is_real, "{model}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _model = canonical_model(&text);
    }

    /// The spellings AWS uses for one family, made from the same parts.
    #[test]
    fn the_spellings_of_any_version_meet(
        word in prop::sample::select(vec!["Opus", "Sonnet", "Haiku", "Fable"]),
        major in 1_u8..20,
        minor in 1_u8..20,
    ) {
        let small = word.to_lowercase();
        let expected = format!("claude-{small}-{major}.{minor}");
        for spelling in [
            format!("Claude{major}.{minor}{word}"),
            format!("Claude{major}-{minor}{word}"),
            format!("Claude {word} {major}.{minor} (Amazon Bedrock Edition)"),
            format!("eu.anthropic.claude-{small}-{major}-{minor}-20260101-v1:0"),
            expected.clone(),
        ] {
            prop_assert_eq!(&canonical_model(&spelling).name, &expected);
        }
    }
}

#[test]
fn canonical_names_are_fixed_points() {
    for (name, _, _) in MODELS.iter().filter(|(name, _, _)| !name.starts_with("rerank")) {
        assert_eq!(canonical_model(name).name, *name);
    }
}
