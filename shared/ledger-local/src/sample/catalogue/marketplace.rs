//! Claude as AWS Marketplace bills it, with older and newer usage types.

use super::{
    BATCH, INVOKE, MILLION, ON_DEMAND, Offer, STREAM, Seller, UNITS, USE1, USW2, cache_read,
    cache_write, cache_write_hour, input, other, output, usd,
};

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

// Older usage types.

pub(in crate::sample) static SONNET_46: Offer = Offer {
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

pub(in crate::sample) static SONNET_46_GLOBAL: Offer = Offer {
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

pub(in crate::sample) static SONNET_46_BATCH: Offer = Offer {
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
pub(in crate::sample) static HAIKU_45: Offer = Offer {
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

// Newer usage types.

pub(in crate::sample) static OPUS_48: Offer = Offer {
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

pub(in crate::sample) static OPUS_48_LONG: Offer = Offer {
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

pub(in crate::sample) static SONNET_55: Offer = Offer {
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

/// Capacity reserved for a month: hours of a thousand tokens a minute, independent of the caller.
pub(in crate::sample) static SONNET_46_RESERVED: Offer = Offer {
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
