//! Names of models: aliases, publishers and families. A new model needs a line here only where its
//! family is new, or where AWS spells it in a way that the rules of [`super::canonical_model`] do
//! not unify; `MODELS` in the tests has the spellings of each.

/// Names that no rule unifies: a spelling, and its canonical name.
pub(super) const ALIASES: &[(&str, &str)] = &[
    // The first generation is called G1 in prices and v1 in model ids.
    ("titan-embed-text", "titan-embed-g1-text"),
    ("titan-embed-image", "titan-embed-g1-image"),
    ("titan-text-embed-2", "titan-embed-text-2"),
    ("titan-text-embed", "titan-embed-g1-text"),
];

/// Product attributes that show neither a publisher nor a family.
pub(super) const ALONE: &[(&str, &str, &str)] = &[("Rerank v1", "rerank", "Amazon")];

/// Prefixes of model ids and first words of product names.
pub(super) const PUBLISHERS: &[(&str, &str)] = &[
    ("ai21", "AI21 Labs"),
    ("ai21labs", "AI21 Labs"),
    ("amazon", "Amazon"),
    ("anthropic", "Anthropic"),
    ("cohere", "Cohere"),
    ("deepseek", "DeepSeek"),
    ("google", "Google"),
    ("luma", "Luma AI"),
    ("meta", "Meta"),
    ("minimax", "MiniMax"),
    ("mistral", "Mistral AI"),
    ("moonshot", "Moonshot AI"),
    ("moonshotai", "Moonshot AI"),
    ("nvidia", "NVIDIA"),
    ("openai", "OpenAI"),
    ("qwen", "Qwen"),
    ("stability", "Stability AI"),
    ("stabilityai", "Stability AI"),
    ("twelvelabs", "TwelveLabs"),
    ("writer", "Writer"),
    ("xai", "xAI"),
    ("zai", "Z.AI"),
];

/// The words that begin the name of a model.
pub(super) const FAMILIES: &[(&str, &str)] = &[
    ("claude", "Anthropic"),
    ("command", "Cohere"),
    ("deepseek", "DeepSeek"),
    ("devstral", "Mistral AI"),
    ("gemma", "Google"),
    ("glm", "Z.AI"),
    ("gpt", "OpenAI"),
    ("grok", "xAI"),
    ("jamba", "AI21 Labs"),
    ("kimi", "Moonshot AI"),
    ("llama", "Meta"),
    ("magistral", "Mistral AI"),
    ("marengo", "TwelveLabs"),
    ("minimax", "MiniMax"),
    ("ministral", "Mistral AI"),
    ("mistral", "Mistral AI"),
    ("mixtral", "Mistral AI"),
    ("nemotron", "NVIDIA"),
    ("nova", "Amazon"),
    ("palmyra", "Writer"),
    ("pegasus", "TwelveLabs"),
    ("pixtral", "Mistral AI"),
    ("qwen", "Qwen"),
    ("ray", "Luma AI"),
    ("titan", "Amazon"),
    ("voxtral", "Mistral AI"),
];

/// Geographic scopes in front of a model id (`us.anthropic.claude-…`): the same model elsewhere.
pub(super) const SCOPES: &[&str] = &["apac", "au", "ca", "eu", "global", "jp", "us"];
