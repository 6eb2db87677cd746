//! What the sample organisation buys: models with their meters, usage types and list prices.
//!
//! Usage types are strings that were read on a bill, in a price list or in AWS's documentation;
//! prices are the list prices of late 2026 where those were known, and believable elsewhere.

use super::fixed::Fixed;

/// Something one can use, as one provider sells it in one region and tier.
pub(super) struct Offer {
    /// `product['provider']`; empty where AWS gives none.
    pub provider: &'static str,
    /// `product['model']`; empty on lines that are not about a model.
    pub model: &'static str,
    pub seller: Seller,
    /// `product['feature']`.
    pub feature: &'static str,
    pub operation: &'static str,
    pub region: &'static str,
    pub meters: &'static [Meter],
}

/// Who bills, and under which name.
pub(super) enum Seller {
    /// AWS itself: a readable product code.
    Aws(&'static str),
    /// AWS Marketplace: an opaque product code, and the product's name.
    Marketplace {
        product_code: &'static str,
        product_name: &'static str,
        /// How a description of the line says the scope: `Regional CRIS`, `Global`…
        scope: &'static str,
    },
}

/// One kind of consumption with its own usage type and price.
pub(super) struct Meter {
    pub kind: Kind,
    pub usage_type: &'static str,
    pub unit: Unit,
    /// US dollars for one unit.
    pub price: Fixed,
}

/// What a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWriteHour,
    /// Images, hours, text units…: everything that is not a token.
    Other,
}

impl Kind {
    /// `product['inference_type']`. The first two are AWS's words; those of the cache are inferred.
    pub(super) fn inference_type(self) -> Option<&'static str> {
        match self {
            Kind::Input => Some("Input tokens"),
            Kind::Output => Some("Output tokens"),
            Kind::CacheRead => Some("Cache read input tokens"),
            Kind::CacheWrite | Kind::CacheWriteHour => Some("Cache write input tokens"),
            Kind::Other => None,
        }
    }

    /// As the description of a Marketplace line says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Input => "Input Tokens",
            Kind::Output => "Output Tokens",
            Kind::CacheRead => "Cache Read Input Tokens",
            Kind::CacheWrite => "Cache Write Input Tokens",
            Kind::CacheWriteHour => "Cache Write 1h Input Tokens",
            Kind::Other => "Reserved Input TPM",
        }
    }
}

/// A pricing unit, and how many of the counted things it holds.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub name: &'static str,
    pub size: i64,
}

const THOUSAND: Unit = Unit { name: "1K tokens", size: 1_000 };
const MILLION: Unit = Unit { name: "1M tokens", size: 1_000_000 };
/// The older Marketplace unit: only the description says that it is a million.
const UNITS: Unit = Unit { name: "Units", size: 1_000_000 };

/// How many tokens of each kind go with a thousand input tokens.
pub(super) struct Blend {
    pub output: i64,
    pub cache_read: i64,
    pub cache_write: i64,
    pub cache_write_hour: i64,
}

/// Questions and answers without a cache.
pub(super) const CHAT: Blend =
    Blend { output: 260, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Long conversations on a cached system prompt.
pub(super) const CACHED: Blend =
    Blend { output: 210, cache_read: 3_600, cache_write: 310, cache_write_hour: 0 };
/// A coding assistant: it reads its own context again and again.
pub(super) const CODE: Blend =
    Blend { output: 170, cache_read: 9_400, cache_write: 520, cache_write_hour: 140 };
/// Much in, little out.
pub(super) const EXTRACT: Blend =
    Blend { output: 55, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Little in, much out.
pub(super) const WRITE: Blend =
    Blend { output: 1_450, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Only one meter: embeddings, images, hours.
pub(super) const PLAIN: Blend =
    Blend { output: 0, cache_read: 0, cache_write: 0, cache_write_hour: 0 };

impl Blend {
    pub(super) fn per_thousand(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Input | Kind::Other => 1_000,
            Kind::Output => self.output,
            Kind::CacheRead => self.cache_read,
            Kind::CacheWrite => self.cache_write,
            Kind::CacheWriteHour => self.cache_write_hour,
        }
    }
}

const fn input(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::Input, usage_type, unit, price }
}

const fn output(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::Output, usage_type, unit, price }
}

const fn cache_read(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheRead, usage_type, unit, price }
}

const fn cache_write(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheWrite, usage_type, unit, price }
}

const fn cache_write_hour(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheWriteHour, usage_type, unit, price }
}

const fn other(usage_type: &'static str, unit: &'static str, size: i64, price: Fixed) -> Meter {
    Meter { kind: Kind::Other, usage_type, unit: Unit { name: unit, size }, price }
}

