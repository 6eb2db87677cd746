//! Models of other makers that AWS itself bills.

use super::{
    BATCH, INVOKE, ON_DEMAND, Offer, STREAM, Seller, THOUSAND, USE1, USW2, cache_read, cache_write,
    cache_write_hour, input, output, usd,
};

pub(in crate::sample) static SONNET_46_RUNTIME: Offer = Offer {
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

pub(in crate::sample) static HAIKU_45_MANTLE: Offer = Offer {
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

pub(in crate::sample) static LLAMA_70B: Offer = Offer {
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

pub(in crate::sample) static LLAMA_MAVERICK_BATCH: Offer = Offer {
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

pub(in crate::sample) static GPT_OSS_MANTLE: Offer = Offer {
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

pub(in crate::sample) static GPT_OSS_FLEX: Offer = Offer {
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

pub(in crate::sample) static QWEN_PRIORITY: Offer = Offer {
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

pub(in crate::sample) static KIMI_MANTLE_GLOBAL: Offer = Offer {
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
