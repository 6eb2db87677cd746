//! AgentCore and knowledge bases: the bill names no caller.

use super::{Offer, Seller, USE1, other, usd};

const AGENTCORE: Offer = Offer {
    provider: "",
    model: "",
    seller: Seller::Aws("AmazonBedrockAgentCore"),
    feature: "AgentCore",
    operation: "",
    region: USE1,
    meters: &[],
};

pub(in crate::sample) static AGENTCORE_VCPU: Offer = Offer {
    meters: &[other("USE1-Runtime:Consumption-based:vCPU", "vCPU-Hours", 1_000, usd(895, 4))],
    ..AGENTCORE
};

pub(in crate::sample) static AGENTCORE_MEMORY: Offer = Offer {
    meters: &[other("USE1-Runtime:Consumption-based:Memory", "GB-Hours", 1_000, usd(945, 5))],
    ..AGENTCORE
};

pub(in crate::sample) static AGENTCORE_EVENTS: Offer = Offer {
    meters: &[other("USE1-Memory:Consumption-based:Short-Term-Memory", "Events", 1, usd(25, 5))],
    ..AGENTCORE
};

pub(in crate::sample) static AGENTCORE_GATEWAY: Offer = Offer {
    meters: &[other("USE1-Gateway:Consumption-based:API-Invocations", "Requests", 1, usd(5, 6))],
    ..AGENTCORE
};

pub(in crate::sample) static KNOWLEDGE_BASE_STORAGE: Offer = Offer {
    feature: "Knowledge Bases",
    meters: &[other(
        "USE1-Knowledge-Base:Consumption-based:Storage",
        "GB-Hours",
        1_000,
        usd(33, 4),
    )],
    ..AGENTCORE
};