const fn usd(mantissa: i64, scale: u32) -> Fixed {
    Fixed::new(mantissa, scale)
}

const USE1: &str = "us-east-1";
const USW2: &str = "us-west-2";
const ON_DEMAND: &str = "On-demand Inference";
const BATCH: &str = "Batch Inference";
const INVOKE: &str = "InvokeModelInference";
const STREAM: &str = "InvokeModelStreamingInference";

const fn sonnet_46(scope: &'static str) -> Seller {
    Seller::Marketplace {
        product_code: "7zgyu5r4sample0sonnet46d",
        product_name: "Claude Sonnet 4.6 (Amazon Bedrock Edition)",
        scope,
    }
}

const fn opus_48(scope: &'static str) -> Seller {
    Seller::Marketplace {
        product_code: "4ty9wm2sample00opus48qk3",
        product_name: "Claude Opus 4.8 (Amazon Bedrock Edition)",
        scope,
    }
}

const fn haiku_45(scope: &'static str) -> Seller {
    Seller::Marketplace {
        product_code: "b2nx81sample00haiku45rv6",
        product_name: "Claude Haiku 4.5 (Amazon Bedrock Edition)",
        scope,
    }
}

// --- Marketplace, older strings -------------------------------------------------------------

pub(super) static SONNET_46: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 4.6",
    seller: sonnet_46("Regional CRIS"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-MP:USE1_InputTokenCount-Units", MILLION, usd(33, 1)),
        output("USE1-MP:USE1_OutputTokenCount-Units", MILLION, usd(165, 1)),
        cache_read("USE1-MP:USE1_CacheReadInputTokenCount-Units", MILLION, usd(33, 2)),
        cache_write("USE1-MP:USE1_CacheWriteInputTokenCount-Units", MILLION, usd(4_125, 3)),
        cache_write_hour("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", MILLION, usd(66, 1)),
    ],
};

pub(super) static SONNET_46_GLOBAL: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 4.6",
    seller: sonnet_46("Global"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-MP:USE1_InputTokenCount_Global-Units", MILLION, usd(3, 0)),
        output("USE1-MP:USE1_OutputTokenCount_Global-Units", MILLION, usd(15, 0)),
        cache_read("USE1-MP:USE1_CacheReadInputTokenCount_Global-Units", MILLION, usd(3, 1)),
        cache_write("USE1-MP:USE1_CacheWriteInputTokenCount_Global-Units", MILLION, usd(375, 2)),
        cache_write_hour(
            "USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units",
            MILLION,
            usd(6, 0),
        ),
    ],
};

pub(super) static SONNET_46_BATCH: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 4.6",
    seller: sonnet_46("Regional Batch"),
    feature: BATCH,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-MP:USE1_InputTokenCount_Batch-Units", MILLION, usd(165, 2)),
        output("USE1-MP:USE1_OutputTokenCount_Batch-Units", MILLION, usd(825, 2)),
    ],
};

/// Billed in `Units`: only the description says that one is a million tokens.
pub(super) static HAIKU_45: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Haiku 4.5",
    seller: haiku_45("Regional CRIS"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-MP:USE1_InputTokenCount-Units", UNITS, usd(11, 1)),
        output("USE1-MP:USE1_OutputTokenCount-Units", UNITS, usd(55, 1)),
        cache_read("USE1-MP:USE1_CacheReadInputTokenCount-Units", UNITS, usd(11, 2)),
        cache_write("USE1-MP:USE1_CacheWrite5mInputTokenCount-Units", UNITS, usd(1_375, 3)),
        cache_write_hour("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", UNITS, usd(22, 1)),
    ],
};

// --- Marketplace, newer strings -------------------------------------------------------------

pub(super) static OPUS_48: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Opus 4.8",
    seller: opus_48("Standard, Global"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USW2,
    meters: &[
        input("USW2-MP:USW2_input_tokens_global_standard-Units", MILLION, usd(5, 0)),
        output("USW2-MP:USW2_output_tokens_global_standard-Units", MILLION, usd(25, 0)),
        cache_read("USW2-MP:USW2_cache_read_tokens_global_standard-Units", MILLION, usd(5, 1)),
        cache_write("USW2-MP:USW2_cache_write_tokens_global_standard-Units", MILLION, usd(625, 2)),
        cache_write_hour(
            "USW2-MP:USW2_cache_write_tokens_1h_global_standard-Units",
            MILLION,
            usd(10, 0),
        ),
    ],
};

