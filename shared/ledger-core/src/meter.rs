//! The meter of a charge and its axes, in the same words for every provider.

use crate::word::Word;

labels! {
    /// The direction of a token, which decides its price. Counts of different directions are not
    /// added.
    pub enum TokenDirection {
        /// Sent to the model and read by it.
        Input = "input",
        /// Written by the model.
        Output = "output",
        /// Taken from the prompt cache.
        CacheRead = "cache_read",
        /// Put into the prompt cache.
        CacheWrite = "cache_write",
    }
}

labels! {
    /// The kind of usage that a charge is metered by.
    pub enum Meter {
        /// Tokens read by a model.
        InputTokens = "input_tokens",
        /// Tokens written by a model.
        OutputTokens = "output_tokens",
        /// Tokens taken from the prompt cache.
        CacheReadTokens = "cache_read_tokens",
        /// Tokens put into the prompt cache.
        CacheWriteTokens = "cache_write_tokens",
        /// Keeping a prompt cache: neither a read nor a write.
        CacheStorage = "cache_storage",
        /// Images given to a model.
        InputImages = "input_images",
        /// Images made by a model.
        OutputImages = "output_images",
        /// Video given to a model.
        InputVideo = "input_video",
        /// Video made by a model.
        OutputVideo = "output_video",
        /// Sound given to a model, counted otherwise than in tokens.
        InputAudio = "input_audio",
        /// Sound made by a model, counted otherwise than in tokens.
        OutputAudio = "output_audio",
        /// Searches of a reranker.
        SearchUnits = "search_units",
        /// Hours of provisioned throughput.
        ProvisionedModelUnits = "provisioned_model_units",
        /// Reserved input tokens per minute.
        ReservedInputTpm = "reserved_input_tpm",
        /// Reserved output tokens per minute.
        ReservedOutputTpm = "reserved_output_tpm",
        /// Training of a customised model.
        CustomizationTraining = "customization_training",
        /// Keeping a customised or imported model.
        CustomizationStorage = "customization_storage",
        /// Running an imported model.
        CustomModelUnits = "custom_model_units",
        /// Checks of a guardrail.
        GuardrailUnits = "guardrail_units",
        /// Storage of and retrieval from a knowledge base.
        KnowledgeBase = "knowledge_base",
        /// Pages, images and minutes read by data automation.
        DataAutomation = "data_automation",
        /// Evaluation of models and agents.
        Evaluation = "evaluation",
        /// AgentCore: runtime, memory, gateway, tools.
        Agentcore = "agentcore",
        /// Steps of a flow.
        Flows = "flows",
        /// Optimisation and routing of prompts.
        PromptTools = "prompt_tools",
        /// Grounding of answers on the web.
        Grounding = "grounding",
        /// Usage of another service, which is not AI.
        OtherService = "other_service",
        /// A usage type that no rule reads. The charge keeps its cost.
        Unknown = "unknown",
    }
}

labels! {
    /// The kind of content that is counted.
    pub enum Modality {
        /// Text.
        Text = "text",
        /// Still images.
        Image = "image",
        /// Moving images.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// Spoken words.
        Speech = "speech",
    }
}

labels! {
    /// The service tier, which decides the price of a token.
    pub enum Tier {
        /// On demand; also where no tier is written and all words of the meter are understood.
        Standard = "standard",
        /// Cheaper and slower.
        Flex = "flex",
        /// More expensive and served first.
        Priority = "priority",
        /// Answered within a day.
        Batch = "batch",
        /// Served by faster hardware.
        LatencyOptimized = "latency_optimized",
    }
}

labels! {
    /// Where a call may be served.
    pub enum Routing {
        /// No mark of another scope. Calls through a geographic profile look like this too.
        InRegion = "in_region",
        /// Within one geography.
        Geo = "geo",
        /// Anywhere.
        Global = "global",
    }
}

labels! {
    /// The length of the prompt, where the price depends on it.
    pub enum Context {
        /// The usual context.
        Default = "default",
        /// The more expensive long context.
        Long = "long",
    }
}

labels! {
    /// How long a cached prompt is kept.
    pub enum CacheTtl {
        /// Five minutes.
        FiveMinutes = "5m",
        /// Thirty minutes.
        ThirtyMinutes = "30m",
        /// One hour.
        OneHour = "1h",
    }
}

impl Meter {
    /// The direction of the tokens that this meter counts, if it counts tokens.
    #[must_use]
    pub const fn token_direction(self) -> Option<TokenDirection> {
        match self {
            Meter::InputTokens => Some(TokenDirection::Input),
            Meter::OutputTokens => Some(TokenDirection::Output),
            Meter::CacheReadTokens => Some(TokenDirection::CacheRead),
            Meter::CacheWriteTokens => Some(TokenDirection::CacheWrite),
            _ => None,
        }
    }

    /// Whether the meter alone shows that a charge is generative AI.
    #[must_use]
    pub const fn is_known_ai(self) -> bool {
        !matches!(self, Meter::OtherService | Meter::Unknown)
    }
}

impl Word<Meter> {
    /// As [`Meter::token_direction`]; an unknown meter counts no tokens.
    #[must_use]
    pub fn token_direction(&self) -> Option<TokenDirection> {
        self.known()?.token_direction()
    }
}
