//! Budget files are read, or refused with the first thing that is wrong.

use super::*;

fn refused(lines: &str) -> String {
    let base = "[[budget]]\nname = \"a\"\ncurrency = \"USD\"\n";
    parse_budgets(&format!("{base}{lines}")).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_named() {
    let good = "owner = \"o\"\nlimit = \"1\"\nwindow = \"daily\"\n";
    for (lines, message) in [
        (
            "limit = \"1\"\nwindow = \"daily\"\n".to_owned(),
            "budget `a`: `owner` is missing; expected the name of the owner, who is alerted",
        ),
        (
            good.replace("\"1\"", "\"0\""),
            "budget `a`: `limit` is `0`; expected an amount above zero",
        ),
        (
            good.replace("\"1\"", "\"-5\""),
            "budget `a`: `limit` is `-5`; expected an amount above zero",
        ),
        (
            good.replace("\"1\"", "\"1,5\""),
            "budget `a`: `limit`: `1,5` is not a decimal amount; expected digits with at most one `.`",
        ),
        (
            good.replace("daily", "hourly"),
            "budget `a`: `window` is `hourly`; expected daily, weekly, monthly, quarterly, yearly, or once with `from` and `to`",
        ),
        (
            format!("{good}forecast_thresholds = [80]\n"),
            "budget `a`: `forecast_thresholds` is `[80]`; expected ascending percentages from 100 to 1000, \
             which the whole window is expected to reach",
        ),
        (
            format!("{good}thresholds = [80, 50]\n"),
            "budget `a`: `thresholds` is `[80, 50]`; expected ascending percentages from 1 to 1000",
        ),
    ] {
        assert_eq!(refused(&lines), message);
    }
}

#[test]
fn a_maker_under_the_old_word_is_read_from_the_ledger_and_refused_in_a_file() {
    let text = "[[budget]]\nname = \"a\"\nowner = \"o\"\nlimit = \"1\"\ncurrency = \"USD\"\n\
                window = \"daily\"\nscope = { provider = \"Anthropic\" }\n";
    let applied = parse_applied_budgets(text).unwrap();
    assert_eq!(applied[0].scope.to_string(), "publisher = Anthropic");
    assert_eq!(
        parse_budgets(text).unwrap_err().to_string(),
        "budget `a`: `scope`: `Anthropic` is no provider; expected the cloud or vendor that bills, \
         such as `aws` (the maker of a model is `publisher`)"
    );
    let new = text.replace("Anthropic", "aws");
    assert_eq!(parse_budgets(&new).unwrap()[0].scope.to_string(), "provider = aws");
}

#[test]
fn a_budget_may_count_several_values_of_a_dimension() {
    let text = "[[budget]]\nname = \"a\"\nowner = \"o\"\nlimit = \"1\"\ncurrency = \"USD\"\n\
                window = \"daily\"\nscope = { owner = [\"x\", \"y\"] }\n";
    let budgets = parse_budgets(text).unwrap();
    assert_eq!(budgets[0].scope.to_string(), "owner = x or y");
    assert_eq!(budgets[0].thresholds, [50, 80, 100]);
}

/// A budget of `a` in dollars with these lines.
fn with(lines: &str) -> String {
    format!(
        "[[budget]]\nname = \"a\"\ncurrency = \"USD\"\nowner = \"o\"\nlimit = \"310\"\n{lines}\n"
    )
}

#[test]
fn a_scope_has_patterns_alternatives_and_exceptions() {
    let text = with(
        "window = \"monthly\"\nscope = { owner = \"x\", model = [\"claude-*\", \"nova-lite\"], \
         any = [{ team = \"a\" }, { tag:env = \"b\" }], not = { environment = \"sandbox\" } }"
            .replace("tag:env", "\"tag:env\"")
            .as_str(),
    );
    assert_eq!(
        parse_budgets(&text).unwrap()[0].scope.to_string(),
        "owner = x and model = claude-* or nova-lite and (team = a) or (tag:env = b) and not \
         (environment = sandbox)"
    );
    for (scope, message) in [
        (
            "{ any = [{}] }",
            "`scope` has an empty table in `all`, `any` or `not`, which would match everything; expected a dimension",
        ),
        ("{ not = { day = \"x\" } }", "`scope`: `day` is set by the window"),
        (
            "{ any = [{ colour = \"x\" }] }",
            "`scope`: `colour` is not a dimension; expected owner, ",
        ),
    ] {
        let err = refused(&format!(
            "owner = \"o\"\nlimit = \"1\"\nwindow = \"daily\"\nscope = {scope}\n"
        ));
        assert!(err.starts_with(&format!("budget `a`: {message}")), "{err}");
    }
}

#[test]
fn kinds_of_charges_can_be_left_out() {
    let text = with("window = \"daily\"\ncounts = [\"usage\", \"tax\"]\nscope = { owner = \"x\" }");
    let scope = parse_budgets(&text).unwrap()[0].scope.to_string();
    assert_eq!(scope, "owner = x and (category = usage or tax)");
    assert_eq!(
        refused("owner = \"o\"\nlimit = \"1\"\nwindow = \"daily\"\ncounts = [\"vat\"]\n"),
        "budget `a`: `counts` has `vat`; expected some of usage, purchase, tax, credit, adjustment"
    );
}

#[test]
fn limits_differ_by_month_and_the_first_window_has_its_part() {
    let text = with(
        "window = \"monthly\"\nstarts = \"2026-10-22\"\nlimits = { \"2026-12\" = \"500.50\" }",
    );
    let budget = parse_budgets(&text).unwrap().remove(0);
    let limit_on = |day: &str| {
        let window = budget.calendar.containing(day.parse().unwrap())?;
        let counted = budget.counted(window)?;
        Some(format!("{counted} {}", budget.limit_of(counted)))
    };
    assert_eq!(limit_on("2026-09-30"), None);
    // Ten of 31 days.
    assert_eq!(limit_on("2026-10-05").unwrap(), "2026-10-22..2026-11-01 100 USD");
    assert_eq!(limit_on("2026-11-05").unwrap(), "2026-11-01..2026-12-01 310 USD");
    assert_eq!(limit_on("2026-12-05").unwrap(), "2026-12-01..2027-01-01 500.5 USD");
}

#[test]
fn windows_follow_the_fiscal_calendar_or_are_a_fixed_span() {
    let of = |fiscal: &str, window: &str, day: &str| {
        let budgets = parse_budgets(&format!("{fiscal}{}", with(window)));
        let period = budgets.unwrap()[0].calendar.containing(day.parse().unwrap());
        period.map(|it| it.to_string())
    };
    let april = "[fiscal]\nfirst_month = 4\n";
    let expected = Some("2026-04-01..2027-04-01".to_owned());
    assert_eq!(of(april, "window = \"yearly\"", "2026-11-20"), expected);
    let retail = "[fiscal]\nfirst_month = 2\nweeks = \"4-5-4\"\nweek_start = \"sunday\"\n";
    let expected = Some("2024-02-04..2024-03-03".to_owned());
    assert_eq!(of(retail, "window = \"monthly\"", "2024-02-29"), expected);
    let once = "window = \"once\"\nfrom = \"2026-10-05\"\nto = \"2026-12-05\"";
    assert_eq!(of("", once, "2026-12-05"), None);
    assert_eq!(of("", once, "2026-12-04"), Some("2026-10-05..2026-12-05".to_owned()));
}

#[test]
fn windows_that_cannot_be_are_refused() {
    for (fiscal, lines, message) in [
        ("first_month = 13", "", "fiscal: `first_month` is `13`; expected a month from 1 to 12"),
        (
            "weeks = \"4-4-4\"",
            "",
            "fiscal: `weeks` is `4-4-4`; expected `4-4-5`, `4-5-4` or `5-4-4`",
        ),
        (
            "week_start = \"day\"",
            "",
            "fiscal: `week_start` is `day`; expected a day from `monday` to `sunday`",
        ),
        (
            "",
            "window = \"once\"",
            "budget `a`: `window` is `once`; expected `from`, and `to` as the day after the last",
        ),
        (
            "",
            "window = \"once\"\nfrom = \"2026-10-05\"\nto = \"2026-10-05\"",
            "budget `a`: `to`: `2026-10-05..2026-10-05` is empty; expected the end after the start, which it leaves out",
        ),
        (
            "",
            "window = \"once\"\nfrom = \"soon\"\nto = \"2026-10-05\"",
            "budget `a`: `from` is `soon`; expected a day such as `2026-11-20`",
        ),
        (
            "",
            "window = \"daily\"\nfrom = \"2026-10-05\"",
            "budget `a`: `from` and `to` are for `window = \"once\"`, and this one is daily; `starts` is the first day that counts",
        ),
        (
            "",
            "window = \"daily\"\nlimits = { \"2026-10\" = \"1\" }",
            "budget `a`: `limits` has limits by the month that a window begins in, and this one is daily; expected a monthly, quarterly or yearly window",
        ),
        (
            "",
            "window = \"daily\"\nformerly = \"a\"",
            "budget `a`: `formerly` is `a`, which is the name of another budget; expected a name that is not used any more",
        ),
    ] {
        let text = format!("[fiscal]\n{fiscal}\n{}", with(lines));
        let lines = if lines.is_empty() {
            text.replace("\"310\"", "\"310\"\nwindow = \"daily\"")
        } else {
            text
        };
        assert_eq!(parse_budgets(&lines).unwrap_err().to_string(), message);
    }
}

#[test]
fn children_fit_into_their_parent() {
    let entry = |name: &str, limit: &str, more: &str| {
        format!(
            "[[budget]]\nname = \"{name}\"\nowner = \"o\"\nlimit = \"{limit}\"\ncurrency = \"USD\"\n\
             window = \"monthly\"\n{more}\n"
        )
    };
    let of = |children: &[String]| {
        parse_budgets(&format!("{}{}", entry("all", "100", ""), children.concat()))
    };
    let child = |name: &str, limit: &str| entry(name, limit, "parent = \"all\"");
    assert_eq!(of(&[child("one", "60"), child("two", "40")]).unwrap().len(), 3);
    for (children, message) in [
        (
            vec![child("one", "60"), child("two", "40.01")],
            "budget `all`: the limits of its children are 100.01 USD in total; expected at most its own, 100 USD",
        ),
        (
            vec![entry("one", "1", "parent = \"none\"")],
            "budget `one`: `parent` is `none`, and there is no such budget",
        ),
        (
            vec![child("one", "1").replace("monthly", "weekly")],
            "budget `one`: its parent `all` has other windows or another currency; expected the same",
        ),
        (
            vec![entry("one", "1", "parent = \"one\"")],
            "budget `one`: it is its own parent, by way of `one`",
        ),
    ] {
        assert_eq!(of(&children).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_time_zone_moves_the_days_of_windows_and_is_a_name_of_the_database() {
    let of = |head: &str, lines: &str| parse_budgets(&format!("{head}{}", with(lines)));
    let periods = |head: &str, lines: &str, day: &str| {
        let budget = of(head, lines).unwrap().remove(0);
        let window = budget.calendar.containing(day.parse().unwrap()).unwrap();
        budget.counted(window).map(|it| it.to_string())
    };
    let monthly = "window = \"monthly\"\n";
    let auckland = "time_zone = \"Pacific/Auckland\"\n";
    let head = format!("[fiscal]\n{auckland}");
    let expected = Some("2026-10-31..2026-11-30".to_owned());
    assert_eq!(periods("", &format!("{monthly}{auckland}"), "2026-11-05"), expected);
    assert_eq!(periods(&head, monthly, "2026-11-05"), expected);
    let utc = format!("{monthly}time_zone = \"UTC\"\n");
    assert_eq!(periods(&head, &utc, "2026-11-05"), Some("2026-11-01..2026-12-01".to_owned()));
    let starts = format!("{monthly}starts = \"2026-11-11\"\n");
    assert_eq!(periods(&head, &starts, "2026-11-05"), Some("2026-11-10..2026-11-30".to_owned()));
    let once = "window = \"once\"\nfrom = \"2026-11-01\"\nto = \"2026-11-11\"\n";
    assert_eq!(periods(&head, once, "2026-11-05"), Some("2026-10-31..2026-11-10".to_owned()));
    // A limit of a month is that of the month there.
    let limits = format!("{monthly}limits = {{ \"2026-11\" = \"7\" }}\n");
    let budget = of(&head, &limits).unwrap().remove(0);
    let window = budget.calendar.containing("2026-10-31".parse().unwrap()).unwrap();
    assert_eq!(budget.limit_of(window).to_string(), "7 USD");

    let expected =
        "expected a name of the IANA time zone database, such as `Pacific/Auckland` or `UTC`";
    let refused = of("", &format!("{monthly}time_zone = \"CEST\"\n")).unwrap_err();
    assert_eq!(refused.to_string(), format!("budget `a`: `time_zone` is `CEST`; {expected}"));
    let refused = of("[fiscal]\ntime_zone = \"+02:00\"\n", monthly).unwrap_err();
    assert_eq!(refused.to_string(), format!("fiscal: `time_zone` is `+02:00`; {expected}"));
}

#[test]
fn budgets_of_an_environment_have_its_thresholds_unless_they_name_their_own() {
    let head = "[environment.sandbox]\nthresholds = [25, 50]\npace_thresholds = [120]\n\
                models = [\"nova-*\"]\nshare_percent_max = 10\n\
                [environment.production]\nforecast_thresholds = [100]\nchange_thresholds = [200]\n";
    let of = |lines: &str| {
        let budget = parse_budgets(&format!("{head}{}", with(lines))).unwrap().remove(0);
        let Budget { thresholds, forecast_thresholds, pace_thresholds, change_thresholds, .. } =
            budget;
        [thresholds, forecast_thresholds, pace_thresholds, change_thresholds]
    };
    let none: [u16; 0] = [];
    let scope = |name: &str| format!("scope = {{ environment = {name} }}\n");
    let (sandbox, production) = (scope("\"sandbox\""), scope("\"production\""));
    let monthly = "window = \"monthly\"\n";
    assert_eq!(of(&format!("{monthly}{sandbox}")), [&[25, 50][..], &none, &[120], &none]);
    assert_eq!(of(&format!("{monthly}{production}")), [&[50, 80, 100][..], &[100], &none, &[200]]);
    assert_eq!(of(&format!("window = \"daily\"\n{sandbox}")), [&[25, 50][..], &none, &none, &none]);
    let own = "thresholds = [90]\npace_thresholds = []\n";
    assert_eq!(of(&format!("{monthly}{own}{sandbox}")), [&[90][..], &none, &none, &none]);
    for other in [scope("\"test\""), scope("[\"sandbox\", \"production\"]"), String::new()] {
        assert_eq!(of(&format!("{monthly}{other}")), [&[50, 80, 100][..], &none, &none, &none]);
    }
    let limits = parse_environments(head).unwrap();
    let names: Vec<_> = limits.iter().map(|it| (&*it.name, it.share_percent_max)).collect();
    assert_eq!(names, [("production", None), ("sandbox", Some(10))]);
    assert!(limits[1].allows("nova-lite") && !limits[1].allows("claude-opus-4.6"));
    assert!(limits[0].allows("claude-opus-4.6"));
}

#[test]
fn warnings_and_roll_over_that_cannot_be_are_refused() {
    let pace = "expected ascending percentages from 101 to 1000 of the pace that spends the limit by the end of the window";
    for (head, lines, message) in [
        ("", "window = \"monthly\"\npace_thresholds = [100]", format!("budget `a`: `pace_thresholds` is `[100]`; {pace}")),
        (
            "",
            "window = \"monthly\"\nchange_thresholds = [150, 120]",
            "budget `a`: `change_thresholds` is `[150, 120]`; expected ascending percentages from 101 to 1000 of the cost of the window before up to the same day".to_owned(),
        ),
        (
            "",
            "window = \"daily\"\npace_thresholds = [120]",
            "budget `a`: `pace_thresholds` compares the days of a window, and this one is daily; expected a longer window".to_owned(),
        ),
        (
            "",
            "window = \"daily\"\nchange_thresholds = [150]",
            "budget `a`: `change_thresholds` compares with the same days of the window before, and this one is daily; expected a window that repeats and is longer than a day".to_owned(),
        ),
        (
            "",
            "window = \"monthly\"\nlimits = { \"2026-12\" = \"9999999999999\" }\nroll_over_percent_max = 1",
            "budget `a`: `roll_over_percent_max` adds 1 % to a limit of 9999999999999 USD: amount is out of range; expected less than 10,000,000,000,000 either way".to_owned(),
        ),
        (
            "",
            "window = \"monthly\"\nscope = { any = [] }",
            "budget `a`: `scope` has an empty list in `all`, `any` or `not`; expected a table, or no such key".to_owned(),
        ),
        (
            "",
            "window = \"monthly\"\nroll_over_percent_max = 0",
            "budget `a`: `roll_over_percent_max` is `0`; expected a share of the limit from 1 to 100".to_owned(),
        ),
        (
            "",
            "window = \"once\"\nfrom = \"2026-10-05\"\nto = \"2026-10-06\"\nroll_over_percent_max = 5",
            "budget `a`: `roll_over_percent_max` is for windows that repeat, and this one is once".to_owned(),
        ),
        (
            "[environment.sandbox]\nmodels = []\n",
            "window = \"monthly\"",
            "environment `sandbox`: `models` is an empty list, which allows none; expected names of models, such as `nova-*`, or no such key".to_owned(),
        ),
        (
            "[environment.sandbox]\nshare_percent_max = 100\n",
            "window = \"monthly\"",
            "environment `sandbox`: `share_percent_max` is `100`; expected a share of all cost from 0 to 99".to_owned(),
        ),
        (
            "[environment.sandbox]\npace_thresholds = [90]\n",
            "window = \"monthly\"",
            format!("environment `sandbox`: `pace_thresholds` is `[90]`; {pace}"),
        ),
    ] {
        let text = format!("{head}{}", with(lines));
        assert_eq!(parse_budgets(&text).unwrap_err().to_string(), message);
    }
}