pub(super) static OPUS_48_LONG: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Opus 4.8",
    seller: opus_48("Standard, Long Context"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USW2,
    meters: &[
        input("USW2-MP:USW2_input_tokens_long_ctx_standard-Units", MILLION, usd(11, 0)),
        output("USW2-MP:USW2_output_tokens_long_ctx_standard-Units", MILLION, usd(4_125, 2)),
    ],
};

pub(super) static SONNET_55: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 5.5",
    seller: Seller::Marketplace {
        product_code: "9kq3vd7sample0sonnet55xz",
        product_name: "Claude Sonnet 5.5 (Amazon Bedrock Edition)",
        scope: "Standard, Regional",
    },
    feature: ON_DEMAND,
    operation: STREAM,
    region: USW2,
    meters: &[
        input("USW2-MP:USW2_input_tokens_standard-Units", MILLION, usd(22, 1)),
        output("USW2-MP:USW2_output_tokens_standard-Units", MILLION, usd(11, 0)),
        cache_read("USW2-MP:USW2_cache_read_tokens_standard-Units", MILLION, usd(22, 2)),
        cache_write("USW2-MP:USW2_cache_write_tokens_standard-Units", MILLION, usd(275, 2)),
        cache_write_hour("USW2-MP:USW2_cache_write_tokens_1h_standard-Units", MILLION, usd(44, 1)),
    ],
};

/// Capacity bought for a month: hours of a thousand tokens a minute, whoever calls.
pub(super) static SONNET_46_RESERVED: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 4.6",
    seller: sonnet_46("Reserved 1 Month, Geo"),
    feature: "Reserved Inference",
    operation: "",
    region: USW2,
    meters: &[other(
        "USW2-MP:USW2_Reserved_1Month_InputTPM_Geo-Units",
        "1KTPMHour",
        1,
        usd(234, 4),
    )],
};

// --- Claude billed by AWS -------------------------------------------------------------------

pub(super) static SONNET_46_RUNTIME: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Sonnet 4.6",
    seller: Seller::Aws("AmazonBedrockService"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USW2,
    meters: &[
        input("USW2-Claude4.6Sonnet-input-tokens", THOUSAND, usd(33, 4)),
        output("USW2-Claude4.6Sonnet-output-tokens", THOUSAND, usd(165, 4)),
        cache_write("USW2-Claude4.6Sonnet-cache-write-input-token-count", THOUSAND, usd(4_125, 6)),
    ],
};

pub(super) static HAIKU_45_MANTLE: Offer = Offer {
    provider: "Anthropic",
    model: "Claude Haiku 4.5",
    seller: Seller::Aws("AmazonBedrockService"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-anthropic.claude-haiku-4-5-mantle-input-tokens-standard", THOUSAND, usd(11, 4)),
        output(
            "USE1-anthropic.claude-haiku-4-5-mantle-output-tokens-standard",
            THOUSAND,
            usd(55, 4),
        ),
        cache_read(
            "USE1-anthropic.claude-haiku-4-5-mantle-cache-read-tokens-standard",
            THOUSAND,
            usd(11, 5),
        ),
        cache_write_hour(
            "USE1-anthropic.claude-haiku-4-5-mantle-cache-write-tokens-1h-standard",
            THOUSAND,
            usd(22, 4),
        ),
    ],
};

// --- Amazon ---------------------------------------------------------------------------------

pub(super) static NOVA_MICRO: Offer = Offer {
    provider: "Amazon",
    model: "Nova Micro",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-NovaMicro-input-tokens", THOUSAND, usd(35, 6)),
        output("USE1-NovaMicro-output-tokens", THOUSAND, usd(14, 5)),
        cache_read("USE1-NovaMicro-cache-read-input-token-count", THOUSAND, usd(875, 8)),
    ],
};

pub(super) static NOVA_LITE: Offer = Offer {
    provider: "Amazon",
    model: "Nova Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-NovaLite-input-tokens", THOUSAND, usd(6, 5)),
        output("USE1-NovaLite-output-tokens", THOUSAND, usd(24, 5)),
    ],
};

pub(super) static NOVA_PRO: Offer = Offer {
    provider: "Amazon",
    model: "Nova Pro",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-NovaPro-input-tokens", THOUSAND, usd(8, 4)),
        output("USE1-NovaPro-output-tokens", THOUSAND, usd(32, 4)),
        cache_read("USE1-NovaPro-cache-read-input-token-count", THOUSAND, usd(2, 4)),
        cache_write("USE1-NovaPro-cache-write-input-token-count", THOUSAND, usd(8, 4)),
    ],
};

