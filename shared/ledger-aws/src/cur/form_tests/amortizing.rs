//! What was paid ahead is spread by the type of a line, in both forms.

use super::*;

/// A line of a type with these further numbers.
fn row_of_type(line_type: &'static str, cost: f64, numbers: &[(Column, f64)]) -> Row {
    let mut row = good_row("AmazonBedrock", "arn:aws:iam::222222222222:user/ci", cost);
    row[Column::LineType as usize] = Value::Text(line_type);
    for (column, number) in numbers {
        row[*column as usize] = Value::Number(*number);
    }
    row
}

/// The amounts of all cost kinds but the last, which is the list cost.
fn amounts(costs: &ledger_core::cost::Costs) -> Vec<String> {
    let kinds = CostKind::ALL.into_iter().filter(|it| *it != CostKind::List);
    kinds.map(|kind| costs.of(kind).amount().to_string()).collect()
}

/// The cost of lines of a type by each cost kind.
fn costs_of_type(outcome: &Outcome, line_type: &str) -> Vec<String> {
    let days = outcome.ledger.values().flat_map(|it| it.iter()).map(|it| it.unwrap().1);
    let sums = days
        .flat_map(|it| it.positions)
        .filter(|(key, _)| &*key.summary.charge.line_type == line_type);
    let costs: Vec<_> = sums.map(|(_, measures)| measures.costs).collect();
    assert_eq!(costs.len(), 1, "{line_type}");
    amounts(&costs[0])
}

