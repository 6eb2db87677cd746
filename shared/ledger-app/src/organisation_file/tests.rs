use jiff::civil::date;
use ledger_core::organisation::{Code, PostingField};

use super::*;

const FILE: &str = r#"
    paying_entity = "1000"

    [payers]
    "210987654321" = "2000"

    [[entity]]
    code = "1000"
    name = "Contoso US"
    home_currency = "USD"
    recovery_account = "650190"
    recovery_cost_centre = "9000"
    receivable_account = "140100"
    rounding_account = "650199"
    time_zone = "America/New_York"
    holidays = [2026-11-26, "2026-12-25"]
    mark_up_percent = "6.5"

    [[entity]]
    code = "2000"
    name = "Contoso Deutschland"
    mark_up_percent = 5
    tax_code = "V0"

    [[cost_centre]]
    code = "4100"
    name = "Search"
    entity = "1000"
    owners = ["search"]
    aliases = ["CC-4100"]
    valid_to = 2026-06-30

    [[cost_centre]]
    code = "4110"
    name = "Search and ads"
    entity = "2000"
    owners = ["search", "ads"]
    valid_from = 2026-07-01

    [[cost_centre]]
    code = "9000"
    name = "Platform"
    entity = "1000"

    [[account]]
    code = "650120"
    name = "AI services"
    valid_from = 2026-01-01

    [[account]]
    code = "650190"
    name = "AI recovery"
    entity = "1000"

    [[account]]
    code = "650199"
    name = "Rounding"

    [[account]]
    code = "140100"
    name = "Receivables"

    [[posting]]
    when = { provider = "aws", line_type = ["Credit", "Ref*"] }
    account = "650190"

    [[posting]]
    account = "650120"
"#;

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

#[test]
fn a_file_is_the_organisation_that_it_describes() {
    let found = parse_organisation(FILE, 3).unwrap();
    assert_eq!((found.version, found.entities.len(), found.postings.len()), (3, 2, 2));
    let [us, de] = ["1000", "2000"].map(|it| &found.entities[&code(it)]);
    assert_eq!(us.mark_up.unwrap().to_string(), "6.5 %");
    assert_eq!(de.mark_up.unwrap().to_string(), "5 %");
    assert_eq!(Vec::from_iter(&us.holidays), [&date(2026, 11, 26), &date(2026, 12, 25)]);
    for (payer, expected) in [(None, "1000"), (Some("210987654321"), "2000"), (Some("1"), "1000")] {
        assert_eq!(found.entity_paying(payer).unwrap().code, code(expected));
    }
    for (day, expected) in [(date(2026, 6, 30), "4100"), (date(2026, 7, 1), "4110")] {
        assert_eq!(found.cost_centre_of("search", day).unwrap().code, code(expected));
    }
    assert_eq!(found.cost_centre_of("ads", date(2026, 6, 30)), None);
    assert_eq!(found.cost_centre_named("CC-4100").unwrap().code, code("4100"));
    let account = |entity: &str, line_type: &'static str| {
        let value = |field| match field {
            PostingField::Provider => Some("aws"),
            PostingField::LineType => Some(line_type),
            _ => None,
        };
        found.account_of(&code(entity), value).unwrap().code.to_string()
    };
    assert_eq!(account("1000", "Usage"), "650120");
    assert_eq!(account("1000", "Refund"), "650190");
    assert_eq!(account("2000", "Refund"), "650120", "the other account is not in its chart");
}

