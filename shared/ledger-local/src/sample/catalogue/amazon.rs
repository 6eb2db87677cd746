//! Amazon's own models, and features of Bedrock.

use super::{
    BATCH, INVOKE, ON_DEMAND, Offer, STREAM, Seller, THOUSAND, USE1, USW2, cache_read, cache_write,
    input, other, output, usd,
};

pub(in crate::sample) static NOVA_MICRO: Offer = Offer {
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

pub(in crate::sample) static NOVA_LITE: Offer = Offer {
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

pub(in crate::sample) static NOVA_PRO: Offer = Offer {
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

pub(in crate::sample) static NOVA_PRO_BATCH: Offer = Offer {
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

pub(in crate::sample) static NOVA_2_LITE: Offer = Offer {
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

pub(in crate::sample) static NOVA_2_LITE_GLOBAL: Offer = Offer {
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

pub(in crate::sample) static NOVA_2_LITE_FLEX: Offer = Offer {
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

pub(in crate::sample) static NOVA_2_LITE_PRIORITY: Offer = Offer {
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

pub(in crate::sample) static NOVA_2_LITE_CUSTOM: Offer = Offer {
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

pub(in crate::sample) static NOVA_SONIC: Offer = Offer {
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

pub(in crate::sample) static NOVA_CANVAS: Offer = Offer {
    provider: "Amazon",
    model: "Nova Canvas",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[other("USE1-NovaCanvas-T2I-1024-Premium", "Images", 1, usd(6, 2))],
};

pub(in crate::sample) static TITAN_EMBEDDING: Offer = Offer {
    provider: "Amazon",
    model: "Titan Text Embeddings V2",
    seller: Seller::Aws("AmazonBedrock"),
    feature: ON_DEMAND,
    operation: INVOKE,
    region: USE1,
    meters: &[input("USE1-TitanEmbeddingV2-Text-input-tokens", THOUSAND, usd(2, 5))],
};

pub(in crate::sample) static TITAN_EMBEDDING_BATCH: Offer = Offer {
    provider: "Amazon",
    model: "Titan Text Embeddings V2",
    seller: Seller::Aws("AmazonBedrock"),
    feature: BATCH,
    operation: INVOKE,
    region: USE1,
    meters: &[input("USE1-TitanEmbeddingV2-Text-input-tokens-batch", THOUSAND, usd(1, 5))],
};

pub(in crate::sample) static RERANK: Offer = Offer {
    provider: "Amazon",
    model: "Rerank v1",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Reranking",
    operation: "Rerank",
    region: USE1,
    meters: &[other("AmazonRerank-v1-searchunits", "search units", 1, usd(1, 3))],
};

pub(in crate::sample) static GUARDRAIL_CONTENT: Offer = Offer {
    provider: "",
    model: "",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Guardrails",
    operation: "ApplyGuardrail",
    region: USE1,
    meters: &[other("USE1-Guardrail-ContentPolicyUnitsConsumed", "TextUnit", 1, usd(15, 5))],
};

pub(in crate::sample) static GUARDRAIL_SENSITIVE: Offer = Offer {
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

pub(in crate::sample) static PROVISIONED: Offer = Offer {
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

pub(in crate::sample) static CUSTOM_MODEL_STORAGE: Offer = Offer {
    provider: "Amazon",
    model: "Nova 2 Lite",
    seller: Seller::Aws("AmazonBedrock"),
    feature: "Customization",
    operation: "",
    region: USE1,
    meters: &[other("USE1-Nova2.0Lite-Customization-Storage", "Model/month", 1_000, usd(195, 2))],
};
