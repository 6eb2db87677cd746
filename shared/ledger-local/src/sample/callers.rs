//! Callers of the sample organisation: six teams, their services, people and agents.
//!
//! No person is named: people are `user-NN@example.org`. Accounts are the ones AWS uses in its
//! documentation.

use super::catalogue::*;
use super::line::PAYER_ACCOUNT;

/// The account of the developers.
pub(super) const DEVELOPMENT_ACCOUNT: &str = "111122223333";
/// The account for experiments.
pub(super) const SANDBOX_ACCOUNT: &str = "444455556666";

/// How much of `offer` a caller uses on an ordinary day, or an agent in one run.
pub(super) struct Use {
    pub offer: &'static Offer,
    pub blend: &'static Blend,
    /// Input tokens; for meters that count no tokens, the counted things (thousandths of an hour).
    pub count: i64,
}

/// One identity, or one purpose that AWS bills without an identity.
pub(super) struct Caller {
    pub identity: Identity,
    pub account: &'static str,
    pub tags: Tags,
    pub environment: Environment,
    pub rhythm: Rhythm,
    pub uses: &'static [Use],
}

/// The kind of caller in the column `line_item_iam_principal`.
#[derive(Clone, Copy)]
pub(super) enum Identity {
    /// Nothing: capacity and storage have no caller.
    None,
    /// A role with one session name for all of its work.
    Role(&'static str, &'static str),
    /// A container's role: each week's deployment has a new task id.
    Task(&'static str),
    /// A role whose session name an SDK generates anew every day.
    Sdk(&'static str),
    /// An agent's role with a new session for each run, and its number of runs a day.
    Agent(&'static str, u64),
    /// A person: permission set, and the number behind `user-`.
    Person(&'static str, u8),
    /// An IAM user.
    User(&'static str),
}

/// The tags of the caller: team, project, cost centre; empty is untagged.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    pub team: &'static str,
    pub project: &'static str,
    pub cost_centre: &'static str,
}

/// How the environment is tagged, if at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Environment {
    /// No resource tag: the caller names the model directly.
    Unmarked,
    /// Through an application inference profile that carries `environment`.
    Profile(&'static str),
}

/// Pattern of use over the week.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// Customers come on weekends too, though fewer.
    Service,
    /// Hardly anyone works on weekends; some days people are away.
    Office,
    /// The same every day, to the token.
    Constant,
    /// As [`Rhythm::Service`], until use grows out of bounds in the last days.
    Runaway,
}

const fn of(offer: &'static Offer, blend: &'static Blend, count: i64) -> Use {
    Use { offer, blend, count }
}

const fn tags(team: &'static str, project: &'static str, cost_centre: &'static str) -> Tags {
    Tags { team, project, cost_centre }
}

const UNTAGGED: Tags = tags("", "", "");
const SEARCH: &str = "CC-4100";
const SUPPORT: &str = "CC-4200";
const DATA_SCIENCE: &str = "CC-4300";
const PLATFORM: &str = "CC-9000";
const MARKETING: &str = "CC-5100";
const RISK: &str = "CC-6100";

/// A production service.
const fn service(identity: Identity, tags: Tags, uses: &'static [Use]) -> Caller {
    Caller {
        identity,
        account: PAYER_ACCOUNT,
        tags,
        environment: Environment::Profile("production"),
        rhythm: Rhythm::Service,
        uses,
    }
}

/// A charge by the day and not by the call.
const fn standing(tags: Tags, uses: &'static [Use]) -> Caller {
    Caller {
        identity: Identity::None,
        account: PAYER_ACCOUNT,
        tags,
        environment: Environment::Unmarked,
        rhythm: Rhythm::Constant,
        uses,
    }
}

const fn person(set: &'static str, number: u8, tags: Tags, uses: &'static [Use]) -> Caller {
    Caller {
        identity: Identity::Person(set, number),
        account: DEVELOPMENT_ACCOUNT,
        tags,
        environment: Environment::Unmarked,
        rhythm: Rhythm::Office,
        uses,
    }
}

const fn in_account(account: &'static str, environment: Environment, caller: Caller) -> Caller {
    Caller { account, environment, ..caller }
}

const fn in_rhythm(rhythm: Rhythm, caller: Caller) -> Caller {
    Caller { rhythm, ..caller }
}

/// A coding assistant on the premium model.
static CODER_PREMIUM: &[Use] = &[of(&OPUS_48, &CODE, 520_000)];
/// A coding assistant on the middle model, with a cheap one beside it.
static CODER: &[Use] = &[of(&SONNET_55, &CODE, 480_000), of(&HAIKU_45_MANTLE, &CACHED, 300_000)];
/// A coding assistant on older models.
static CODER_EARLY: &[Use] = &[of(&SONNET_46, &CODE, 260_000), of(&HAIKU_45, &CODE, 190_000)];
/// Notebooks: several models tried on the same question.
static ANALYST: &[Use] = &[
    of(&SONNET_46_RUNTIME, &CACHED, 340_000),
    of(&LLAMA_70B, &CHAT, 900_000),
    of(&KIMI_MANTLE_GLOBAL, &CHAT, 260_000),
];
/// Drafts and translations.
static WRITER: &[Use] = &[of(&SONNET_46_GLOBAL, &WRITE, 60_000), of(&NOVA_2_LITE, &WRITE, 90_000)];

const DEVELOPER_SET: &str = "AIDeveloper";
const ANALYST_SET: &str = "AIAnalyst";
const SANDBOX_SET: &str = "AISandbox";

/// All callers, in the order of the bill.
pub(super) static CALLERS: &[Caller] = &[
    // Search.
    service(
        Identity::Role("search-answers", "search-answers"),
        tags("search", "answers", SEARCH),
        &[of(&SONNET_46, &CACHED, 9_500_000), of(&GUARDRAIL_CONTENT, &PLAIN, 42_000)],
    ),
    service(
        Identity::Role("search-ranker", "i-0a1b2c3d4e5f60718"),
        tags("search", "ranking", SEARCH),
        &[of(&RERANK, &PLAIN, 21_000), of(&NOVA_MICRO, &CACHED, 60_000_000)],
    ),
    service(
        Identity::Sdk("search-indexer"),
        tags("search", "indexing", SEARCH),
        &[
            of(&TITAN_EMBEDDING, &PLAIN, 310_000_000),
            of(&TITAN_EMBEDDING_BATCH, &PLAIN, 540_000_000),
        ],
    ),
    service(
        Identity::Task("search-query-rewrite"),
        tags("search", "answers", SEARCH),
        &[of(&NOVA_2_LITE_PRIORITY, &CHAT, 14_000_000), of(&QWEN_PRIORITY, &CHAT, 9_000_000)],
    ),
    // Support.
    service(
        Identity::Task("support-chat"),
        tags("support", "chat", SUPPORT),
        &[
            of(&SONNET_46_GLOBAL, &CACHED, 9_000_000),
            of(&HAIKU_45, &CACHED, 9_000_000),
            of(&GUARDRAIL_CONTENT, &PLAIN, 60_000),
            of(&GUARDRAIL_SENSITIVE, &PLAIN, 60_000),
        ],
    ),
    service(
        Identity::Role("support-summaries", "support-summaries"),
        tags("support", "summaries", SUPPORT),
        &[of(&HAIKU_45, &EXTRACT, 14_000_000), of(&NOVA_LITE, &EXTRACT, 55_000_000)],
    ),
    service(
        Identity::Role("support-triage", "support-triage"),
        tags("support", "triage", SUPPORT),
        &[of(&NOVA_MICRO, &EXTRACT, 90_000_000), of(&NOVA_2_LITE_GLOBAL, &EXTRACT, 8_000_000)],
    ),
    service(
        Identity::Task("support-voice"),
        tags("support", "voice", SUPPORT),
        &[of(&NOVA_SONIC, &CHAT, 3_200_000)],
    ),
    // Data science.
    service(
        Identity::Sdk("ds-batch-scoring"),
        tags("data-science", "scoring", DATA_SCIENCE),
        &[
            of(&SONNET_46_BATCH, &EXTRACT, 15_000_000),
            of(&NOVA_PRO_BATCH, &EXTRACT, 20_000_000),
            of(&LLAMA_MAVERICK_BATCH, &EXTRACT, 45_000_000),
        ],
    ),
    service(
        Identity::Role("ds-notebooks", "SageMaker"),
        tags("data-science", "notebooks", DATA_SCIENCE),
        &[of(&GPT_OSS_MANTLE, &CHAT, 30_000_000), of(&NOVA_PRO, &CACHED, 4_000_000)],
    ),
    service(
        Identity::Role("bi-dashboards", "QuickSightSession"),
        tags("data-science", "dashboards", DATA_SCIENCE),
        &[of(&NOVA_PRO, &CHAT, 5_000_000)],
    ),
    in_rhythm(
        Rhythm::Runaway,
        service(
            Identity::Agent("research-agent-runtime", 4),
            tags("data-science", "research-agent", DATA_SCIENCE),
            &[of(&OPUS_48, &CACHED, 900_000), of(&OPUS_48_LONG, &EXTRACT, 240_000)],
        ),
    ),
    // Platform.
    service(
        Identity::Role("ai-gateway", "gateway"),
        tags("platform", "ai-gateway", PLATFORM),
        &[
            of(&SONNET_46, &CACHED, 16_000_000),
            of(&OPUS_48, &CACHED, 4_500_000),
            of(&HAIKU_45, &CHAT, 18_000_000),
            of(&GPT_OSS_MANTLE, &CHAT, 35_000_000),
        ],
    ),
    service(
        Identity::Agent("agent-runtime", 3),
        tags("support", "triage-agent", SUPPORT),
        &[of(&SONNET_55, &CACHED, 1_300_000)],
    ),
    service(
        Identity::Agent("agent-runtime", 2),
        tags("platform", "release-notes-agent", PLATFORM),
        &[of(&SONNET_55, &CACHED, 700_000), of(&NOVA_2_LITE, &CHAT, 900_000)],
    ),
    service(
        Identity::Agent("agent-runtime", 2),
        tags("risk", "screening-agent", RISK),
        &[of(&SONNET_46, &CACHED, 900_000)],
    ),
    service(
        Identity::Role("platform-evals", "platform-evals"),
        tags("platform", "evaluations", PLATFORM),
        &[of(&GPT_OSS_FLEX, &EXTRACT, 60_000_000), of(&NOVA_2_LITE_FLEX, &EXTRACT, 28_000_000)],
    ),
    in_account(
        DEVELOPMENT_ACCOUNT,
        Environment::Unmarked,
        in_rhythm(
            Rhythm::Office,
            service(
                Identity::Role("github-actions-evals", "GitHubActions"),
                tags("platform", "evaluations", PLATFORM),
                &[of(&HAIKU_45_MANTLE, &EXTRACT, 4_000_000), of(&NOVA_MICRO, &EXTRACT, 25_000_000)],
            ),
        ),
    ),
    service(
        Identity::Role(
            "AmazonBedrockExecutionRoleForKnowledgeBase_handbook",
            "BKB-Retrieve-handbook",
        ),
        tags("platform", "handbook", PLATFORM),
        &[of(&TITAN_EMBEDDING, &PLAIN, 24_000_000), of(&NOVA_PRO, &CHAT, 2_000_000)],
    ),
    // Marketing.
    service(
        Identity::Role("marketing-copy", "marketing-copy"),
        tags("marketing", "campaigns", MARKETING),
        &[of(&SONNET_46_GLOBAL, &WRITE, 1_100_000), of(&NOVA_2_LITE, &WRITE, 2_000_000)],
    ),
    service(
        Identity::Role("marketing-images", "marketing-images"),
        tags("marketing", "campaigns", MARKETING),
        &[of(&NOVA_CANVAS, &PLAIN, 330)],
    ),
    // Risk.
    service(
        Identity::Role("risk-screening", "risk-screening"),
        tags("risk", "screening", RISK),
        &[of(&NOVA_2_LITE_CUSTOM, &EXTRACT, 60_000_000), of(&SONNET_46, &EXTRACT, 7_000_000)],
    ),
    service(
        Identity::Sdk("risk-documents"),
        tags("risk", "documents", RISK),
        &[of(&SONNET_46_BATCH, &EXTRACT, 16_000_000)],
    ),
    service(
        Identity::Task("risk-monitor"),
        tags("risk", "monitoring", RISK),
        &[of(&NOVA_LITE, &CHAT, 48_000_000)],
    ),
    // Unattributed: it has no tag, and no rule claims it.
    Caller {
        identity: Identity::Role("legacy-report-job", "i-0f9e8d7c6b5a43210"),
        account: PAYER_ACCOUNT,
        tags: UNTAGGED,
        environment: Environment::Unmarked,
        rhythm: Rhythm::Service,
        uses: &[of(&SONNET_46, &CHAT, 3_600_000), of(&NOVA_PRO, &EXTRACT, 4_000_000)],
    },
    // An API key that was made for a script.
    in_account(
        DEVELOPMENT_ACCOUNT,
        Environment::Unmarked,
        service(
            Identity::User("BedrockAPIKey-7f3k"),
            tags("marketing", "translations", MARKETING),
            &[of(&HAIKU_45, &CHAT, 4_500_000)],
        ),
    ),
    // The sandbox that serves customers: a prototype that was never moved to production.
    in_account(
        SANDBOX_ACCOUNT,
        Environment::Profile("sandbox"),
        service(
            Identity::Role("prototype-assistant", "prototype-assistant"),
            tags("search", "prototype-assistant", SEARCH),
            &[of(&OPUS_48, &CACHED, 9_500_000)],
        ),
    ),
    in_account(
        SANDBOX_ACCOUNT,
        Environment::Profile("sandbox"),
        person(SANDBOX_SET, 21, tags("data-science", "experiments", DATA_SCIENCE), ANALYST),
    ),
    in_account(
        SANDBOX_ACCOUNT,
        Environment::Profile("sandbox"),
        person(SANDBOX_SET, 22, tags("marketing", "experiments", MARKETING), WRITER),
    ),
    // People, in the developers' account.
    person(DEVELOPER_SET, 1, tags("search", "engineering", SEARCH), CODER_PREMIUM),
    person(DEVELOPER_SET, 2, tags("search", "engineering", SEARCH), CODER),
    person(DEVELOPER_SET, 3, tags("search", "engineering", SEARCH), CODER),
    person(DEVELOPER_SET, 4, tags("support", "engineering", SUPPORT), CODER),
    person(DEVELOPER_SET, 5, tags("support", "engineering", SUPPORT), CODER_EARLY),
    person(DEVELOPER_SET, 6, tags("platform", "engineering", PLATFORM), CODER_PREMIUM),
    person(DEVELOPER_SET, 7, tags("platform", "engineering", PLATFORM), CODER_PREMIUM),
    person(DEVELOPER_SET, 8, tags("platform", "engineering", PLATFORM), CODER),
    person(DEVELOPER_SET, 9, tags("platform", "engineering", PLATFORM), CODER_EARLY),
    person(DEVELOPER_SET, 10, tags("risk", "engineering", RISK), CODER),
    person(DEVELOPER_SET, 11, tags("risk", "engineering", RISK), CODER_PREMIUM),
    person(ANALYST_SET, 12, tags("data-science", "analysis", DATA_SCIENCE), ANALYST),
    person(ANALYST_SET, 13, tags("data-science", "analysis", DATA_SCIENCE), ANALYST),
    person(ANALYST_SET, 14, tags("data-science", "analysis", DATA_SCIENCE), ANALYST),
    person(ANALYST_SET, 15, tags("data-science", "analysis", DATA_SCIENCE), CODER),
    person(ANALYST_SET, 16, tags("marketing", "analysis", MARKETING), ANALYST),
    person(ANALYST_SET, 17, tags("marketing", "campaigns", MARKETING), WRITER),
    person(ANALYST_SET, 18, tags("marketing", "campaigns", MARKETING), WRITER),
    person(ANALYST_SET, 19, tags("support", "campaigns", SUPPORT), WRITER),
    person(ANALYST_SET, 20, tags("risk", "analysis", RISK), ANALYST),
    // Capacity and storage.
    standing(tags("search", "answers", SEARCH), &[of(&PROVISIONED, &PLAIN, 24)]),
    standing(tags("support", "chat", SUPPORT), &[of(&SONNET_46_RESERVED, &PLAIN, 24 * 100)]),
    standing(tags("risk", "screening", RISK), &[of(&CUSTOM_MODEL_STORAGE, &PLAIN, 33)]),
    in_rhythm(
        Rhythm::Service,
        standing(
            tags("platform", "agents", PLATFORM),
            &[
                of(&AGENTCORE_VCPU, &PLAIN, 96_000),
                of(&AGENTCORE_MEMORY, &PLAIN, 410_000),
                of(&AGENTCORE_EVENTS, &PLAIN, 18_000),
                of(&AGENTCORE_GATEWAY, &PLAIN, 240_000),
                of(&KNOWLEDGE_BASE_STORAGE, &PLAIN, 1_150_000),
            ],
        ),
    ),
];
