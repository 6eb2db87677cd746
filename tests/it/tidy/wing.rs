//! The core names no product of a provider outside the wing of that provider.

use super::{sources, without_tests};

const CORE: &str = "shared/ledger-core/src/";

const WING: &str = "shared/ledger-core/src/aws/";

/// Names of AWS that have no other meaning, as one word in lower case. Each is found however it is
/// written: `cost_explorer`, `CostExplorer`, `COST-EXPLORER`, `Cost Explorer`; and at the beginning
/// of a longer word, as in `Bedrock's` or `lambdas`.
const NAMES: [&str; 33] = [
    "assumedrole",
    "athena",
    "awsreservedsso",
    "bedrock",
    "botocore",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "costexplorer",
    "dynamodb",
    "eventbridge",
    "federateduser",
    "identitycenter",
    "iamprincipal",
    "inferenceprofile",
    "kendra",
    "kinesis",
    "lambda",
    "lineitemcurrencycode",
    "lineitemiam",
    "lineitemnetunblended",
    "lineitemunblended",
    "lineitemusageamount",
    "lineitemusagetype",
    "marketplace",
    "pricingpublic",
    "quicksight",
    "rekognition",
    "resourcetags",
    "sagemaker",
    "savingsplan",
    "stepfunctions",
    "textract",
];

/// Short names of AWS: each counts as a whole word alone.
const SHORT_NAMES: [&str; 14] = [
    "arn", "arns", "cur", "ebs", "ec2", "ecs", "eks", "iam", "kms", "polly", "s3", "sns", "sqs",
    "sts",
];

/// A word and its line, counted from 1.
type Place = (String, usize);

/// The words of a text in lower case: split at everything but letters and digits, and where a
/// capital begins a new word (`CostExplorer`, `CURReader`).
fn words(text: &str) -> Vec<Place> {
    let mut words = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for part in line.split(|it: char| !it.is_alphanumeric()) {
            let chars: Vec<char> = part.chars().collect();
            let mut word = String::new();
            for (index, char) in chars.iter().enumerate() {
                let before = index.checked_sub(1).and_then(|it| chars.get(it));
                let after = chars.get(index + 1);
                let begins_word = char.is_uppercase()
                    && (before.is_some_and(|it| !it.is_uppercase())
                        || after.is_some_and(|it| it.is_lowercase()));
                if begins_word && !word.is_empty() {
                    words.push((std::mem::take(&mut word), at + 1));
                }
                word.extend(char.to_lowercase());
            }
            if !word.is_empty() {
                words.push((word, at + 1));
            }
        }
    }
    words
}

/// The name that begins with the first of these words, also where it goes on in the next ones.
fn name_at(words: &[Place]) -> Option<&'static str> {
    let (first, _) = words.first()?;
    if let Some(name) = SHORT_NAMES.into_iter().find(|it| it == first) {
        return Some(name);
    }
    let could_begin = |name: &&str| name.starts_with(first.as_str()) || first.starts_with(*name);
    NAMES.into_iter().filter(could_begin).find(|name| {
        let mut joined = String::new();
        for (word, _) in words {
            joined.push_str(word);
            if joined.len() >= name.len() {
                break;
            }
        }
        joined.starts_with(name)
    })
}

/// The names in a text, as `line: name`.
fn names(text: &str) -> Vec<String> {
    let words = words(text);
    let found = words.iter().enumerate().filter_map(|(at, (_, line))| {
        let name = name_at(words.get(at..)?)?;
        Some(format!("{line}: `{name}`"))
    });
    found.collect()
}

/// Names in the core outside its wing and its tests, as `file:line: name`.
fn strays(sources: &[(String, String)]) -> Vec<String> {
    let is_neutral = |name: &str| name.starts_with(CORE) && !name.starts_with(WING);
    let mut strays = Vec::new();
    for (name, text) in sources.iter().filter(|(name, _)| is_neutral(name)) {
        strays.extend(names(without_tests(text)).into_iter().map(|it| format!("{name}:{it}")));
    }
    strays
}

#[test]
fn the_core_names_no_product_outside_its_wing() {
    let sources = sources();
    assert!(sources.iter().any(|(name, _)| name.starts_with(WING)), "the wing was found");
    assert_eq!(strays(&sources), Vec::<String>::new());
}

#[test]
fn a_name_is_found_in_code_texts_and_comments_of_the_neutral_part_alone() {
    let file = |name: &str, text: &str| (format!("{CORE}{name}"), text.to_owned());
    let tests = "\n#[cfg(test)]\nmod tests {\n    const BEDROCK: &str = \"arn:aws\";\n}\n";
    let sources = [
        file("a.rs", &format!("fn of_bedrock() {{}}\n// an ARN\nconst A: &str = \"s3\";{tests}")),
        file("aws/a.rs", "fn of_bedrock() {}"),
        file("aws_like.rs", "struct CostExplorer;"),
        ("shared/ledger-aws/src/a.rs".to_owned(), "struct Bedrock;".to_owned()),
    ];
    assert_eq!(
        strays(&sources),
        [
            format!("{CORE}a.rs:1: `bedrock`"),
            format!("{CORE}a.rs:2: `arn`"),
            format!("{CORE}a.rs:3: `s3`"),
            format!("{CORE}aws_like.rs:1: `costexplorer`"),
        ]
    );
}

#[test]
fn a_name_is_found_however_it_is_written() {
    for text in [
        "cost_explorer",
        "COST_EXPLORER",
        "CostExplorer",
        "costexplorer",
        "cost-explorers",
        "the total of Cost\n/// Explorer",
        "less_cost_explorer_of",
    ] {
        assert_eq!(names(text).len(), 1, "{text}");
    }
    for (text, expected) in [
        (":assumed-role/", "assumedrole"),
        ("\"arn:{}:x\"", "arn"),
        ("PrincipalArn", "arn"),
        ("CURReader", "cur"),
        ("of_cur()", "cur"),
        ("S3Export", "s3"),
        ("IamUser", "iam"),
        ("a DynamoDB number", "dynamodb"),
        ("Bedrock's", "bedrock"),
        ("SageMaker", "sagemaker"),
        ("`line_item_usage_amount`", "lineitemusageamount"),
        ("{tag:iamPrincipal/KEY}", "iam"),
        ("AWS Marketplace", "marketplace"),
        ("Savings Plans", "savingsplan"),
    ] {
        assert!(names(text).contains(&format!("1: `{expected}`")), "{text}: {:?}", names(text));
    }
    for text in [
        "currency, curve, occur, learn, barn, steps, s30, arnold, miami",
        "a line item, its usage; line_item::LineItem; its pricing unit; an assumed currency",
        "the role of a session; Provider::Aws; Source::AWS_BILL; crate::aws::PROVIDER",
        "cost of an explorer, costs explore",
    ] {
        assert_eq!(names(text), Vec::<String>::new(), "{text}");
    }
}