/// One line of each type and the amounts it comes to, worked out by hand.
fn every_type() -> Vec<(Row, [&'static str; 4])> {
    use Column::*;
    let mut reserved = row_of_type("Fee", 400.0, &[(NetUnblended, 360.0)]);
    reserved[ReservationArn as usize] = Value::Text("arn:aws:bedrock:::reserved/a");
    let recurring = [
        (NetUnblended, 4.5),
        (SavingsPlanTotalCommitment, 5.0),
        (SavingsPlanUsedCommitment, 3.0),
        (SavingsPlanRecurringCommitment, 3720.0),
        (SavingsPlanNetRecurringCommitment, 3348.0),
    ];
    let rest = [
        (NetUnblended, 18.0),
        (ReservationUnusedUpfrontFee, 3.0),
        (ReservationNetUnusedUpfrontFee, 2.0),
        (ReservationUnusedRecurringFee, 4.0),
        (ReservationNetUnusedRecurringFee, 3.5),
    ];
    let covered = [(SavingsPlanEffectiveCost, 7.0), (SavingsPlanNetEffectiveCost, 6.3)];
    let discounted = [(ReservationEffectiveCost, 1.25), (ReservationNetEffectiveCost, 1.0)];
    let net = |cost| [(NetUnblended, cost)];
    vec![
        (row_of_type("Usage", 1.0, &net(0.5)), ["1", "0.5", "1", "0.5"]),
        (row_of_type("SavingsPlanCoveredUsage", 10.0, &covered), ["10", "10", "7", "6.3"]),
        // 5 - 3 were not used; of 3720 only 3348 are to be paid.
        (row_of_type("SavingsPlanRecurringFee", 5.0, &recurring), ["5", "4.5", "2", "1.8"]),
        (row_of_type("SavingsPlanNegation", -10.0, &net(-9.0)), ["-10", "-9", "0", "0"]),
        (row_of_type("SavingsPlanUpfrontFee", 100.0, &net(90.0)), ["100", "90", "0", "0"]),
        (row_of_type("DiscountedUsage", 0.0, &discounted), ["0", "0", "1.25", "1"]),
        (row_of_type("RIFee", 20.0, &rest), ["20", "18", "7", "5.5"]),
        (reserved, ["400", "360", "0", "0"]),
        (row_of_type("Tax", 2.0, &[]), ["2", "2", "2", "2"]),
    ]
}

#[test]
fn lines_are_amortized_by_their_type() {
    let lines = every_type();
    // Lines that nothing is spread on stay together.
    let mut rows: Vec<Row> = lines.iter().map(|it| it.0.clone()).collect();
    let others = lines.iter().map(|it| it.0.clone()).map(|mut row| {
        row[Column::ProductCode as usize] = Value::Text("AmazonEC2");
        row[Column::UsageType as usize] = Value::Text("BoxUsage:t3.micro");
        row
    });
    rows.extend(others);
    let outcome = check(&rows, &plain_form(4));
    assert_eq!((outcome.told, &outcome.findings), (7 + 2 + 1, &BTreeSet::new()));
    for (row, expected) in &lines {
        let Value::Text(line_type) = row[Column::LineType as usize] else { panic!("no type") };
        assert_eq!(costs_of_type(&outcome, line_type), expected, "{line_type}");
    }
    let (_, totals) = outcome.ledger.values().next().unwrap().totals().next().unwrap();
    let total = totals.values().next().unwrap();
    assert_eq!(amounts(&total.ai), ["528", "476", "20.25", "17.1"]);
    // What is not AI is only totalled.
    assert_eq!(amounts(&total.other), ["528", "476", "528", "476"]);
}

/// The two other ways a commitment is paid, and amounts that bills leave empty.
#[test]
fn what_is_empty_is_no_discount() {
    use Column::*;
    let check = |row: Row, expected: [&str; 4]| {
        let Value::Text(line_type) = row[LineType as usize] else { panic!("no type") };
        let outcome = check(&[row], &plain_form(1));
        assert_eq!(costs_of_type(&outcome, line_type), expected, "{line_type}");
        assert_eq!(outcome.findings, BTreeSet::new());
    };
    let unused = [(SavingsPlanTotalCommitment, 5.0), (SavingsPlanUsedCommitment, 3.0)];
    let paid_ahead = [
        (SavingsPlanRecurringCommitment, 0.0),
        (SavingsPlanNetRecurringCommitment, 0.0),
        (SavingsPlanUpfrontCommitment, 300.0),
        (SavingsPlanNetUpfrontCommitment, 200.0),
    ];
    let row = row_of_type("SavingsPlanRecurringFee", 0.0, &[&unused[..], &paid_ahead].concat());
    check(row, ["0", "0", "2", "1.333333333333333"]);
    check(row_of_type("SavingsPlanRecurringFee", 5.0, &unused), ["5", "5", "2", "2"]);
    let covered = [(NetUnblended, 9.0), (SavingsPlanEffectiveCost, 7.0)];
    check(row_of_type("SavingsPlanCoveredUsage", 10.0, &covered), ["10", "9", "7", "7"]);
    let rest = [(ReservationUnusedRecurringFee, 4.0), (ReservationNetUnusedRecurringFee, 3.0)];
    check(row_of_type("RIFee", 20.0, &rest), ["20", "20", "4", "3"]);
    check(row_of_type("Fee", 9.0, &[(NetUnblended, 8.0)]), ["9", "8", "9", "8"]);
}

#[test]
fn what_the_bill_does_not_say_of_amortizing_is_told() {
    let rows: Vec<Row> = every_type().into_iter().map(|it| it.0).collect();
    let form = Form { columns: Column::OF_ALL_LINES.to_vec(), ..plain_form(4) };
    let outcome = check(&rows, &form);
    let messages: Vec<&str> = outcome.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(
        messages,
        [
            "1 line of type `DiscountedUsage` with no column `reservation_effective_cost`: its \
             unblended cost counts as its amortized cost; name it in the export's query",
            "1 line of type `Fee` with no column `reservation_reservation_a_r_n`: its unblended \
             cost counts as its amortized cost; name it in the export's query",
            "1 line of type `RIFee` with no column \
             `reservation_unused_amortized_upfront_fee_for_billing_period` and \
             `reservation_unused_recurring_fee`: its unblended cost counts as its amortized cost; \
             name it in the export's query",
            "1 line of type `SavingsPlanCoveredUsage` with no column \
             `savings_plan_savings_plan_effective_cost`: its unblended cost counts as its \
             amortized cost; name it in the export's query",
            "1 line of type `SavingsPlanRecurringFee` with no column \
             `savings_plan_total_commitment_to_date` and `savings_plan_used_commitment`: its \
             unblended cost counts as its amortized cost; name it in the export's query",
        ]
    );
    assert!(outcome.findings.iter().all(|it| it.code.as_str() == "not-amortized"));
    for line_type in ["DiscountedUsage", "SavingsPlanCoveredUsage", "RIFee", "Fee"] {
        let costs = costs_of_type(&outcome, line_type);
        assert_eq!(costs[..2], costs[2..], "{line_type}");
    }
    // What cannot be amortized stays together: all but negations and fees paid ahead.
    assert_eq!(check(&[&rows[..], &rows].concat(), &form).told, 7 + 2 * 2);
    let empty =
        [row_of_type("DiscountedUsage", 3.0, &[]), row_of_type("DiscountedUsage", 1.0, &[])];
    let outcome = check(&empty, &plain_form(4));
    let messages: Vec<&str> = outcome.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(
        messages,
        ["2 lines of type `DiscountedUsage` with nothing in `reservation_effective_cost`: their \
          unblended cost counts as their amortized cost"]
    );
    assert_eq!(costs_of_type(&outcome, "DiscountedUsage"), ["4"; 4]);
}

#[test]
fn an_amount_that_cannot_be_amortized_is_no_reason_to_guess() {
    let column = Column::SavingsPlanEffectiveCost;
    let covered = row_of_type("SavingsPlanCoveredUsage", 1.0, &[(column, f64::INFINITY)]);
    let usage = row_of_type("Usage", 1.0, &[(column, f64::INFINITY)]);
    let outcome = check(&[usage, covered], &plain_form(4));
    assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
    let findings: Vec<&str> = outcome.findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        findings,
        ["`savings_plan_savings_plan_effective_cost` cannot be read in 1 line of 1 USD, first at \
          bill:2: not a decimal amount; expected digits with at most one `.`; its cost is kept, its \
          unblended cost counts as its amortized cost"]
    );
    assert_eq!(costs_of_type(&outcome, "SavingsPlanCoveredUsage"), ["1"; 4]);
}