#[test]
fn a_file_that_is_wrong_is_refused_with_the_place() {
    for (change, to, expected) in [
        ("name = \"Contoso US\"", "nam = \"x\"", "unknown field `nam`"),
        (
            "paying_entity = \"1000\"",
            "paying_entity = \"1\"",
            "`paying_entity` is `1`, and there is no such entity; expected the code of an [[entity]]",
        ),
        (
            "\"210987654321\" = \"2000\"",
            "\"210987654321\" = \"3\"",
            "`payers`: `210987654321` is `3`, and there is no such entity",
        ),
        (
            "code = \"2000\"",
            "code = \"1000\"",
            "entity `1000`: the code is used twice; expected a unique code",
        ),
        ("code = \"4110\"", "code = \"4100\"", "cost_centre `4100`: the code is used twice"),
        ("code = \"650190\"", "code = \"650120\"", "account `650120`: the code is used twice"),
        ("\"USD\"", "\"US\"", "entity `1000`: `home_currency`: `US` is not a currency"),
        (
            "\"650190\"\n    recovery",
            "\"1\"\n    recovery",
            "entity `1000`: `recovery_account` is `1`, and there is no such account",
        ),
        (
            "_centre = \"9000\"",
            "_centre = \"1\"",
            "entity `1000`: `recovery_cost_centre` is `1`, and there is no such cost_centre",
        ),
        (
            "_centre = \"9000\"",
            "_centre = \"4110\"",
            "entity `1000`: `recovery_cost_centre` is `4110`, which is of entity `2000`; expected one of its own",
        ),
        (
            "entity = \"1000\"\n\n    [[account]]\n    code = \"650199\"",
            "entity = \"2000\"\n\n    [[account]]\n    code = \"650199\"",
            "entity `1000`: `recovery_account` is `650190`, which is of entity `2000`",
        ),
        (
            "America/New_York",
            "New York",
            "entity `1000`: `time_zone` is `New York`; expected a name such as `Europe/Berlin`",
        ),
        (
            "2026-11-26",
            "\"26.11.2026\"",
            "entity `1000`: `holidays` is `26.11.2026`; expected a day such as 2026-12-31",
        ),
        ("\"6.5\"", "\"650\"", "entity `1000`: `mark_up_percent`: `650` is not a mark-up"),
        ("\"6.5\"", "6.5", "expected a text such as \"6.5\", or a whole number"),
        (
            "code = \"4100\"",
            "code = \"41 00\"",
            "cost_centre `41 00`: `code`: `41 00` is not a code",
        ),
        (
            "name = \"Search\"",
            "name = \" \"",
            "cost_centre `4100`: `name` is empty; expected a name",
        ),
        (
            "name = \"Search\"",
            "name = \"a\\u0007b\"",
            "cost_centre `4100`: `name` holds U+0007 as character 2",
        ),
        (
            "name = \"Search\"\n    entity = \"1000\"",
            "name = \"x\"\n    entity = \"1\"",
            "cost_centre `4100`: `entity` is `1`, and there is no such entity",
        ),
        (
            "owners = [\"search\"]",
            "owners = [\"Unattributed\"]",
            "cost_centre `4100`: `owners` has `Unattributed`",
        ),
        (
            "valid_to = 2026-06-30",
            "",
            "owner `search` is in `owners` of cost centres `4100` and `4110` on the same days; expected one",
        ),
        (
            "valid_to = 2026-06-30",
            "valid_from = 2026-07-01\n    valid_to = 2026-06-30",
            "cost_centre `4100`: `valid_to` is 2026-06-30, before `valid_from`, which is 2026-07-01",
        ),
        (
            "CC-4100",
            "4110",
            "cost_centre `4100`: `aliases` has `4110`, which means cost centre `4110` already",
        ),
        (
            "account = \"650120\"",
            "account = \"1\"",
            "posting 2: `account` is `1`, and there is no such account",
        ),
        (
            "line_type = [\"Credit\", \"Ref*\"]",
            "line_type = []",
            "posting 1: `when.line_type` is an empty list",
        ),
        ("line_type =", "linetype =", "unknown field `linetype`"),
    ] {
        assert!(FILE.contains(change), "{change}");
        let err = parse_organisation(&FILE.replacen(change, to, 1), 1).unwrap_err().to_string();
        assert!(err.contains(expected), "{change}: {err}");
        assert!(!err.contains('\n'), "{err}");
    }
}