pub(super) static NOVA_PRO_BATCH: Offer = Offer {
    provider: "Amazon",
    model: "Nova Pro",
    seller: Seller::Aws("AmazonBedrock"),
    feature: BATCH,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-NovaPro-input-tokens-batch", THOUSAND, usd(4, 4)),
        output("USE1-NovaPro-output-tokens-batch", THOUSAND, usd(16, 4)),
    ],
};

pub(super) static NOVA_2_LITE: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-Nova2.0Lite-input-tokens", THOUSAND, usd(33, 5)),
        output("USE1-Nova2.0Lite-output-tokens", THOUSAND, usd(275, 5)),
        cache_read("USE1-Nova2.0Lite-cache-read-input-token-count", THOUSAND, usd(825, 7)),
        cache_write("USE1-Nova2.0Lite-cache-write-input-token-count", THOUSAND, usd(33, 5)),
    ],
};

pub(super) static NOVA_2_LITE_GLOBAL: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-Nova2.0Lite-input-tokens-cross-region-global", THOUSAND, usd(3, 4)),
        output("USE1-Nova2.0Lite-output-tokens-cross-region-global", THOUSAND, usd(25, 4)),
    ],
};

pub(super) static NOVA_2_LITE_FLEX: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USW2,
    meters: &[
        input("USW2-Nova2.0Lite-input-tokens-flex", THOUSAND, usd(165, 6)),
        output("USW2-Nova2.0Lite-output-tokens-flex", THOUSAND, usd(1_375, 6)),
    ],
};

pub(super) static NOVA_2_LITE_PRIORITY: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: STREAM,
    region: USE1,
    meters: &[
        input("USE1-Nova2.0Lite-input-tokens-priority", THOUSAND, usd(5_775, 7)),
        output("USE1-Nova2.0Lite-output-tokens-priority", THOUSAND, usd(48_125, 7)),
    ],
};

pub(super) static NOVA_2_LITE_CUSTOM: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Custom Model Inference",
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-Nova2.0Lite-input-tokens-custom-model", THOUSAND, usd(33, 5)),
        output("USE1-Nova2.0Lite-output-tokens-custom-model", THOUSAND, usd(275, 5)),
    ],
};

pub(super) static NOVA_SONIC: Offer = Offer {
    provider: "Amazon",
    model: "Nova Sonic",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: "InvokeModelWithBidirectionalStream",
    region: USE1,
    meters: &[
        input("USE1-NovaSonic-speech-input-tokens", THOUSAND, usd(34, 4)),
        output("USE1-NovaSonic-speech-output-tokens", THOUSAND, usd(136, 4)),
    ],
};

pub(super) static NOVA_CANVAS: Offer = Offer {
    provider: "Amazon",
    model: "Nova Canvas",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[other("USE1-NovaCanvas-T2I-1024-Premium", "Images", 1, usd(6, 2))],
};

pub(super) static TITAN_EMBEDDING: Offer = Offer {
    provider: "Amazon",
    model: "Titan Text Embeddings V2",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[input("USE1-TitanEmbeddingV2-Text-input-tokens", THOUSAND, usd(2, 5))],
};

pub(super) static TITAN_EMBEDDING_BATCH: Offer = Offer {
    provider: "Amazon",
    model: "Titan Text Embeddings V2",
    seller: Seller::Aws("AmazonBedrock"),
    feature: BATCH,
    operation: INVOKE,
    region: USE1,
    meters: &[input("USE1-TitanEmbeddingV2-Text-input-tokens-batch", THOUSAND, usd(1, 5))],
};

pub(super) static RERANK: Offer = Offer {
    provider: "Amazon",
    model: "Rerank v1",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Reranking",
    operation: "Rerank",
    region: USE1,
    meters: &[other("AmazonRerank-v1-searchunits", "search units", 1, usd(1, 3))],
};

pub(super) static GUARDRAIL_CONTENT: Offer = Offer {
    provider: "",
    model: "",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Guardrails",
    operation: "ApplyGuardrail",
    region: USE1,
    meters: &[other("USE1-Guardrail-ContentPolicyUnitsConsumed", "TextUnit", 1, usd(15, 5))],
};

pub(super) static GUARDRAIL_SENSITIVE: Offer = Offer {
    provider: "",
    model: "",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Guardrails",
    operation: "ApplyGuardrail",
    region: USE1,
    meters: &[other(
        "USE1-Guardrail-SensitiveInformationPolicyPaidUnitsConsumed",
        "TextUnit",
        1,
        usd(1, 4),
    )],
};

pub(super) static PROVISIONED: Offer = Offer {
    provider: "Amazon",
    model: "Nova Micro",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Provisioned Throughput",
    operation: "",
    region: USE1,
    meters: &[other(
        "USE1-NovaMicro-ProvisionedThroughput-6months-ModelUnits",
        "Hours",
        1,
        usd(645, 2),
    )],
};

pub(super) static CUSTOM_MODEL_STORAGE: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Customization",
    operation: "",
    region: USE1,
    meters: &[other("USE1-Nova2.0Lite-Customization-Storage", "Model/month", 1_000, usd(195, 2))],
};

// --- Others, billed by AWS ------------------------------------------------------------------

pub(super) static LLAMA_70B: Offer = Offer {
    provider: "Meta",
    model: "Llama 3.1 70B",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-Llama3-1-70B-input-tokens", THOUSAND, usd(72, 5)),
        output("USE1-Llama3-1-70B-output-tokens", THOUSAND, usd(72, 5)),
    ],
};

pub(super) static LLAMA_MAVERICK_BATCH: Offer = Offer {
    provider: "Meta",
    model: "Llama 4 Maverick 17B",
    seller: Seller::Aws("AmazonBedrock"),
    feature: BATCH,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-Llama4-Maverick-17B-input-tokens-batch", THOUSAND, usd(12, 5)),
        output("USE1-Llama4-Maverick-17B-output-tokens-batch", THOUSAND, usd(485, 6)),
    ],
};

pub(super) static GPT_OSS_MANTLE: Offer = Offer {
    provider: "OpenAI",
    model: "gpt-oss-120b",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-openai.gpt-oss-120b-mantle-input-tokens-standard", THOUSAND, usd(15, 5)),
        output("USE1-openai.gpt-oss-120b-mantle-output-tokens-standard", THOUSAND, usd(6, 4)),
    ],
};

pub(super) static GPT_OSS_FLEX: Offer = Offer {
    provider: "OpenAI",
    model: "gpt-oss-120b",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-gpt-oss-120b-input-tokens-flex", THOUSAND, usd(75, 6)),
        output("USE1-gpt-oss-120b-output-tokens-flex", THOUSAND, usd(3, 4)),
    ],
};

pub(super) static QWEN_PRIORITY: Offer = Offer {
    provider: "Qwen",
    model: "Qwen3 32B",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[
        input("USE1-Qwen3-32B-input-tokens-priority", THOUSAND, usd(2_625, 7)),
        output("USE1-Qwen3-32B-output-tokens-priority", THOUSAND, usd(105, 5)),
    ],
};

pub(super) static KIMI_MANTLE_GLOBAL: Offer = Offer {
    provider: "Moonshot AI",
    model: "Kimi K3",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USW2,
    meters: &[
        input("USW2-moonshotai.kimi-k3-mantle-input-tokens-global-standard", THOUSAND, usd(6, 4)),
        output(
            "USW2-moonshotai.kimi-k3-mantle-output-tokens-global-standard",
            THOUSAND,
            usd(25, 4),
        ),
    ],
};

// --- AgentCore and knowledge bases: no caller on the bill -----------------------------------

const AGENTCORE: Offer = Offer {
    provider: "",
    model: "",
    seller: Seller::Aws("AmazonBedrockAgentCore"),
    feature: "AgentCore",
    operation: "",
    region: USE1,
    meters: &[],
};

pub(super) static AGENTCORE_VCPU: Offer = Offer {
    meters: &[other("USE1-Runtime:Consumption-based:vCPU", "vCPU-Hours", 1_000, usd(895, 4))],
    ..AGENTCORE
};

pub(super) static AGENTCORE_MEMORY: Offer = Offer {
    meters: &[other("USE1-Runtime:Consumption-based:Memory", "GB-Hours", 1_000, usd(945, 5))],
    ..AGENTCORE
};

pub(super) static AGENTCORE_EVENTS: Offer = Offer {
    meters: &[other("USE1-Memory:Consumption-based:Short-Term-Memory", "Events", 1, usd(25, 5))],
    ..AGENTCORE
};

pub(super) static AGENTCORE_GATEWAY: Offer = Offer {
    meters: &[other("USE1-Gateway:Consumption-based:API-Invocations", "Requests", 1, usd(5, 6))],
    ..AGENTCORE
};

pub(super) static KNOWLEDGE_BASE_STORAGE: Offer = Offer {
    feature: "Knowledge Bases",
    meters: &[other(
        "USE1-Knowledge-Base:Consumption-based:Storage",
        "GB-Hours",
        1_000,
        usd(33, 4),
    )],
    ..AGENTCORE
};
